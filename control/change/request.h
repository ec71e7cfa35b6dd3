
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What Redis keeps of a request id, in the hash "requests": the field is the
 * id, the value is a JSON object with the members below.
 */


#ifndef _REQUEST_H_INCLUDED_
#define _REQUEST_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>

#include "paylock_audit.h"


#define REQUEST_ID      200            /* bytes of an id, at most */
#define REQUEST_KEPT    (35 * 86400)   /* seconds */

#define REQUEST_ACTION  32
#define REQUEST_HOST    256


typedef struct {
    uint32_t  at;                      /* Unix seconds, last transaction */
    char      action[REQUEST_ACTION];
    char      host[REQUEST_HOST];      /* the first by name */
    uint64_t  hosts;
    char      digest[PAYLOCK_HASH_LEN + 1];   /* of all that was asked for */
    uint64_t  seq;                     /* of its first entry; 0: none */
    uint64_t  last;                    /* of its last entry; 0: none */
    uint64_t  changed;                 /* number of its entries */
    int       done;                    /* 0: hosts are left to be done */
} request_t;


/* Parses a value; returns NULL, or a static text that says what is wrong. */

const char *request_load(request_t *r, const char *text);

/* Returns a new string, which the caller frees; NULL: out of memory. */

char *request_dump(const request_t *r);

/* Is it forgotten by this time?  Then the id is free again. */

int request_expired(const request_t *r, uint32_t now);

/*
 * Sets action, host, hosts and digest; arguments may be NULL.  The order of
 * the hosts does not matter.  Returns 0, or -1 when out of memory.
 */

int request_describe(request_t *r, const char *action, const char *arguments,
    char **host, size_t n);


#endif /* _REQUEST_H_INCLUDED_ */
