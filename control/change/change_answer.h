
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What a batch has done, as one JSON object: changed and unchanged hosts, the
 * first and the last entry, the request id.
 */


#ifndef _CHANGE_ANSWER_H_INCLUDED_
#define _CHANGE_ANSWER_H_INCLUDED_


#include <stdio.h>

#include "change/change_batch.h"


/* The results of all hosts that are done, as sums. */

typedef struct {
    size_t    changed;
    uint64_t  first;                   /* seq; 0: none */
    uint64_t  last;
} change_sum_t;


change_sum_t change_sum(const change_batch_t *b);

/*
 * Writes the object as a line, in pieces, as it may be large; nodes is the
 * result of a wait, or NULL.
 */

void change_answer_write(FILE *f, const change_batch_t *b, json_t *nodes);


#endif /* _CHANGE_ANSWER_H_INCLUDED_ */
