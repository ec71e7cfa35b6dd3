
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "net/socket.h"


static int socket_connect(int domain, const struct sockaddr *addr,
    socklen_t len, int timeout);


int
socket_connect_unix(const char *path, int timeout, const char **why)
{
    int                 fd;
    struct sockaddr_un  addr;

    if (strlen(path) >= sizeof(addr.sun_path)) {
        *why = strerror(ENAMETOOLONG);
        return -1;
    }

    memset(&addr, 0, sizeof(addr));
    addr.sun_family = AF_UNIX;
    strcpy(addr.sun_path, path);

    fd = socket_connect(AF_UNIX, (struct sockaddr *) &addr, sizeof(addr),
                        timeout);
    *why = fd == -1 ? strerror(errno) : NULL;

    return fd;
}


int
socket_connect_tcp(const char *host, const char *port, int timeout,
    const char **why)
{
    int               fd, on, error;
    struct addrinfo   hints, *list, *ai;

    memset(&hints, 0, sizeof(hints));
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;

    error = getaddrinfo(host, port, &hints, &list);

    if (error) {
        *why = gai_strerror(error);
        return -1;
    }

    fd = -1;

    for (ai = list; ai && fd == -1; ai = ai->ai_next) {
        fd = socket_connect(ai->ai_family, ai->ai_addr, ai->ai_addrlen,
                            timeout);
    }

    *why = fd == -1 ? strerror(errno) : NULL;
    freeaddrinfo(list);

    if (fd != -1) {
        on = 1;
        (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }

    return fd;
}


int
socket_wait(int fd, short events, long long deadline)
{
    int            n;
    long long      left;
    struct pollfd  pfd;

    pfd.fd = fd;
    pfd.events = events;

    do {
        left = deadline - clock_ms();
        n = poll(&pfd, 1, left > 0 ? (int) left : 0);
    } while (n == -1 && errno == EINTR);

    if (n == 0) {
        errno = ETIMEDOUT;
    }

    return n > 0 ? 0 : -1;
}


long long
clock_ms(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}


/* Returns a connected socket, or -1 and sets errno. */

static int
socket_connect(int domain, const struct sockaddr *addr, socklen_t len,
    int timeout)
{
    int        fd, error;
    socklen_t  size;

    fd = socket(domain, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);

    if (fd == -1) {
        return -1;
    }

    if (connect(fd, addr, len) == 0) {
        return fd;
    }

    error = errno;

    if (error == EINPROGRESS) {
        error = 0;
        size = sizeof(error);

        if (socket_wait(fd, POLLOUT, clock_ms() + timeout) != 0
            || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        {
            error = errno;
        }
    }

    if (error == 0) {
        return fd;
    }

    (void) close(fd);
    errno = error;

    return -1;
}
