
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "wire/wire.h"


#define WIRE_FD        3               /* the first that systemd passes */
#define WIRE_BACKLOG   128
#define WIRE_ROOM      16384


static const char *wire_mend(int reason);
static int wire_passed(void);
static int wire_inherited(int n, error_info_t *error);
static int wire_option(int option);
static int wire_address(const char *path, struct sockaddr_un *address);
static int wire_bind(int fd, const char *path,
    const struct sockaddr_un *address, mode_t mode);


int
wire_listen(const char *path, mode_t mode, error_info_t *error)
{
    int                  fd, passed;
    struct sockaddr_un   address;

    passed = wire_passed();

    if (passed) {
        return wire_inherited(passed, error);
    }

    fd = wire_address(path, &address) == 0
         ? socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0) : -1;

    if (fd != -1 && wire_bind(fd, path, &address, mode) == 0
        && listen(fd, WIRE_BACKLOG) == 0)
    {
        return fd;
    }

    (void) error_set(error, STATUS_FAILED, "socket", wire_mend(errno),
                     "cannot listen at \"%.200s\": %s", path, strerror(errno));

    if (fd != -1) {
        (void) close(fd);
    }

    return -1;
}


static const char *
wire_mend(int reason)
{
    switch (reason) {

    case EADDRINUSE:
        return "stop the one that listens there";

    case EEXIST:
        return "this is no socket: move it away, or name another path";

    case ENAMETOOLONG:
        return "name a path of at most 107 bytes";

    default:
        return "see that its directory is there, and that this user may write "
               "there";
    }
}


/* As sd_listen_fds(3): how many sockets systemd passes to this process. */

static int
wire_passed(void)
{
    long         n;
    const char  *pid, *fds;

    pid = getenv("LISTEN_PID");
    fds = getenv("LISTEN_FDS");

    if (pid == NULL || fds == NULL || strtol(pid, NULL, 10) != (long) getpid())
    {
        return 0;
    }

    n = strtol(fds, NULL, 10);

    return n > 0 && n <= INT_MAX ? (int) n : 0;
}


/* Neither server may ever be reached by a port. */

static int
wire_inherited(int n, error_info_t *error)
{
    if (n == 1 && wire_option(SO_DOMAIN) == AF_UNIX
        && wire_option(SO_TYPE) == SOCK_STREAM
        && wire_option(SO_ACCEPTCONN) == 1
        && fcntl(WIRE_FD, F_SETFD, FD_CLOEXEC) == 0)
    {
        return WIRE_FD;
    }

    (void) error_set(error, STATUS_FAILED, "socket",
                     "give the socket unit one ListenStream= with a path, and "
                     "no Accept=yes",
                     n == 1 ? "systemd passes something else than a unix "
                              "socket that listens"
                            : "systemd passes %d sockets", n);

    return -1;
}


/* Of the socket that is passed; -1: it has none. */

static int
wire_option(int option)
{
    int        value;
    socklen_t  len;

    len = sizeof(value);

    return getsockopt(WIRE_FD, SOL_SOCKET, option, &value, &len) == 0
           ? value : -1;
}


static int
wire_address(const char *path, struct sockaddr_un *address)
{
    memset(address, 0, sizeof(struct sockaddr_un));
    address->sun_family = AF_UNIX;

    if (strlen(path) >= sizeof(address->sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }

    strcpy(address->sun_path, path);

    return 0;
}


/* A socket that nobody listens at is left over. */

static int
wire_bind(int fd, const char *path, const struct sockaddr_un *address,
    mode_t mode)
{
    int          there;
    struct stat  st;

    if (lstat(path, &st) == 0) {

        if (!S_ISSOCK(st.st_mode)) {
            errno = EEXIST;
            return -1;
        }

        there = wire_connect(path);

        if (there != -1) {
            (void) close(there);
            errno = EADDRINUSE;
            return -1;
        }

        if (errno == ECONNREFUSED) {
            (void) unlink(path);
        }
    }

    return bind(fd, (const struct sockaddr *) address, sizeof(*address)) == 0
           ? chmod(path, mode) : -1;
}


int
wire_connect(const char *path)
{
    int                  fd, error;
    struct sockaddr_un   address;

    fd = wire_address(path, &address) == 0
         ? socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0) : -1;

    if (fd == -1) {
        return -1;
    }

    wire_timeout(fd, WIRE_SECONDS);

    if (connect(fd, (const struct sockaddr *) &address, sizeof(address)) == 0) {
        return fd;
    }

    error = errno;
    (void) close(fd);
    errno = error;

    return -1;
}


void
wire_timeout(int fd, unsigned seconds)
{
    struct timeval  tv = { .tv_sec = (time_t) seconds };

    (void) setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
    (void) setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
}


uid_t
wire_peer(int fd)
{
    socklen_t     len;
    struct ucred  peer;

    len = sizeof(peer);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0
           ? peer.uid : (uid_t) -1;
}


json_t *
wire_read(int fd)
{
    char     *text, *room;
    json_t   *object;
    size_t    len, size;
    ssize_t   n;

    text = NULL;
    len = size = 0;
    n = -1;

    for ( ;; ) {

        if (size - len < WIRE_ROOM) {
            size = 2 * size + WIRE_ROOM;
            room = size <= 2 * WIRE_MAX ? realloc(text, size) : NULL;

            if (room == NULL) {
                break;
            }

            text = room;
        }

        n = recv(fd, text + len, size - len, 0);

        if (n > 0) {
            len += (size_t) n;

        } else if (n == 0 || errno != EINTR) {
            break;
        }
    }

    object = n == 0 && len <= WIRE_MAX
             ? json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL) : NULL;

    if (text) {
        explicit_bzero(text, len);             /* it may hold a token */
    }

    free(text);

    if (object && !json_is_object(object)) {
        json_decref(object);
        object = NULL;
    }

    return object;
}


int
wire_write(int fd, const json_t *object)
{
    char     *text;
    size_t    len, sent;
    ssize_t   n;

    text = json_dumps(object, JSON_COMPACT);

    if (text == NULL) {
        return -1;
    }

    len = strlen(text);

    for (sent = 0; sent < len; sent += (size_t) n) {
        n = send(fd, text + sent, len - sent, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR) {
            n = 0;

        } else if (n < 0) {
            break;
        }
    }

    explicit_bzero(text, len);
    free(text);

    return sent == len ? shutdown(fd, SHUT_WR) : -1;
}
