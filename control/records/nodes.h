
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What the nodes of nginx report of themselves in Redis.  The user of nginx
 * is the least trusted: what is too large for a report is never fetched.
 */


#ifndef _NODES_H_INCLUDED_
#define _NODES_H_INCLUDED_


#include "context/control.h"
#include "paylock_node.h"


#define NODES_NAMED  10                /* of those that are none, at most */


typedef struct {
    char            *name;             /* as it stands there: any bytes */
    size_t           len;
    const char      *why;              /* the report is none; else NULL */
    paylock_node_t   report;
    uint64_t         age;              /* milliseconds, by Redis' clock */
    unsigned         silent:1;
    unsigned         there:1;          /* in Redis */
} node_t;


typedef struct {
    node_t          *node;             /* by name */
    size_t           n;
    uint64_t         more;             /* fields that were not looked at */
} nodes_t;


/* Reads the reports of all nodes.  Returns a status. */

int nodes_read(control_t *ctl, nodes_t *nodes);

/* The same for n names, whether or not they are there, in their order. */

int nodes_look(control_t *ctl, nodes_t *nodes, char **name, size_t n);

void nodes_free(nodes_t *nodes);

/* How to remove a report that is none, or so many that not all are read. */

const char *nodes_mend(const node_t *node);

#define NODES_MEND  "remove that key as an administrator of Redis: each "     \
                    "nginx reports again within 5 s"

/* Warns of what is no report. */

void nodes_warn(const control_t *ctl, const nodes_t *nodes);


#endif /* _NODES_H_INCLUDED_ */
