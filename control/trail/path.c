
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>

#include "paylock_skip.h"
#include "trail/path.h"


static uint64_t path_step(const path_t *p, uint64_t at, uint64_t to,
    int *resumes);
static uint64_t path_standing(const path_t *p, uint64_t seq);
static int path_add(path_t *p, uint64_t seq, int resumed);
static int path_order(const void *one, const void *two);


int
path_adopt(path_t *p, uint64_t seq, uint64_t resumes)
{
    path_adopt_t  *more;

    more = realloc(p->adopt, (p->n_adopts + 1) * sizeof(path_adopt_t));

    if (more == NULL) {
        return -1;
    }

    p->adopt = more;
    more += p->n_adopts++;
    more->seq = seq;
    more->resumes = resumes;

    return 0;
}


int
path_need(path_t *p, uint64_t seq)
{
    uint64_t  *more;

    if (p->n_needs == p->room) {
        more = realloc(p->need, (2 * p->room + 64) * sizeof(uint64_t));

        if (more == NULL) {
            return -1;
        }

        p->need = more;
        p->room = 2 * p->room + 64;
    }

    p->need[p->n_needs++] = seq;

    return 0;
}


int
path_stands(const path_t *p, uint64_t seq)
{
    return path_standing(p, seq) == seq;
}


uint64_t
path_first(const path_t *p)
{
    size_t    i;
    uint64_t  first;

    first = 1;

    for (i = 0; i < p->n_adopts; i++) {
        if (p->adopt[i].resumes == 0 && p->adopt[i].seq > first) {
            first = p->adopt[i].seq;
        }
    }

    return first;
}


int
path_make(path_t *p)
{
    int       resumes;
    size_t    i;
    uint64_t  at;

    qsort(p->need, p->n_needs, sizeof(uint64_t), path_order);

    at = p->n_needs ? p->need[0] : 0;

    if (at && path_add(p, at, 0) != 0) {
        return -1;
    }

    for (i = 1; i < p->n_needs; i++) {

        while (at > p->need[i] && path_stands(p, p->need[i])) {
            at = path_step(p, at, p->need[i], &resumes);

            if (path_add(p, at, resumes) != 0) {
                return -1;
            }
        }
    }

    return 0;
}


static uint64_t
path_step(const path_t *p, uint64_t at, uint64_t to, int *resumes)
{
    size_t    i;
    uint64_t  far;

    *resumes = 0;
    far = path_standing(p, paylock_skip_target(at));

    if (far >= to) {
        return far;
    }

    for (i = 0; i < p->n_adopts; i++) {
        if (p->adopt[i].seq == at) {
            *resumes = 1;
            return p->adopt[i].resumes;
        }
    }

    return at - 1;
}


/* The last entry up to seq that no adopt gave up; the latest adopt is last. */

static uint64_t
path_standing(const path_t *p, uint64_t seq)
{
    size_t  i;

    for (i = p->n_adopts; i; i--) {
        if (p->adopt[i - 1].seq > seq && p->adopt[i - 1].resumes < seq) {
            seq = p->adopt[i - 1].resumes;
        }
    }

    return seq;
}


static int
path_add(path_t *p, uint64_t seq, int resumed)
{
    path_line_t  *more;

    if (p->n == p->lines) {
        more = realloc(p->line, (2 * p->lines + 256) * sizeof(path_line_t));

        if (more == NULL) {
            return -1;
        }

        p->line = more;
        p->lines = 2 * p->lines + 256;
    }

    p->line[p->n].seq = seq;
    p->line[p->n++].resumed = resumed != 0;

    return 0;
}


/* Later ones come first. */

static int
path_order(const void *one, const void *two)
{
    uint64_t  a, b;

    a = *(const uint64_t *) one;
    b = *(const uint64_t *) two;

    return a > b ? -1 : a < b;
}


void
path_free(path_t *p)
{
    free(p->adopt);
    free(p->need);
    free(p->line);
    memset(p, 0, sizeof(path_t));
}
