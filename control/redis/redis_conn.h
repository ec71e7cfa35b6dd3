
/*
 * Copyright (C) 2026 paylock contributors
 *
 * One connection to Redis: a blocking look at a socket that never blocks
 * longer than its deadline.  Commands are queued, sent together, and answered
 * in their order.
 */


#ifndef _REDIS_CONN_H_INCLUDED_
#define _REDIS_CONN_H_INCLUDED_


#include <stddef.h>

#include <hiredis/hiredis.h>

#include "base/error.h"


typedef struct redis_conn_s      redis_conn_t;
typedef struct settings_s  settings_t;


/*
 * Connects; the password and the database go out with the first commands.
 * All that follow return NULL or -1 and note the problem when it fails; then
 * the link is of no more use but to be closed.
 */

redis_conn_t *redis_conn_open(const settings_t *s, error_info_t *error);
void redis_conn_close(redis_conn_t *redis);

/* Gives the password and selects the database now. */

int redis_conn_login(redis_conn_t *redis);

/* Queues a command of n arguments. */

int redis_queue_argv(redis_conn_t *redis, size_t n, const char **arg,
    const size_t *len);

/* The same for arguments that are C strings, up to a NULL. */

int redis_queue(redis_conn_t *redis, const char *name, ...)
    __attribute__((sentinel));

/* Sends what is queued. */

int redis_send(redis_conn_t *redis);

/*
 * As paylock_resp_trim(); before the commands are sent, since replies come
 * together, and with 0 when all of these have been taken.
 */

void redis_trim(redis_conn_t *redis, size_t max);

/*
 * The next reply, which the caller frees with freeReplyObject(); an error
 * reply of Redis is one as well.
 */

redisReply *redis_reply(redis_conn_t *redis);

/* Notes what Redis did, and a text behind it, as the problem; returns -1. */

int redis_fault(redis_conn_t *redis, const char *code, const char *mend,
    const char *what, const char *text);


/* redis_reply.c */

/* The next reply, of this type or nil; an error reply is a problem. */

redisReply *redis_expect(redis_conn_t *redis, int type);

/* How many a command such as HLEN counts in a key.  0, or -1: a problem. */

int redis_number(redis_conn_t *redis, const char *command, const char *key,
    uint64_t *n);

/* Takes so many replies and drops them. */

void redis_drop(redis_conn_t *redis, size_t replies);

/* Takes a reply that is OK, or QUEUED. */

int redis_expect_ok(redis_conn_t *redis);

/* Notes an error reply of Redis as the problem; returns -1. */

int redis_refused(redis_conn_t *redis, const redisReply *reply);


#endif /* _REDIS_CONN_H_INCLUDED_ */
