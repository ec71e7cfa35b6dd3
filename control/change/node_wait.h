
/*
 * Copyright (C) 2026 paylock contributors
 *
 * --wait: until all nodes of nginx have applied an entry.
 */


#ifndef _NODE_WAIT_H_INCLUDED_
#define _NODE_WAIT_H_INCLUDED_


#include <jansson.h>

#include "context/control.h"
#include "trail/known_head.h"


/* What it came to; the names belong to it. */

typedef struct {
    size_t     live;
    size_t     have;
    long long  ms;                     /* that it took */
    json_t    *missing;                /* names of live ones without it */
    json_t    *silent;                 /* names of those not waited for */
    json_t    *dry_run;                /* names of those that only log */
} node_wait_t;


/*
 * Waits for all nodes that are not silent to have the entry, so many seconds
 * at most.  Returns a status, STATUS_PARTLY if they do not; node_wait_free()
 * is to be called in any case.
 */

int node_wait(control_t *ctl, const head_t *head, long seconds, node_wait_t *w);

/* The names in a sentence, the first ten of them, safe to print. */

void node_wait_names(const json_t *names, char *text, size_t size);

void node_wait_free(node_wait_t *w);


#endif /* _NODE_WAIT_H_INCLUDED_ */
