
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What nginx sends to paylockd.  In place of paylock-writer there are functions
 * that know one token and one session: without them nothing is told but GET
 * /v1/health.
 */


#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "paylockd/http.h"


#define ANSWER  (1024 * 1024)
#define WAIT    20000                  /* ms */


static server_t            server;
static struct sockaddr_un  address;
static int                 allowed;    /* the token came */
static char                answer[ANSWER + 1];


/* the writer */

json_t *
writer_command(const http_request_t *r, const char *name)
{
    const char  *token, *session;

    token = http_bearer(r);
    session = session_cookie(r);

    /* a browser sends the cookie whoever made it ask */

    if (session && (token || (strcmp(r->route->method, "GET") != 0
                              && !origin_is_own(r))))
    {
        abort();
    }

    return json_pack("{s:s, s:b}", "command", name, "good",
                     (token && strcmp(token, "good") == 0)
                     || (session && strcmp(session, "good") == 0));
}


static int
is_good(const json_t *command)
{
    const char  *secret;

    secret = json_string_value(json_object_get(command, "link"));
    secret = secret ? secret
             : json_string_value(json_object_get(command, "session"));

    return json_is_true(json_object_get(command, "good"))
           || (secret && strcmp(secret, "good") == 0);
}


json_t *
writer_call(const server_t *s, const json_t *command, int *sent)
{
    const char    *name;
    const json_t  *hold;

    (void) s;
    *sent = 1;

    if (!is_good(command)) {
        return json_pack("{s:i, s:{s:s, s:s}}", "status", 401, "error",
                         "code", "unauthorized", "message", "no token");
    }

    __atomic_store_n(&allowed, 1, __ATOMIC_SEQ_CST);

    name = json_string_value(json_object_get(command, "command"));
    hold = json_object_get(command, "hold");

    if (strcmp(name, "check") == 0) {
        return json_pack("{s:i, s:{s:s, s:[s], s:[]}}", "status", 200, "body",
                         "actor", "token:t", "allow", "read", "hosts");
    }

    if (strcmp(name, "token list") == 0) {
        return json_pack("{s:i, s:{s:[]}}", "status", 200, "body", "data");
    }

    if (strncmp(name, "session ", 8) == 0) {
        return json_pack("{s:i, s:{s:s}}", "status", 200, "body", "session",
                         "good");
    }

    if (!json_is_object(json_object_get(command, "input"))
        || (hold && json_array_size(json_object_get(command, "hosts")) != 1))
    {
        abort();
    }

    return json_pack("{s:i, s:{s:[], s:[]}}", "status", 200, "body",
                     "changed", "unchanged");
}


int
writer_away(http_request_t *r)
{
    return http_error(r, 503, "writer", NULL, "no writer");
}


int
writer_refused(http_request_t *r, const json_t *told)
{
    return json_object_get(told, "error")
           ? http_error(r, (unsigned) json_integer_value(
                               json_object_get(told, "status")),
                        "writer", NULL, "refused")
           : STATUS_DONE;
}


/* paylockd */

static void
end(void)
{
    (void) unlink(address.sun_path);
}


static void
put(const char *host, const char *record)
{
    if (store_put(&server.store, host, strlen(host), record, strlen(record))
        != 0)
    {
        abort();
    }
}


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    int  fd;

    (void) argc;
    (void) argv;

    address.sun_family = AF_UNIX;
    (void) snprintf(address.sun_path, sizeof(address.sun_path),
                    "/tmp/paylock-fuzz-%d.sock", (int) getpid());

    (void) clearenv();
    fd = socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0);
    server.config = "/nonexistent";

    if (bind(fd, (struct sockaddr *) &address, sizeof(address)) != 0
        || listen(fd, 64) != 0
        || store_init(&server.store) != 0
        || pthread_mutex_init(&server.follow.lock, NULL) != 0)
    {
        abort();
    }

    (void) atexit(end);
    put("a.example", "{\"lock_at\":1,\"at\":1,\"entry\":2,\"reason\":\"r\"}");
    put(".b.example", "{\"lock_at\":4000000000,\"at\":1,\"entry\":3}");
    put("c.example", "{\"open_at\":1,\"at\":1,\"entry\":4}");

    events_init(&server.events);
    server.follow.state.live = 1;

    return http_start(&server, fd) == NULL;
}


/* Reads to the end, or what comes at once of a stream that has none. */

static size_t
read_answer(int fd)
{
    size_t         len;
    ssize_t        n;
    struct pollfd  p;

    p.fd = fd;
    p.events = POLLIN;

    for (len = 0; len < ANSWER; len += (size_t) n) {
        answer[len] = '\0';

        if (strstr(answer, "text/event-stream")) {
            break;
        }

        if (poll(&p, 1, WAIT) != 1) {
            abort();
        }

        n = read(fd, answer + len, ANSWER - len);

        if (n <= 0) {
            break;
        }
    }

    answer[len] = '\0';

    return len;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int  fd;

    __atomic_store_n(&allowed, 0, __ATOMIC_SEQ_CST);
    fd = socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0);

    if (connect(fd, (struct sockaddr *) &address, sizeof(address)) != 0) {
        abort();
    }

    (void) send(fd, data, size, MSG_NOSIGNAL);
    (void) shutdown(fd, SHUT_WR);
    (void) read_answer(fd);
    (void) close(fd);

    if (strstr(answer, "HTTP/1.1 200")
        && !__atomic_load_n(&allowed, __ATOMIC_SEQ_CST)
        && strstr(answer, "\"as_of_seq\"") == NULL)
    {
        abort();
    }

    return 0;
}
