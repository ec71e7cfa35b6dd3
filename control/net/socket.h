
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Connecting, and waiting for a non-blocking socket.
 */


#ifndef _SOCKET_H_INCLUDED_
#define _SOCKET_H_INCLUDED_


/*
 * Connect within timeout milliseconds, which each address of a host gets.
 * Return a non-blocking socket; or -1, and *why is a static text.
 */

int socket_connect_unix(const char *path, int timeout, const char **why);
int socket_connect_tcp(const char *host, const char *port, int timeout,
    const char **why);

/*
 * Waits for events of poll().  Returns 0, or -1 and sets errno; ETIMEDOUT when
 * clock_ms() reaches the deadline.
 */

int socket_wait(int fd, short events, long long deadline);

/* Milliseconds of the monotonic clock. */

long long clock_ms(void);


#endif /* _SOCKET_H_INCLUDED_ */
