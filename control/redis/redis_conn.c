
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "net/socket.h"
#include "paylock_resp.h"
#include "redis/redis_conn.h"
#include "redis/redis_connect.h"
#include "redis/settings.h"


#define LINK_ANSWER  5000              /* milliseconds, of each reply */
#define LINK_ARGS    16
#define LINK_READ    16384


struct redis_conn_s {
    net_conn_t        conn;
    char             *out;
    size_t            out_len;
    size_t            out_size;
    paylock_resp_t   *resp;
    const char       *where;
    error_info_t     *error;
    unsigned          logins;          /* replies due before all others */
};


static int redis_conn_queue_logins(redis_conn_t *l, const settings_t *s);
static int redis_conn_logins(redis_conn_t *l);
static void redis_wipe(redis_conn_t *l);
static int redis_lost(redis_conn_t *l, const char *what);


redis_conn_t *
redis_conn_open(const settings_t *s, error_info_t *p)
{
    redis_conn_t  *l;

    l = calloc(1, sizeof(redis_conn_t));

    if (l == NULL) {
        (void) error_set(p, STATUS_FAILED, "memory", NULL, "out of memory");
        return NULL;
    }

    l->conn.fd = -1;
    l->where = s->where;
    l->error = p;
    l->resp = paylock_resp_create();

    if (l->resp == NULL) {
        (void) error_set(p, STATUS_FAILED, "memory", NULL, "out of memory");
        goto failed;
    }

    if (redis_connect(&l->conn, s, p) != 0
        || redis_conn_queue_logins(l, s) != 0)
    {
        goto failed;
    }

    return l;

failed:

    redis_conn_close(l);

    return NULL;
}


int
redis_conn_login(redis_conn_t *l)
{
    return redis_send(l) == 0 ? redis_conn_logins(l) : -1;
}


void
redis_conn_close(redis_conn_t *l)
{
    if (l == NULL) {
        return;
    }

    net_close(&l->conn);

    if (l->resp) {
        paylock_resp_free(l->resp);
    }

    redis_wipe(l);
    free(l->out);
    free(l);
}


int
redis_queue_argv(redis_conn_t *l, size_t n, const char **arg, const size_t *len)
{
    int      size;
    char    *command, *out;
    size_t   need;

    size = redisFormatCommandArgv(&command, (int) n, arg, len);

    if (size < 0) {
        goto memory;
    }

    need = l->out_len + (size_t) size;

    if (need > l->out_size) {
        out = malloc(2 * need);

        if (out == NULL) {
            explicit_bzero(command, (size_t) size);
            redisFreeCommand(command);
            goto memory;
        }

        if (l->out) {
            memcpy(out, l->out, l->out_len);
            redis_wipe(l);
            free(l->out);
        }

        l->out = out;
        l->out_size = 2 * need;
    }

    memcpy(l->out + l->out_len, command, (size_t) size);
    l->out_len = need;

    explicit_bzero(command, (size_t) size);
    redisFreeCommand(command);

    return 0;

memory:

    (void) error_set(l->error, STATUS_FAILED, "memory", NULL,
                     "out of memory");
    return -1;
}


int
redis_queue(redis_conn_t *l, const char *name, ...)
{
    size_t       n;
    va_list      args;
    const char  *arg[LINK_ARGS];

    va_start(args, name);

    for (n = 0; name && n < LINK_ARGS; n++) {
        arg[n] = name;
        name = va_arg(args, const char *);
    }

    va_end(args);

    return redis_queue_argv(l, n, arg, NULL);
}


int
redis_send(redis_conn_t *l)
{
    if (net_send(&l->conn, l->out, l->out_len, clock_ms() + LINK_ANSWER)
        != 0)
    {
        return redis_lost(l, strerror(errno));
    }

    redis_wipe(l);
    l->out_len = 0;

    return 0;
}


void
redis_trim(redis_conn_t *l, size_t max)
{
    paylock_resp_trim(l->resp, max);
}


redisReply *
redis_reply(redis_conn_t *l)
{
    char         buf[LINK_READ];
    ssize_t      n;
    long long    deadline;
    const char  *why;
    redisReply  *reply;

    if (redis_conn_logins(l) != 0) {
        return NULL;
    }

    deadline = clock_ms() + LINK_ANSWER;

    for ( ;; ) {
        why = paylock_resp_next(l->resp, &reply);

        if (why == NULL && reply) {
            return reply;
        }

        if (why == NULL) {
            n = net_recv(&l->conn, buf, sizeof(buf), deadline);

            if (n > 0) {
                why = paylock_resp_feed(l->resp, buf, (size_t) n);

            } else if (n == 0) {
                (void) redis_lost(l, "it closed the connection");
                return NULL;

            } else {
                (void) redis_lost(l, strerror(errno));
                return NULL;
            }
        }

        if (why == NULL && clock_ms() > deadline) {
            (void) redis_lost(l, strerror(ETIMEDOUT));
            return NULL;
        }

        if (why) {
            (void) error_set(l->error, STATUS_FAILED, "protocol",
                             "is this the address of a Redis?",
                             "what answers at %s does not speak as Redis "
                             "does: %s", l->where, why);
            return NULL;
        }
    }
}


int
redis_fault(redis_conn_t *l, const char *code, const char *mend,
            const char *what,
    const char *text)
{
    (void) error_set(l->error, STATUS_FAILED, code, mend,
                     "Redis at %s %s%.300s", l->where, what, text);
    return -1;
}


static int
redis_conn_queue_logins(redis_conn_t *l, const settings_t *s)
{
    int   rc;
    char  db[16];

    if (s->password == NULL && s->username) {
        return error_set(l->error, STATUS_FAILED, "auth",
                         "give it by --password-file, or in the "
                         "configuration", "there is no password for the "
                         "user \"%.100s\" of Redis at %s", s->username,
                         l->where);
    }

    rc = 0;

    if (s->password) {
        l->logins++;
        rc = s->username
             ? redis_queue(l, "AUTH", s->username, s->password, NULL)
             : redis_queue(l, "AUTH", s->password, NULL);
    }

    if (rc == 0 && s->url.db) {
        l->logins++;
        (void) snprintf(db, sizeof(db), "%u", s->url.db);
        rc = redis_queue(l, "SELECT", db, NULL);
    }

    return rc;
}


/* Reads the replies that stand before all others. */

static int
redis_conn_logins(redis_conn_t *l)
{
    unsigned  n;

    n = l->logins;
    l->logins = 0;

    while (n--) {
        if (redis_expect_ok(l) != 0) {
            return -1;
        }
    }

    return 0;
}


/* AUTH may be in what was sent. */

static void
redis_wipe(redis_conn_t *l)
{
    if (l->out) {
        explicit_bzero(l->out, l->out_len);
    }
}


static int
redis_lost(redis_conn_t *l, const char *what)
{
    if (l->conn.ssl && errno == EPROTO) {
        return redis_tls_failed(&l->conn, l->where, l->error);
    }

    (void) error_set(l->error, STATUS_FAILED, "link",
                     l->conn.ssl == NULL && errno == ECONNRESET
                     ? "is Redis well there? see its log; a port for TLS "
                       "is named by rediss://"
                     : "is Redis well there? see its log",
                     "no answer from Redis at %s: %s", l->where, what);
    return -1;
}
