
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Connecting to Redis, and waiting for a socket that does not block.
 */


#ifndef _REDIS_CONNECT_H_INCLUDED_
#define _REDIS_CONNECT_H_INCLUDED_


#include "base/error.h"


typedef struct settings_s  settings_t;


/* A connected socket, or -1 and the problem noted. */

int redis_connect(const settings_t *s, error_info_t *p);

/* Waits for poll()'s events; -1 and errno once the clock is at deadline. */

int socket_wait(int fd, short events, long long deadline);

/* Milliseconds that only go forward. */

long long clock_ms(void);


#endif /* _REDIS_CONNECT_H_INCLUDED_ */
