
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What the nodes of nginx report of themselves in Redis.
 */


#ifndef _NODES_H_INCLUDED_
#define _NODES_H_INCLUDED_


#include "command.h"
#include "paylock_node.h"


typedef struct {
    char            *name;             /* as it stands there: any bytes */
    size_t           len;
    const char      *why;              /* the report is none; else NULL */
    paylock_node_t   report;
    uint64_t         age;              /* milliseconds, by Redis' clock */
    int              silent;
} node_t;


typedef struct {
    node_t          *node;             /* by name */
    size_t           n;
} nodes_t;


/* Reads the reports of all nodes.  Returns a status. */

int nodes_read(admin_t *a, nodes_t *nodes);
void nodes_free(nodes_t *nodes);

/* Warns of a report that is none. */

void nodes_warn(const admin_t *a, const node_t *node);


#endif /* _NODES_H_INCLUDED_ */
