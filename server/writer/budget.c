
/*
 * Copyright (C) 2026 paylock contributors
 *
 * How many hosts each actor has closed in the last hour.  A restart forgets
 * that: it bounds what a program does by mistake, or a token that was stolen.
 */


#include <string.h>

#include "writer/writer.h"


#define BUDGET_ACTORS   256            /* the one used least lately goes */
#define BUDGET_MINUTES  60


typedef struct {
    char       actor[WRITER_ACTOR];
    uint32_t   last;                   /* minute */
    unsigned   n[BUDGET_MINUTES];      /* by minute, modulo */
} budget_t;


static budget_t *budget_of(const char *actor, uint32_t now);
static budget_t *budget_find(const char *actor);


static budget_t  budgets[BUDGET_ACTORS];


size_t
budget_left(const writer_t *w, const char *actor, uint32_t now)
{
    size_t           i, used;
    const budget_t  *b;

    b = budget_of(actor, now);

    for (i = 0, used = 0; i < BUDGET_MINUTES; i++) {
        used += b->n[i];
    }

    return used < w->budget ? w->budget - used : 0;
}


void
budget_take(const char *actor, size_t n, uint32_t now)
{
    budget_t  *b;

    b = budget_of(actor, now);
    b->n[b->last % BUDGET_MINUTES] += (unsigned) n;
}


static budget_t *
budget_find(const char *actor)
{
    size_t     i;
    budget_t  *b;

    b = &budgets[0];

    for (i = 0; i < BUDGET_ACTORS; i++) {

        if (strcmp(budgets[i].actor, actor) == 0) {
            return &budgets[i];
        }

        if (budgets[i].last < b->last) {
            b = &budgets[i];
        }
    }

    memset(b, 0, sizeof(budget_t));
    strncpy(b->actor, actor, sizeof(b->actor) - 1);

    return b;
}


/* Without the minutes that are an hour ago. */

static budget_t *
budget_of(const char *actor, uint32_t now)
{
    uint32_t   m, minute;
    budget_t  *b;

    b = budget_find(actor);
    minute = now / 60;

    if (minute - b->last >= BUDGET_MINUTES) {
        memset(b->n, 0, sizeof(b->n));

    } else {
        for (m = b->last + 1; m <= minute; m++) {
            b->n[m % BUDGET_MINUTES] = 0;
        }
    }

    b->last = minute;

    return b;
}
