
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The connection of a probe: HTTP/1.1, with or without TLS.
 */


#ifndef _PROBE_ASK_H_INCLUDED_
#define _PROBE_ASK_H_INCLUDED_


#include "base/error.h"


#define PROBE_NAME  256
#define PROBE_HEAD  32768              /* bytes of an answer, at most */


typedef struct {
    int          tls;
    char         name[PROBE_NAME];     /* host or address */
    char         port[8];
    const char  *path;                 /* not 0-terminated */
    size_t       path_len;
} probe_url_t;


typedef struct {
    int          status;               /* 0: not an answer of HTTP */
    const char  *certificate;          /* why it is bad; NULL: it is good */
    char         head[PROBE_HEAD];     /* of the answer, 0-terminated */
} probe_answer_t;


/* Returns NULL, or what is wrong, to complete 'the URL … '. */

const char *probe_url(const char *text, probe_url_t *u);

/*
 * Sends GET for a host and reads the head of the answer.  Connecting to each
 * address, the TLS handshake, and the answer may take 5 s each.  Returns 0, or
 * -1 and sets the error.
 */

int probe_ask(const probe_url_t *u, const char *host, probe_answer_t *answer,
    error_info_t  *p);

/* Copies the value of a header; "" if there is none. */

void probe_header(const probe_answer_t *answer, const char *name,
    char value[PROBE_NAME]);


#endif /* _PROBE_ASK_H_INCLUDED_ */
