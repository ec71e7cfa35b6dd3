
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What an nginx reports of itself: the values of the hash "nodes".
 */


#ifndef _PAYLOCK_NODE_H_INCLUDED_
#define _PAYLOCK_NODE_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>

#include "paylock_position.h"


/* seconds between two reports, and without one until a node counts as silent */

#define PAYLOCK_NODE_INTERVAL  5
#define PAYLOCK_NODE_SILENT    (3 * PAYLOCK_NODE_INTERVAL)

#define PAYLOCK_NODE_NAME      128     /* bytes of a name, at most */
#define PAYLOCK_NODE_TEXT      32      /* ... of the texts below, with a 0 */
#define PAYLOCK_NODE_MAX       1024    /* ... of a report, with a 0 */
#define PAYLOCK_NODE_LARGE     4096    /* ... of one that is read */

/* why a larger one is refused */

#define PAYLOCK_NODE_LARGER    "is larger than 4096 bytes"


/* an entry of the chain; seq is 0 if there is none, a text empty if unknown */

typedef struct {
    uint64_t             seq;
    char                 chain[PAYLOCK_CHAIN_LEN + 1];
    char                 hash[PAYLOCK_HASH_LEN + 1];
} paylock_node_head_t;


typedef struct {
    char                 version[PAYLOCK_NODE_TEXT];
    char                 state[PAYLOCK_NODE_TEXT];
    paylock_node_head_t  applied;
    paylock_node_head_t  furthest;     /* known, though Redis may be behind */
    uint64_t             records;
    uint64_t             held;         /* of these, held against Redis */
    uint64_t             unaudited;    /* of Redis, written by hand: without
                                          effect, as there are signers */
    uint64_t             dry_run;      /* servers and locations with it */
    uint64_t             time;         /* Unix milliseconds, by Redis' clock */
    int64_t              ahead;        /* its own clock, milliseconds */
} paylock_node_t;


/* Fills a head from a position. */

void paylock_node_head(paylock_node_head_t *head,
    const paylock_position_t *position);

/* Writes a report as one line of JSON, 0-terminated; returns its length. */

size_t paylock_node_write(const paylock_node_t *node,
    char text[PAYLOCK_NODE_MAX]);

/*
 * Reads a report.  Members that are missing or not what they should be are 0
 * or empty, "furthest" is then what was applied.  Returns NULL, or why that
 * is no report, as a static text that fits behind 'the report of "…" '.
 */

const char *paylock_node_read(const char *text, size_t len,
    paylock_node_t *node);


#endif /* _PAYLOCK_NODE_H_INCLUDED_ */
