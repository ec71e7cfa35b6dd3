
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What "adopt" found in Redis, and the entry that it writes.
 */


#ifndef _ADOPT_H_INCLUDED_
#define _ADOPT_H_INCLUDED_


#include <jansson.h>

#include "trail/head.h"
#include "trail/trail_append.h"


#define ADOPT_REASON  512


typedef struct {
    stream_t        stream;
    uint64_t        records;
    uint64_t        nodes;             /* highest seq in "nodes" */
    size_t          live;              /* number of nodes that report */
    uint64_t        held;              /* most records that a node holds */
    json_t         *opens;             /* hosts to be opened, see held.h */
    head_t          known;
    int             forked;            /* the stream has another such entry */

    head_t          head;              /* entry before the new one */
    char            reason[ADOPT_REASON];
    trail_append_t  entry;
} adopt_t;


/* Sets t->reason: the entry that is followed, and what is missing. */

void adopt_reason_write(adopt_t *t);


#endif /* _ADOPT_H_INCLUDED_ */
