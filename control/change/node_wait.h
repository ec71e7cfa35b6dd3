
/*
 * Copyright (C) 2026 paylock contributors
 *
 * --wait: until all nodes of nginx have applied an entry.
 */


#ifndef _NODE_WAIT_H_INCLUDED_
#define _NODE_WAIT_H_INCLUDED_


#include <jansson.h>

#include "commands.h"
#include "trail/known_head.h"


/* What it came to; the names belong to it. */

typedef struct {
    size_t     live;
    size_t     have;
    long long  ms;                     /* that it took */
    json_t    *missing;                /* names of live ones without it */
    json_t    *silent;                 /* names of those not waited for */
    json_t    *dry_run;                /* names of those that only log */
} wait_t;


/* Checks the option; returns a status. */

int wait_check(admin_t *a);

/*
 * Waits for all nodes that are not silent to have the entry, as long as the
 * option says.  Returns a status, STATUS_PARTLY if they do not.
 */

int wait_for(admin_t *a, const head_t *head, wait_t *w);

/* The same as an object of JSON, which takes the names over. */

json_t *wait_json(wait_t *w);

void wait_print(const wait_t *w, const char *what);
void wait_free(wait_t *w);


#endif /* _NODE_WAIT_H_INCLUDED_ */
