
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What the report of a node says, for "nodes".
 */


#ifndef _NODES_JSON_H_INCLUDED_
#define _NODES_JSON_H_INCLUDED_


#include <jansson.h>

#include "records/nodes.h"


/*
 * The object of a good report, beside the number of the last entry and its
 * chain; NULL: out of memory.
 */

json_t *nodes_json(const node_t *node, uint64_t last, const char *chain);

/* How many entries the node lacks; returns 0 if that is not known. */

int nodes_lag(const node_t *node, uint64_t last, const char *chain,
    uint64_t *lag);


#endif /* _NODES_JSON_H_INCLUDED_ */
