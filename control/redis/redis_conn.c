
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/socket.h"
#include "paylock_resp.h"
#include "redis/redis_conn.h"
#include "redis/redis_connect.h"
#include "redis/settings.h"


#define REDIS_ANSWER  5000             /* milliseconds, per reply */
#define REDIS_ARGS    16
#define REDIS_READ    16384
#define REDIS_ASKED   16               /* commands, a power of two */
#define REDIS_WORDS   160              /* bytes of one, at most */
#define REDIS_TOLD    500              /* ... of all in an error */


struct redis_conn_s {
    net_conn_t        conn;
    char             *out;
    size_t            out_len;
    size_t            out_size;
    paylock_resp_t   *resp;
    const char       *where;
    error_info_t     *error;
    unsigned          logins;          /* replies to AUTH, SELECT due */

    /* the first words of the last commands, for errors */

    char              asked[REDIS_ASKED][REDIS_WORDS];
    size_t            n_asked;
    size_t            n_replies;
};


static int redis_conn_queue_logins(redis_conn_t *redis, const settings_t *s);
static int redis_conn_logins(redis_conn_t *redis);
static void redis_ask(redis_conn_t *redis, size_t n, const char **arg,
    const size_t *len);
static void redis_asked(const redis_conn_t *redis, char *text, size_t size);
static void redis_wipe(redis_conn_t *redis);
static int redis_lost(redis_conn_t *redis, const char *what);
static int redis_alien(redis_conn_t *redis, const char *why);


redis_conn_t *
redis_conn_open(const settings_t *s, error_info_t *error)
{
    redis_conn_t  *redis;

    redis = calloc(1, sizeof(redis_conn_t));

    if (redis == NULL) {
        (void) error_set(error, STATUS_FAILED, "memory", NULL, "out of memory");
        return NULL;
    }

    redis->conn.fd = -1;
    redis->where = s->where;
    redis->error = error;
    redis->resp = paylock_resp_create();

    if (redis->resp == NULL) {
        (void) error_set(error, STATUS_FAILED, "memory", NULL, "out of memory");
        goto failed;
    }

    if (redis_connect(&redis->conn, s, error) != 0
        || redis_conn_queue_logins(redis, s) != 0)
    {
        goto failed;
    }

    return redis;

failed:

    redis_conn_close(redis);

    return NULL;
}


int
redis_conn_login(redis_conn_t *redis)
{
    return redis_send(redis) == 0 ? redis_conn_logins(redis) : -1;
}


void
redis_conn_close(redis_conn_t *redis)
{
    if (redis == NULL) {
        return;
    }

    net_close(&redis->conn);

    if (redis->resp) {
        paylock_resp_free(redis->resp);
    }

    redis_wipe(redis);
    free(redis->out);
    free(redis);
}


int
redis_queue_argv(redis_conn_t *redis, size_t n, const char **arg,
    const size_t *len)
{
    int      size;
    char    *command, *out;
    size_t   need;

    size = redisFormatCommandArgv(&command, (int) n, arg, len);

    if (size < 0) {
        goto memory;
    }

    need = redis->out_len + (size_t) size;

    if (need > redis->out_size) {
        out = malloc(2 * need);

        if (out == NULL) {
            explicit_bzero(command, (size_t) size);
            redisFreeCommand(command);
            goto memory;
        }

        if (redis->out) {
            memcpy(out, redis->out, redis->out_len);
            redis_wipe(redis);
            free(redis->out);
        }

        redis->out = out;
        redis->out_size = 2 * need;
    }

    memcpy(redis->out + redis->out_len, command, (size_t) size);
    redis->out_len = need;

    explicit_bzero(command, (size_t) size);
    redisFreeCommand(command);

    redis_ask(redis, n, arg, len);

    return 0;

memory:

    (void) error_set(redis->error, STATUS_FAILED, "memory", NULL,
                     "out of memory");
    return -1;
}


/* Notes the name of a command, its key, and where in that it begins. */

static void
redis_ask(redis_conn_t *redis, size_t n, const char **arg, const size_t *len)
{
    char    *text;
    size_t   i, used, length;

    text = redis->asked[redis->n_asked++ % REDIS_ASKED];
    used = 0;

    /* the words of AUTH are secret */

    n = strcmp(arg[0], "AUTH") == 0 ? 1 : n < 3 ? n : 3;

    for (i = 0; i < n; i++) {
        length = len ? len[i] : strlen(arg[i]);

        used += (size_t) snprintf(text + used, REDIS_WORDS - used, "%s%.*s",
                                  i ? " " : "",
                                  length < 50 ? (int) length : 50, arg[i]);
    }
}


/* The commands whose replies are due: it may be that of any of them. */

static void
redis_asked(const redis_conn_t *redis, char *text, size_t size)
{
    size_t  i, used;

    text[0] = '\0';
    i = redis->n_replies;

    if (redis->n_asked - i > REDIS_ASKED) {
        return;
    }

    for (used = 0; i < redis->n_asked && used < size; i++) {
        used += (size_t) snprintf(text + used, size - used, "%s%s",
                                  used ? ", " : "; it was asked for ",
                                  redis->asked[i % REDIS_ASKED]);
    }
}


