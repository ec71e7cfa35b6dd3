
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "paylockd/http.h"
#include "wire/wire.h"


#define PAYLOCKD_CONFIG  "/etc/paylock/paylockd"
#define PAYLOCKD_SOCKET  "/run/paylock/http.sock"
#define PAYLOCKD_WRITER  "/run/paylock/writer.sock"


static int main_options(int argc, char **argv, server_t *s,
    const char **socket_path);


static const char  main_usage[] =
    "usage: paylockd [--config FILE] [--socket PATH] [--writer PATH]\n";

static server_t  server;


int
main(int argc, char **argv)
{
    int                 fd, sig;
    sigset_t            set;
    const char         *path;
    error_info_t        error;
    struct MHD_Daemon  *daemon;

    server.config = PAYLOCKD_CONFIG;
    server.writer = PAYLOCKD_WRITER;
    path = PAYLOCKD_SOCKET;

    if (main_options(argc, argv, &server, &path) != 0) {
        return STATUS_USAGE;
    }

    /* signals come to this thread alone */

    (void) sigemptyset(&set);
    (void) sigaddset(&set, SIGINT);
    (void) sigaddset(&set, SIGTERM);
    (void) pthread_sigmask(SIG_BLOCK, &set, NULL);
    (void) signal(SIGPIPE, SIG_IGN);
    tzset();

    fd = wire_listen(path, 0660, &error);

    if (fd == -1) {
        (void) fprintf(stderr, "paylockd: %s%s%s\n", error.message,
                       error.mend[0] ? ": " : "", error.mend);
        return STATUS_FAILED;
    }

    events_init(&server.events);
    server.follow.config = server.config;
    server.follow.store = &server.store;
    server.follow.events = &server.events;

    daemon = store_init(&server.store) == 0
             && follow_start(&server.follow) == 0
             ? http_start(&server, fd) : NULL;

    if (daemon == NULL) {
        (void) fprintf(stderr, "paylockd: cannot start\n");
        return STATUS_FAILED;
    }

    (void) sigwait(&set, &sig);

    /* threads go on, so nothing may be torn down under them */

    _exit(STATUS_DONE);
}


static int
main_options(int argc, char **argv, server_t *s, const char **socket_path)
{
    int  option;

    static const struct option  options[] = {
        { "config", required_argument, NULL, 'c' },
        { "socket", required_argument, NULL, 's' },
        { "writer", required_argument, NULL, 'w' },
        { NULL, 0, NULL, 0 }
    };

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {

        switch (option) {

        case 'c':
            s->config = optarg;
            break;

        case 's':
            *socket_path = optarg;
            break;

        case 'w':
            s->writer = optarg;
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
