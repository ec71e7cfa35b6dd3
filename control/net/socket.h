
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Connecting, and waiting for a socket that does not block.
 */


#ifndef _SOCKET_H_INCLUDED_
#define _SOCKET_H_INCLUDED_


/*
 * Connect within timeout milliseconds, of each address that a host has.
 * Return a socket that does not block; or -1, and why as a static text.
 */

int socket_connect_unix(const char *path, int timeout, const char **why);
int socket_connect_tcp(const char *host, const char *port, int timeout,
    const char **why);

/* Waits for poll()'s events; -1 and errno once the clock is at deadline. */

int socket_wait(int fd, short events, long long deadline);

/* Milliseconds that only go forward. */

long long clock_ms(void);


#endif /* _SOCKET_H_INCLUDED_ */
