
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Checks that the user of Redis may do what paylock-admin does.  Commands that
 * read are tried.  Commands that write are queued in a transaction that is
 * never executed, because Redis checks rights when a command is queued.
 */


#include <stdio.h>
#include <string.h>

#include "doctor/doctor.h"


#define RIGHTS_ARGS  6
#define RIGHTS_TEXT  256


typedef enum {
    RIGHT_READ = 0,
    RIGHT_BEGIN,                       /* MULTI etc.; not in a transaction */
    RIGHT_WRITE                        /* in a transaction never executed */
} right_e;


typedef struct {
    right_e      kind;
    const char  *arg[RIGHTS_ARGS];     /* "~" and a letter: a key */
} right_t;


/* the commands that are refused */

typedef struct {
    size_t       n;
    size_t       len;
    const char  *last;
    char         names[RIGHTS_TEXT];
} refused_t;


static int rights_try(doctor_t *d, right_e kind, refused_t *refused);
static int rights_write(doctor_t *d, refused_t *refused);
static size_t rights_count(right_e kind);
static redisReply *rights_ask(doctor_t *d, const right_t *r);
static void rights_refused(refused_t *refused, const char *command);


static const right_t  rights[] = {
    { RIGHT_READ, { "TYPE", "~l" } },
    { RIGHT_READ, { "HLEN", "~l" } },
    { RIGHT_READ, { "HGET", "~l", "a" } },
    { RIGHT_READ, { "HGET", "~r", "a" } },
    { RIGHT_READ, { "HMGET", "~l", "a" } },
    { RIGHT_READ, { "HMGET", "~o", "a" } },
    { RIGHT_READ, { "HSCAN", "~l", "0", "COUNT", "1" } },
    { RIGHT_READ, { "HSCAN", "~r", "0", "COUNT", "1" } },
    { RIGHT_READ, { "HSTRLEN", "~n", "a" } },
    { RIGHT_READ, { "HRANDFIELD", "~n", "1" } },
    { RIGHT_READ, { "HPTTL", "~l", "FIELDS", "1", "a" } },
    { RIGHT_READ, { "XLEN", "~a" } },
    { RIGHT_READ, { "XRANGE", "~a", "1-0", "1-0" } },
    { RIGHT_READ, { "XREVRANGE", "~a", "+", "+" } },
    { RIGHT_READ, { "XREAD", "COUNT", "1", "STREAMS", "~a", "$" } },
    { RIGHT_READ, { "XINFO", "STREAM", "~a" } },

    { RIGHT_BEGIN, { "WATCH", "~l", "~a", "~r" } },
    { RIGHT_BEGIN, { "EXEC" } },
    { RIGHT_BEGIN, { "DISCARD" } },

    { RIGHT_WRITE, { "HSET", "~l", "a", "0" } },
    { RIGHT_WRITE, { "HSET", "~r", "a", "0" } },
    { RIGHT_WRITE, { "HSET", "~o", "a", "0" } },
    { RIGHT_WRITE, { "HDEL", "~l", "a" } },
    { RIGHT_WRITE, { "HDEL", "~r", "a" } },
    { RIGHT_WRITE, { "XADD", "~a", "0-0", "a", "0" } }
};


void
doctor_rights(doctor_t *d)
{
    refused_t    reads, writes;
    const char  *user;

    static const char  mend[] = "give this user the rights that "
                                "\"paylock-admin init --acl\" prints";

    memset(&reads, 0, sizeof(refused_t));
    memset(&writes, 0, sizeof(refused_t));

    user = d->ctl->settings.username ? d->ctl->settings.username
                                       : "default";

    if (rights_try(d, RIGHT_READ, &reads) != 0
        || rights_write(d, &writes) != 0)
    {
        doctor_failed(d, "rights");
        return;
    }

    if (reads.n) {
        doctor_say(d, DOCTOR_PROBLEM, "rights", mend,
                   "the user \"%.100s\" of Redis may not give%s", user,
                   reads.names);
    }

    if (d->looks) {
        doctor_say(d, DOCTOR_NOTE, "rights", mend,
                   "the user \"%.100s\" of Redis can look and not change "
                   "anything: it may not give%s", user, writes.names);

    } else if (writes.n) {
        doctor_say(d, DOCTOR_PROBLEM, "rights", mend,
                   "the user \"%.100s\" of Redis may not give%s", user,
                   writes.names);

    } else if (reads.n == 0) {
        doctor_say(d, DOCTOR_OK, "rights", NULL, "the user \"%.100s\" of Redis "
                   "may do all that is needed", user);
    }
}


/* Tries all rights of a kind.  Returns 0, or -1 if the connection failed. */

static int
rights_try(doctor_t *d, right_e kind, refused_t *refused)
{
    size_t       i;
    redisReply  *reply;

    for (i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {

        if (rights[i].kind != kind) {
            continue;
        }

        reply = rights_ask(d, &rights[i]);

        if (reply == NULL) {
            return -1;
        }

        /* a refused EXEC has another error */

        if (doctor_is_error(reply, "NOPERM")
            || doctor_is_error(reply, "EXECABORT"))
        {
            rights_refused(refused, rights[i].arg[0]);
        }

        freeReplyObject(reply);
    }

    return 0;
}


/*
 * Sends commands that write only after MULTI has succeeded, or they would be
 * executed.  The connection is closed within the transaction, which drops it.
 */

static int
rights_write(doctor_t *d, refused_t *refused)
{
    int             open;
    size_t          before;
    redisReply     *reply;
    const right_t   multi = { RIGHT_BEGIN, { "MULTI" } };

    if (rights_try(d, RIGHT_BEGIN, refused) != 0
        || (reply = rights_ask(d, &multi)) == NULL)
    {
        return -1;
    }

    open = reply->type == REDIS_REPLY_STATUS && strcmp(reply->str, "OK") == 0;
    freeReplyObject(reply);

    if (!open) {
        rights_refused(refused, "MULTI");
        d->looks = refused->n == 4;
        return 0;
    }

    before = refused->n;

    if (rights_try(d, RIGHT_WRITE, refused) != 0) {
        return -1;
    }

    d->looks = refused->n - before == rights_count(RIGHT_WRITE);

    return 0;
}


static size_t
rights_count(right_e kind)
{
    size_t  i, n;

    for (i = 0, n = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
        n += rights[i].kind == kind;
    }

    return n;
}


static redisReply *
rights_ask(doctor_t *d, const right_t *r)
{
    size_t             n;
    redis_conn_t      *redis;
    const char        *arg[RIGHTS_ARGS];
    const settings_t  *s;

    redis = d->ctl->redis;
    s = &d->ctl->settings;

    for (n = 0; n < RIGHTS_ARGS && r->arg[n]; n++) {
        arg[n] = strcmp(r->arg[n], "~l") == 0 ? s->locks
                 : strcmp(r->arg[n], "~a") == 0 ? s->audit
                 : strcmp(r->arg[n], "~n") == 0 ? s->nodes
                 : strcmp(r->arg[n], "~o") == 0 ? s->root
                 : strcmp(r->arg[n], "~r") == 0 ? s->requests : r->arg[n];
    }

    return redis_queue_argv(redis, n, arg, NULL) == 0 && redis_send(redis) == 0
           ? redis_reply(redis) : NULL;
}


static void
rights_refused(refused_t *refused, const char *command)
{
    if (refused->last == NULL || strcmp(refused->last, command) != 0) {
        refused->len += (size_t) snprintf(refused->names + refused->len,
                                          RIGHTS_TEXT - refused->len, "%s %s",
                                          refused->n ? "," : "", command);
    }

    refused->last = command;
    refused->n++;
}
