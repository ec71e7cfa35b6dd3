
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Finds the entries of a time by bisection.
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trail/head.h"
#include "trail/trail.h"


#define SEEK_WINDOW  100               /* entries looked at in one place */


/* The latest time of some entries. */

typedef struct {
    uint64_t  time;
    uint64_t  last;                    /* seq */
    size_t    left;
} seek_t;


static int seek_look(control_t *ctl, uint64_t seq, seek_t *s);
static int seek_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why);


int
trail_seek(control_t *ctl, uint64_t time, uint64_t *seq)
{
    head_t    head;
    seek_t    s;
    uint64_t  low, high, middle;

    if (head_newest(ctl, &head) != STATUS_DONE
        || seek_look(ctl, 0, &s) != STATUS_DONE)
    {
        return ctl->error.status;
    }

    low = s.time < time ? s.last : 0;
    high = head.seq;

    while (high > low && high - low > SEEK_WINDOW) {
        middle = low + (high - low) / 2;

        if (seek_look(ctl, middle, &s) != STATUS_DONE) {
            return ctl->error.status;
        }

        if (s.time < time) {
            low = s.last > middle ? s.last : middle;

        } else {
            high = middle;
        }
    }

    *seq = low;

    return STATUS_DONE;
}


static int
seek_look(control_t *ctl, uint64_t seq, seek_t *s)
{
    trail_id_t  from = { seq, 0 };

    s->time = 0;
    s->last = seq;
    s->left = SEEK_WINDOW;

    return trail_some(ctl, &from, SEEK_WINDOW, seek_entry, s);
}


/* What is no entry may be of any time. */

static int
seek_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    seek_t    *s;
    uint64_t   time;

    (void) id;

    s = data;
    time = why ? UINT64_MAX
               : strtoull(e->field[PAYLOCK_AUDIT_TIME].data, NULL, 10);

    s->time = time > s->time ? time : s->time;
    s->last = why ? s->last : e->seq;

    return --s->left != 0;
}
