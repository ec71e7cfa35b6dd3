
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/settings.h"
#include "paylock_resp.h"
#include "redis/redis_conn.h"
#include "redis/redis_connect.h"
#include "redis/tls.h"


#define LINK_ANSWER  5000              /* milliseconds, of each reply */
#define LINK_ARGS    16
#define LINK_READ    16384


struct link_s {
    int               fd;
    tls_t            *tls;             /* NULL: without */
    char             *out;
    size_t            out_len;
    size_t            out_size;
    paylock_resp_t   *resp;
    const char       *where;
    problem_t        *problem;
    unsigned          logins;          /* replies due before all others */
};


static int link_queue_logins(link_t *l, const settings_t *s);
static int link_logins(link_t *l);
static void link_wipe(link_t *l);
static int link_wait(const link_t *l, short events, long long deadline);
static int link_lost(link_t *l, const char *what);


link_t *
link_open(const settings_t *s, problem_t *p)
{
    link_t  *l;

    l = calloc(1, sizeof(link_t));

    if (l == NULL) {
        (void) problem_set(p, STATUS_FAILED, "memory", NULL, "out of memory");
        return NULL;
    }

    l->fd = -1;
    l->where = s->where;
    l->problem = p;
    l->resp = paylock_resp_create();

    if (l->resp == NULL) {
        (void) problem_set(p, STATUS_FAILED, "memory", NULL, "out of memory");
        goto failed;
    }

    l->fd = dial(s, p);

    if (l->fd != -1 && s->url.tls) {
        l->tls = tls_open(s, l->fd, p);
    }

    if (l->fd == -1 || (s->url.tls && l->tls == NULL)
        || link_queue_logins(l, s) != 0)
    {
        goto failed;
    }

    return l;

failed:

    link_close(l);

    return NULL;
}


int
link_login(link_t *l)
{
    return link_send(l) == 0 ? link_logins(l) : -1;
}


void
link_close(link_t *l)
{
    if (l == NULL) {
        return;
    }

    tls_close(l->tls);

    if (l->fd != -1) {
        (void) close(l->fd);
    }

    if (l->resp) {
        paylock_resp_free(l->resp);
    }

    link_wipe(l);
    free(l->out);
    free(l);
}


int
link_queue(link_t *l, size_t n, const char **arg, const size_t *len)
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
            link_wipe(l);
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

    (void) problem_set(l->problem, STATUS_FAILED, "memory", NULL,
                       "out of memory");
    return -1;
}


int
link_command(link_t *l, const char *name, ...)
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

    return link_queue(l, n, arg, NULL);
}


int
link_send(link_t *l)
{
    size_t      sent;
    ssize_t     n;
    long long   deadline;

    deadline = dial_clock() + LINK_ANSWER;

    for (sent = 0; sent < l->out_len; /* void */ ) {
        n = l->tls
            ? tls_send(l->tls, l->out + sent, l->out_len - sent)
            : send(l->fd, l->out + sent, l->out_len - sent, MSG_NOSIGNAL);

        if (n > 0) {
            sent += (size_t) n;
            continue;
        }

        if (errno == EINTR) {
            continue;
        }

        if (errno != EAGAIN || link_wait(l, POLLOUT, deadline) != 0) {
            return link_lost(l, strerror(errno));
        }
    }

    link_wipe(l);
    l->out_len = 0;

    return 0;
}


void
link_trim(link_t *l, size_t max)
{
    paylock_resp_trim(l->resp, max);
}


redisReply *
link_reply(link_t *l)
{
    char         buf[LINK_READ];
    ssize_t      n;
    long long    deadline;
    const char  *why;
    redisReply  *reply;

    if (link_logins(l) != 0) {
        return NULL;
    }

    deadline = dial_clock() + LINK_ANSWER;

    for ( ;; ) {
        why = paylock_resp_next(l->resp, &reply);

        if (why == NULL && reply) {
            return reply;
        }

        if (why == NULL) {
            n = l->tls ? tls_recv(l->tls, buf, sizeof(buf))
                       : recv(l->fd, buf, sizeof(buf), 0);

            if (n > 0) {
                why = paylock_resp_feed(l->resp, buf, (size_t) n);

            } else if (n == 0) {
                (void) link_lost(l, "it closed the connection");
                return NULL;

            } else if (errno != EINTR
                       && (errno != EAGAIN
                           || link_wait(l, POLLIN, deadline) != 0))
            {
                (void) link_lost(l, strerror(errno));
                return NULL;
            }
        }

        if (why == NULL && dial_clock() > deadline) {
            (void) link_lost(l, strerror(ETIMEDOUT));
            return NULL;
        }

        if (why) {
            (void) problem_set(l->problem, STATUS_FAILED, "protocol",
                               "is this the address of a Redis?",
                               "what answers at %s does not speak as Redis "
                               "does: %s", l->where, why);
            return NULL;
        }
    }
}


int
link_fault(link_t *l, const char *code, const char *mend, const char *what,
    const char *text)
{
    (void) problem_set(l->problem, STATUS_FAILED, code, mend,
                       "Redis at %s %s%.300s", l->where, what, text);
    return -1;
}


static int
link_queue_logins(link_t *l, const settings_t *s)
{
    int   rc;
    char  db[16];

    if (s->password == NULL && s->username) {
        return problem_set(l->problem, STATUS_FAILED, "auth",
                           "give it by --password-file, or in the "
                           "configuration", "there is no password for the "
                           "user \"%.100s\" of Redis at %s", s->username,
                           l->where);
    }

    rc = 0;

    if (s->password) {
        l->logins++;
        rc = s->username
             ? link_command(l, "AUTH", s->username, s->password, NULL)
             : link_command(l, "AUTH", s->password, NULL);
    }

    if (rc == 0 && s->url.db) {
        l->logins++;
        (void) snprintf(db, sizeof(db), "%u", s->url.db);
        rc = link_command(l, "SELECT", db, NULL);
    }

    return rc;
}


/* Reads the replies that stand before all others. */

static int
link_logins(link_t *l)
{
    unsigned  n;

    n = l->logins;
    l->logins = 0;

    while (n--) {
        if (link_done(l) != 0) {
            return -1;
        }
    }

    return 0;
}


/* AUTH may be in what was sent. */

static void
link_wipe(link_t *l)
{
    if (l->out) {
        explicit_bzero(l->out, l->out_len);
    }
}


static int
link_wait(const link_t *l, short events, long long deadline)
{
    return dial_wait(l->fd, l->tls ? tls_events(l->tls) : events, deadline);
}


static int
link_lost(link_t *l, const char *what)
{
    if (l->tls && errno == EPROTO) {
        return tls_problem(l->tls, l->problem);
    }

    (void) problem_set(l->problem, STATUS_FAILED, "link",
                       l->tls == NULL && errno == ECONNRESET
                       ? "is Redis well there? see its log; a port for TLS "
                         "is named by rediss://"
                       : "is Redis well there? see its log",
                       "no answer from Redis at %s: %s", l->where, what);
    return -1;
}
