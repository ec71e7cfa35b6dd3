
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What is known when a Redis is adopted.
 */


#ifndef _ADOPT_H_INCLUDED_
#define _ADOPT_H_INCLUDED_


#include <jansson.h>

#include "trail/head.h"
#include "trail/trail_append.h"


#define ADOPT_REASON  512


typedef struct {
    stream_t     stream;
    uint64_t     records;
    uint64_t     nodes;                /* the highest seq in "nodes" */
    size_t       live;                 /* nodes that report */
    uint64_t     held;                 /* the most that one of them holds */
    json_t      *opens;                /* that the trail closes: see held.h */
    head_t       known;
    int          forked;               /* its entry differs in the stream */

    head_t          head;              /* what the new entry follows */
    char            reason[ADOPT_REASON];
    trail_append_t  entry;
} adopt_t;


/* Writes the reason: what the entry follows, and what is missing. */

void adopt_reason_write(adopt_t *t);


#endif /* _ADOPT_H_INCLUDED_ */
