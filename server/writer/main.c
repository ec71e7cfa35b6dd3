
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE

#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "access/tokens.h"
#include "context/secret_memory.h"
#include "wire/wire.h"
#include "writer/writer.h"


#define WRITER_CONFIG  "/etc/paylock/writer"
#define WRITER_SOCKET  "/run/paylock/writer.sock"
#define WRITER_BUDGET  20


typedef struct {
    writer_t  *writer;
    int        fd;
    int        trusted;                /* see command_run() */
} connection_t;


static int main_options(int argc, char **argv, writer_t *w,
    const char **socket_path, uid_t *client);
static int main_user(const char *name, uid_t *uid);
static void main_serve(writer_t *w, int listener, uid_t client);
static void *main_connection(void *data);
static void main_refuse(int fd);


static const char  main_usage[] =
    "usage: paylock-writer [--config FILE] [--tokens FILE] [--socket PATH]\n"
    "                      [--client USER] [--budget N] [--pass-key FILE]\n";


int
main(int argc, char **argv)
{
    int            fd;
    uid_t          client;
    writer_t       w;
    const char    *path;
    error_info_t   error;

    secret_memory_begin();
    memset(&w, 0, sizeof(writer_t));

    w.config = WRITER_CONFIG;
    w.tokens = TOKENS_FILE;
    w.budget = WRITER_BUDGET;
    path = WRITER_SOCKET;
    client = geteuid();

    if (main_options(argc, argv, &w, &path, &client) != 0) {
        return STATUS_USAGE;
    }

    (void) pthread_mutex_init(&w.turn, NULL);
    (void) signal(SIGPIPE, SIG_IGN);
    tzset();

    fd = wire_listen(path, 0660, &error);

    if (fd == -1) {
        (void) fprintf(stderr, "paylock-writer: %s%s%s\n", error.message,
                       error.mend[0] ? ": " : "", error.mend);
        return STATUS_FAILED;
    }

    main_serve(&w, fd, client);

    return STATUS_FAILED;
}


static int
main_options(int argc, char **argv, writer_t *w, const char **socket_path,
    uid_t *client)
{
    int    option;
    char  *end;

    static const struct option  options[] = {
        { "config", required_argument, NULL, 'c' },
        { "tokens", required_argument, NULL, 't' },
        { "socket", required_argument, NULL, 's' },
        { "client", required_argument, NULL, 'u' },
        { "budget", required_argument, NULL, 'b' },
        { "pass-key", required_argument, NULL, 'p' },
        { NULL, 0, NULL, 0 }
    };

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {

        switch (option) {

        case 'c':
            w->config = optarg;
            break;

        case 't':
            w->tokens = optarg;
            break;

        case 's':
            *socket_path = optarg;
            break;

        case 'p':
            w->pass_key = optarg;
            break;

        case 'u':
            if (main_user(optarg, client) != 0) {
                return -1;
            }
            break;

        case 'b':
            w->budget = strtoul(optarg, &end, 10);

            if (*optarg < '0' || *optarg > '9' || *end) {
                (void) fprintf(stderr, "paylock-writer: \"%s\" of --budget is "
                               "no number\n", optarg);
                return -1;
            }
            break;

        default:
            (void) fputs(main_usage, stderr);
            return -1;
        }
    }

    if (optind == argc) {
        return 0;
    }

    (void) fputs(main_usage, stderr);

    return -1;
}


static int
main_user(const char *name, uid_t *uid)
{
    const struct passwd  *user;

    user = getpwnam(name);

    if (user == NULL) {
        (void) fprintf(stderr, "paylock-writer: there is no user \"%s\"\n",
                       name);
        return -1;
    }

    *uid = user->pw_uid;

    return 0;
}


/* Of other users nothing is read; root may do all anyway, and so may we. */

static void
main_serve(writer_t *w, int listener, uid_t client)
{
    int            fd;
    uid_t          peer;
    pthread_t      thread;
    connection_t  *c;

    for ( ;; ) {
        fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

        if (fd == -1) {

            if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
                (void) usleep(10000);
            }

            continue;
        }

        peer = wire_peer(fd);
        c = peer == client || peer == 0 || peer == geteuid()
            ? malloc(sizeof(connection_t)) : NULL;

        if (c == NULL) {
            (void) close(fd);
            continue;
        }

        c->writer = w;
        c->fd = fd;
        c->trusted = peer == 0 || peer == geteuid();

        if (pthread_create(&thread, NULL, main_connection, c) == 0) {
            (void) pthread_detach(thread);
            continue;
        }

        free(c);
        (void) close(fd);
    }
}


static void *
main_connection(void *data)
{
    json_t        *command, *answer;
    connection_t  *c;

    c = data;
    wire_timeout(c->fd, WIRE_SECONDS);

    command = wire_read(c->fd);

    if (command == NULL) {
        main_refuse(c->fd);

    } else {
        answer = command_run(c->writer, command, c->trusted);

        if (answer) {
            (void) wire_write(c->fd, answer);
        }

        json_decref(answer);
        json_decref(command);
    }

    (void) close(c->fd);
    free(c);

    return NULL;
}


static void
main_refuse(int fd)
{
    json_t        *answer;
    error_info_t   error;

    (void) error_set(&error, STATUS_FAILED, "json", "send one JSON object",
                     "what came is no command");
    answer = answer_error(&error, "");

    if (answer) {
        (void) wire_write(fd, answer);
    }

    json_decref(answer);
}
