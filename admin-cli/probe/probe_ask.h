
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The connection of a probe: HTTP/1.1, with or without TLS.
 */


#ifndef _PROBE_ASK_H_INCLUDED_
#define _PROBE_ASK_H_INCLUDED_


#include "base/error.h"


#define PROBE_NAME  256
#define PROBE_HEAD  32768              /* bytes of an answer that are read */


typedef struct {
    int          tls;
    char         name[PROBE_NAME];     /* where to connect */
    char         port[8];
    const char  *path;                 /* up to a '#' or the end */
    size_t       path_len;
} probe_url_t;


typedef struct {
    int          status;               /* 0: no answer of HTTP */
    const char  *certificate;          /* why it is refused; NULL: it is not */
    char         head[PROBE_HEAD];     /* of the answer, 0-terminated */
} probe_answer_t;


/* Returns NULL, or what is wrong, which fits behind 'the URL … '. */

const char *probe_url(const char *text, probe_url_t *u);

/*
 * Sends GET for a host.  Takes 5 s at most for each of an address to connect
 * to, TLS, and the answer.  Returns 0, or -1 and the error is set.
 */

int probe_ask(const probe_url_t *u, const char *host, probe_answer_t *answer,
    error_info_t  *p);

/* The value of a header to value, which is "" if there is none. */

void probe_header(const probe_answer_t *answer, const char *name,
    char value[PROBE_NAME]);


#endif /* _PROBE_ASK_H_INCLUDED_ */
