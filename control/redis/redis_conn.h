
/*
 * Copyright (C) 2026 paylock contributors
 *
 * A connection to Redis.  Calls block, but never longer than a timeout.
 * Commands are queued and sent together; replies come in the same order.
 */


#ifndef _REDIS_CONN_H_INCLUDED_
#define _REDIS_CONN_H_INCLUDED_


#include <stddef.h>

#include <hiredis/hiredis.h>

#include "base/error.h"


typedef struct redis_conn_s  redis_conn_t;
typedef struct settings_s    settings_t;


/*
 * Connects; AUTH and SELECT are sent together with the first commands.  s must
 * outlive the connection.  On errors the functions below set *error and return
 * NULL or -1; after that the connection can only be closed.
 */

redis_conn_t *redis_conn_open(const settings_t *s, error_info_t *error);
void redis_conn_close(redis_conn_t *redis);

/* Sends AUTH and SELECT now and takes their replies. */

int redis_conn_login(redis_conn_t *redis);

/* Queues a command of n arguments. */

int redis_queue_argv(redis_conn_t *redis, size_t n, const char **arg,
    const size_t *len);

/* The same for C strings, ended by NULL. */

int redis_queue(redis_conn_t *redis, const char *name, ...)
    __attribute__((sentinel));

/* Sends what is queued. */

int redis_send(redis_conn_t *redis);

/*
 * Calls paylock_resp_trim().  To be called before the commands are sent, as
 * several replies may be read at once; and with 0 after the last reply.
 */

void redis_trim(redis_conn_t *redis, size_t max);

/*
 * Takes the next reply, which may be an error of Redis.  The caller frees it
 * with freeReplyObject().
 */

redisReply *redis_reply(redis_conn_t *redis);

/*
 * Receives what comes of a reply, for who parses it alone; *deadline is 0 at
 * its beginning.  redis_received() says that it is whole; redis_unread() gives
 * all of it back, to redis_reply().  Those that return int return 0, or -1.
 */

int redis_recv(redis_conn_t *redis, char *buf, size_t size, size_t *n,
    long long *deadline);
void redis_received(redis_conn_t *redis);
int redis_unread(redis_conn_t *redis, const char *data, size_t len);

/* Sets the error: "what" Redis did, followed by text.  Returns -1. */

int redis_fault(redis_conn_t *redis, const char *code, const char *mend,
    const char *what, const char *text);


/* redis_reply.c */

/* Takes the next reply, which must have this type or be nil. */

redisReply *redis_expect(redis_conn_t *redis, int type);

/* Sets *n by a command such as HLEN.  Returns 0, or -1. */

int redis_number(redis_conn_t *redis, const char *command, const char *key,
    uint64_t *n);

/* Takes so many replies and ignores them, even errors. */

void redis_drop(redis_conn_t *redis, size_t replies);

/* Takes a reply that must be OK or QUEUED.  Returns 0, or -1. */

int redis_expect_ok(redis_conn_t *redis);

/* Sets the error by an error reply of Redis.  Returns -1. */

int redis_refused(redis_conn_t *redis, const redisReply *reply);


#endif /* _REDIS_CONN_H_INCLUDED_ */
