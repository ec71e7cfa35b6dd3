
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The reports that the nodes of nginx write to Redis.  The Redis user of nginx
 * is the least trusted: values too large for a report are never fetched.
 */


#ifndef _NODES_H_INCLUDED_
#define _NODES_H_INCLUDED_


#include "context/control.h"
#include "paylock_node.h"


#define NODES_NAMED  10                /* warnings of bad reports, at most */


typedef struct {
    char            *name;             /* as in Redis: any bytes */
    size_t           len;
    const char      *why;              /* report is bad; else NULL */
    paylock_node_t   report;
    uint64_t         age;              /* ms, by the clock of Redis */
    unsigned         silent:1;
    unsigned         there:1;          /* has a report in Redis */
} node_t;


typedef struct {
    node_t          *node;             /* sorted by name */
    size_t           n;
    uint64_t         more;             /* fields that were not read */
} nodes_t;


/*
 * Reads the reports of all nodes.  Returns a status; the caller calls
 * nodes_free() in any case.
 */

int nodes_read(control_t *ctl, nodes_t *nodes);

/* The same for n names, in their order, even if they have no report. */

int nodes_look(control_t *ctl, nodes_t *nodes, char **name, size_t n);

void nodes_free(nodes_t *nodes);

/* Says how to remove a bad report; node NULL: too many reports. */

const char *nodes_mend(const node_t *node);

#define NODES_MEND  "remove that key as an administrator of Redis: each "     \
                    "nginx reports again within 5 s"

/* Warns of bad reports, and of too many. */

void nodes_warn(const control_t *ctl, const nodes_t *nodes);


#endif /* _NODES_H_INCLUDED_ */
