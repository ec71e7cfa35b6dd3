
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What paylockd and paylock-writer say to each other, on a unix socket: one
 * JSON object from the client, which then shuts down its side, and one back.
 */


#ifndef _WIRE_H_INCLUDED_
#define _WIRE_H_INCLUDED_


#include <sys/types.h>

#include <jansson.h>

#include "base/error.h"


#define WIRE_MAX      (4u * 1024 * 1024)   /* bytes of an object */
#define WIRE_SECONDS  10               /* to send or receive one */


/*
 * A listening socket: the one that systemd passes (sd_listen_fds(3)), or a new
 * one at the path, in place of a socket without a listener; mode is that of the
 * socket.  If systemd passes something else, that is an error.  Returns a
 * descriptor, or -1.
 */

int wire_listen(const char *path, mode_t mode, error_info_t *error);

/* Connects; returns a descriptor, or -1 and sets errno. */

int wire_connect(const char *path);

/* Sets how long a read and a write may take. */

void wire_timeout(int fd, unsigned seconds);

/* The user at the other end; (uid_t) -1: not known. */

uid_t wire_peer(int fd);

/*
 * Reads an object up to the end of the stream; NULL: none came in time, or what
 * came is none.
 */

json_t *wire_read(int fd);

/* Writes an object and ends the stream.  Returns 0, or -1. */

int wire_write(int fd, const json_t *object);


#endif /* _WIRE_H_INCLUDED_ */
