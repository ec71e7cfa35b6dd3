
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Waits until all nodes of nginx have applied an entry.
 */


#ifndef _NODE_WAIT_H_INCLUDED_
#define _NODE_WAIT_H_INCLUDED_


#include <jansson.h>

#include "context/control.h"
#include "trail/known_head.h"


/* The result; it owns the arrays of names. */

typedef struct {
    size_t     live;                   /* nodes that report */
    size_t     have;                   /* of these, with the entry */
    long long  ms;                     /* time waited */
    json_t    *missing;                /* live ones without the entry */
    json_t    *silent;                 /* those not waited for */
    json_t    *dry_run;                /* those that only log */
} node_wait_t;


/*
 * Waits until all nodes that are not silent have applied the entry, for so many
 * seconds at most.  Returns a status: STATUS_PARTLY if some have not.  The
 * caller calls node_wait_free(), on errors too.
 */

int node_wait(control_t *ctl, const head_t *head, long seconds, node_wait_t *w);

/* Writes the first ten names for a sentence, escaped for printing. */

void node_wait_names(const json_t *names, char *text, size_t size);

void node_wait_free(node_wait_t *w);


#endif /* _NODE_WAIT_H_INCLUDED_ */
