
/*
 * Copyright (C) 2026 paylock contributors
 *
 * How many hosts each actor has closed in the last hour.  A restart forgets
 * that: it bounds what a program does by mistake, or a token that was stolen.
 */


#define _GNU_SOURCE

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "writer/writer.h"


#define BUDGET_MINUTES  60
#define BUDGET_ACTORS   16             /* there is room for so many more */


typedef struct {
    char       actor[WRITER_ACTOR];
    uint64_t   last;                   /* minute; 0: it has closed nothing */
    uint64_t   n[BUDGET_MINUTES];      /* by minute, modulo */
} budget_t;


static budget_t *budget_of(const char *actor, uint64_t minute);
static budget_t *budget_find(const char *actor, uint64_t minute);
static uint64_t budget_minute(void);


static budget_t  *budgets;
static size_t     budgets_n;


size_t
budget_left(const writer_t *w, const char *actor)
{
    size_t           i, used;
    const budget_t  *b;

    b = budget_of(actor, budget_minute());

    if (b == NULL) {
        return 0;
    }

    for (i = 0, used = 0; i < BUDGET_MINUTES; i++) {
        used += b->n[i];
    }

    return used < w->budget ? w->budget - used : 0;
}


/* There is room for the actor since budget_left() was asked. */

void
budget_take(const char *actor, size_t n)
{
    uint64_t   minute;
    budget_t  *b;

    minute = budget_minute();
    b = n ? budget_of(actor, minute) : NULL;

    if (b) {
        b->last = minute;
        b->n[minute % BUDGET_MINUTES] += n;
    }
}


/* Without the minutes that are an hour ago; NULL: out of memory. */

static budget_t *
budget_of(const char *actor, uint64_t minute)
{
    uint64_t   m;
    budget_t  *b;

    b = budget_find(actor, minute);

    for (m = 0; b && m < BUDGET_MINUTES; m++) {
        if (b->last + m < minute) {
            b->n[(b->last + m + 1) % BUDGET_MINUTES] = 0;
        }
    }

    return b;
}


/* In place of one whose hour is over; there is as much room as it takes. */

static budget_t *
budget_find(const char *actor, uint64_t minute)
{
    size_t     i;
    budget_t  *b, *more;

    b = NULL;

    for (i = 0; i < budgets_n; i++) {

        if (strcmp(budgets[i].actor, actor) == 0) {
            return &budgets[i];
        }

        if (budgets[i].last + BUDGET_MINUTES <= minute) {
            b = &budgets[i];
        }
    }

    if (b == NULL) {
        more = reallocarray(budgets, budgets_n + BUDGET_ACTORS,
                            sizeof(budget_t));

        if (more == NULL) {
            return NULL;
        }

        budgets = more;
        b = &budgets[budgets_n];
        memset(b, 0, BUDGET_ACTORS * sizeof(budget_t));
        budgets_n += BUDGET_ACTORS;
    }

    memset(b, 0, sizeof(budget_t));
    strncpy(b->actor, actor, sizeof(b->actor) - 1);

    return b;
}


/*
 * Nobody can set this clock back, and it goes on while the machine sleeps; the
 * minute 0 is more than an hour ago at any time.
 */

static uint64_t
budget_minute(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_BOOTTIME, &ts);

    return (uint64_t) ts.tv_sec / 60 + BUDGET_MINUTES;
}
