
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Whether entries tell the truth of the records before them, by the entries
 * that wrote these.
 */


#include <stdlib.h>
#include <string.h>

#include "trail/trust_root.h"
#include "trail/trust_way.h"


#define PRIOR_AT_ONCE  100             /* entries asked for */
#define PRIOR_MOST     10000           /* to read all records is as fast */


static int prior_same(const trust_step_t *step, const trust_step_t *prior);
static int prior_read(control_t *ctl, const trust_step_t **step, size_t n,
    int *proven);
static int prior_take(control_t *ctl, const trust_step_t *step, int *proven);


int
trust_prior(control_t *ctl, const trust_step_t *step, size_t n, uint64_t head,
    uint64_t base, int *proven)
{
    size_t               i, asked, all;
    const trust_step_t  *ask[PRIOR_AT_ONCE];

    *proven = 1;

    for (i = 0, asked = 0, all = 0; i < n && *proven; i++) {

        if (!step[i].writes) {
            continue;
        }

        if (step[i].prior > base) {
            *proven = step[i].prior < head - i
                      && prior_same(&step[i], &step[head - step[i].prior]);
            continue;
        }

        /* that a host is new no entry can prove */

        if (step[i].prior == 0 || ++all > PRIOR_MOST) {
            *proven = 0;
            continue;
        }

        ask[asked++] = &step[i];

        if (asked == PRIOR_AT_ONCE) {

            if (prior_read(ctl, ask, asked, proven) != STATUS_DONE) {
                return ctl->error.status;
            }

            asked = 0;
        }
    }

    return *proven ? prior_read(ctl, ask, asked, proven) : STATUS_DONE;
}


/* The pairs are of a host and a record. */

static int
prior_same(const trust_step_t *step, const trust_step_t *prior)
{
    return prior->writes && step->had == prior->has
           && memcmp(step->before, prior->after, PAYLOCK_PAIR) == 0;
}


static int
prior_read(control_t *ctl, const trust_step_t **step, size_t n, int *proven)
{
    size_t  i;

    trust_way_free(&ctl->way);

    for (i = 0; i < n; i++) {
        if (trust_way_by(ctl, step[i]->prior) != STATUS_DONE) {
            return ctl->error.status;
        }
    }

    if (n && trust_way_go(ctl) != STATUS_DONE) {
        return ctl->error.status;
    }

    for (i = 0; i < n; i++) {
        if (head_entry_queue(ctl, step[i]->prior) != STATUS_DONE) {
            return ctl->error.status;
        }
    }

    if (n && redis_send(ctl->redis) != 0) {
        return ctl->error.status;
    }

    for (i = 0; i < n; i++) {
        if (prior_take(ctl, step[i], proven) != STATUS_DONE) {
            return ctl->error.status;
        }
    }

    return STATUS_DONE;
}


/* What is archived is not there; what is not in its place proves nothing. */

static int
prior_take(control_t *ctl, const trust_step_t *step, int *proven)
{
    int               status;
    redisReply       *reply;
    trust_step_t      prior;
    paylock_entry_t   e;

    reply = redis_expect(ctl->redis, REDIS_REPLY_ARRAY);

    if (reply == NULL) {
        return ctl->error.status;
    }

    status = STATUS_DONE;

    if (reply->elements != 1
        || paylock_entry_read(reply->element[0], &e) != NULL
        || trust_way_has(ctl, &e) != TRUST_WAY_ON)
    {
        *proven = 0;

    } else {
        status = trust_step(ctl, &e, &prior);
        *proven &= status == STATUS_DONE && prior_same(step, &prior);
    }

    freeReplyObject(reply);

    return status;
}
