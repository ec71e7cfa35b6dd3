
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Which sites a list shows: all records are looked at, and a page of those that
 * match is kept.
 */


#ifndef _QUERY_H_INCLUDED_
#define _QUERY_H_INCLUDED_


#include <jansson.h>

#include "base/error.h"
#include "paylockd/store.h"


#define QUERY_LIMIT    500             /* sites of a page, at most */
#define QUERY_USUAL    50
#define QUERY_CURSOR   320             /* bytes of a cursor */


typedef enum {
    QUERY_HOST = 0,
    QUERY_SINCE,
    QUERY_NEXT
} query_sort_e;


/* Texts are those of the request; NULL: not given. */

typedef struct {
    const char    *q;                  /* a part of the host */
    const char    *match;              /* see fnmatch(3) */
    const char    *stage;
    const char    *invoice;
    const char    *ref;
    const char    *hold;
    uint32_t       planned_before;     /* Unix seconds; 0: not given */
    query_sort_e   sort;
    unsigned       desc:1;
    size_t         limit;
    const char    *cursor;
    const json_t  *hosts;              /* of the token; empty: all */
    uint32_t       now;
} query_t;


typedef struct {
    json_t  *data;                     /* array of objects, as of "list" */
    size_t   total;                    /* matches, on all pages */
    char     next[QUERY_CURSOR];       /* cursor; "": no more */
} query_page_t;


/*
 * Reads the page behind the cursor; the caller has the store's lock to read,
 * and frees data.  Returns a status.
 */

int query_run(const store_t *s, const query_t *query, query_page_t *page,
    error_info_t *error);

/* The object of a site, as of "list"; NULL: out of memory. */

json_t *query_site(const site_t *site, uint32_t now);


#endif /* _QUERY_H_INCLUDED_ */