int
redis_queue(redis_conn_t *redis, const char *name, ...)
{
    size_t       n;
    va_list      args;
    const char  *arg[REDIS_ARGS];

    va_start(args, name);

    for (n = 0; name && n < REDIS_ARGS; n++) {
        arg[n] = name;
        name = va_arg(args, const char *);
    }

    va_end(args);

    return redis_queue_argv(redis, n, arg, NULL);
}


int
redis_send(redis_conn_t *redis)
{
    if (net_send(&redis->conn, redis->out, redis->out_len,
                 clock_ms() + REDIS_ANSWER)
        != 0)
    {
        return redis_lost(redis, strerror(errno));
    }

    redis_wipe(redis);
    redis->out_len = 0;

    return 0;
}


void
redis_trim(redis_conn_t *redis, size_t max)
{
    paylock_resp_trim(redis->resp, max);
}


redisReply *
redis_reply(redis_conn_t *redis)
{
    char         buf[REDIS_READ];
    ssize_t      n;
    long long    deadline;
    const char  *why;
    redisReply  *reply;

    if (redis_conn_logins(redis) != 0) {
        return NULL;
    }

    deadline = clock_ms() + REDIS_ANSWER;

    for ( ;; ) {
        why = paylock_resp_next(redis->resp, &reply);

        if (why == NULL && reply) {
            redis->n_replies++;
            return reply;
        }

        if (why == NULL) {
            n = net_recv(&redis->conn, buf, sizeof(buf), deadline);

            if (n > 0) {
                why = paylock_resp_feed(redis->resp, buf, (size_t) n);

            } else if (n == 0) {
                (void) redis_lost(redis, "it closed the connection");
                return NULL;

            } else {
                (void) redis_lost(redis, strerror(errno));
                return NULL;
            }
        }

        if (why == NULL && clock_ms() > deadline) {
            (void) redis_lost(redis, strerror(ETIMEDOUT));
            return NULL;
        }

        if (why) {
            (void) redis_alien(redis, why);
            return NULL;
        }
    }
}


int
redis_recv(redis_conn_t *redis, char *buf, size_t size, size_t *n,
    long long *deadline)
{
    ssize_t  came;

    if (*deadline == 0) {
        *deadline = clock_ms() + REDIS_ANSWER;
    }

    came = net_recv(&redis->conn, buf, size, *deadline);

    if (came > 0 && clock_ms() <= *deadline) {
        *n = (size_t) came;
        return 0;
    }

    return redis_lost(redis, came == 0 ? "it closed the connection"
                             : strerror(came > 0 ? ETIMEDOUT : errno));
}


void
redis_received(redis_conn_t *redis)
{
    redis->n_replies++;
}


int
redis_unread(redis_conn_t *redis, const char *data, size_t len)
{
    const char  *why;

    why = paylock_resp_feed(redis->resp, data, len);

    return why ? redis_alien(redis, why) : 0;
}


int
redis_fault(redis_conn_t *redis, const char *code, const char *mend,
    const char *what, const char *text)
{
    (void) error_set(redis->error, STATUS_FAILED, code, mend,
                     "Redis at %s %s%.300s", redis->where, what, text);
    return -1;
}


static int
redis_conn_queue_logins(redis_conn_t *redis, const settings_t *s)
{
    int   rc;
    char  db[16];

    if (s->password == NULL && s->username) {
        return error_set(redis->error, STATUS_FAILED, "auth",
                         "give it by --password-file, or in the "
                         "configuration", "there is no password for the "
                         "user \"%.100s\" of Redis at %s", s->username,
                         redis->where);
    }

    rc = 0;

    if (s->password) {
        redis->logins++;
        rc = s->username
             ? redis_queue(redis, "AUTH", s->username, s->password, NULL)
             : redis_queue(redis, "AUTH", s->password, NULL);
    }

    if (rc == 0 && s->url.db) {
        redis->logins++;
        (void) snprintf(db, sizeof(db), "%u", s->url.db);
        rc = redis_queue(redis, "SELECT", db, NULL);
    }

    return rc;
}


/* Takes the replies to AUTH and SELECT, which come first. */

static int
redis_conn_logins(redis_conn_t *redis)
{
    unsigned  n;

    n = redis->logins;
    redis->logins = 0;

    while (n--) {
        if (redis_expect_ok(redis) != 0) {
            return -1;
        }
    }

    return 0;
}


/* Wipes what was sent: it may contain AUTH. */

static void
redis_wipe(redis_conn_t *redis)
{
    if (redis->out) {
        explicit_bzero(redis->out, redis->out_len);
    }
}


static int
redis_lost(redis_conn_t *redis, const char *what)
{
    if (redis->conn.ssl && errno == EPROTO) {
        return redis_tls_failed(&redis->conn, redis->where, redis->error);
    }

    (void) error_set(redis->error, STATUS_FAILED, "link",
                     redis->conn.ssl == NULL && errno == ECONNRESET
                     ? "is Redis well there? see its log; a port for TLS "
                       "is named by rediss://"
                     : "is Redis well there? see its log",
                     "no answer from Redis at %s: %s", redis->where, what);
    return -1;
}


static int
redis_alien(redis_conn_t *redis, const char *why)
{
    char  asked[REDIS_TOLD];

    redis_asked(redis, asked, sizeof(asked));
    (void) error_set(redis->error, STATUS_FAILED, "protocol",
                     "is this the address of a Redis?",
                     "what answers at %s does not speak as Redis does: %s%s",
                     redis->where, why, asked);
    return -1;
}
