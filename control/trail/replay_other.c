
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Compares a lock of a host that had no record with the record of another name
 * that held for it, "Records" in docs/audit-format.md: a plan that is signed
 * while that is taken out of Redis would open the host.
 */


#include <stdio.h>
#include <string.h>

#include "paylock_timeline.h"
#include "trail/replay.h"


static const paylock_stage_e  other_defaults[REPLAY_DEFAULTS] = {
    PAYLOCK_OPEN, PAYLOCK_LOCKED
};


static paylock_record_t other_record(const replay_times_t *times);
static void other_stages(const paylock_record_t *rec, uint32_t at,
    uint8_t stages[REPLAY_DEFAULTS]);
static void other_begin(const replay_t *r, replay_host_t *h);


void
replay_other_entry(replay_pending_t *p, const paylock_entry_t *e)
{
    paylock_str_t        action;
    paylock_record_t     rec;
    const paylock_str_t  *before, *after;

    action = e->field[PAYLOCK_AUDIT_ACTION];
    before = &e->field[PAYLOCK_AUDIT_BEFORE];
    after = &e->field[PAYLOCK_AUDIT_AFTER];

    p->opens = paylock_str_is(action, "unlock")
               || paylock_str_is(action, "reset")
               || paylock_str_is(action, "import");

    p->begins = paylock_str_is(action, "lock")
                && (before->len == 0
                    || (paylock_record_parse(before->data, before->len, &rec)
                        == NULL && !paylock_record_says(&rec)));

    p->times.set = 0;

    if (after->len
        && paylock_record_parse(after->data, after->len, &rec) == NULL)
    {
        memcpy(p->times.time, rec.time, sizeof(rec.time));
        p->times.set = rec.set;
    }
}


void
replay_other_commit(const replay_t *r, const replay_pending_t *p)
{
    replay_host_t     *h;
    replay_looser_t   *looser;
    paylock_record_t   rec;

    h = p->host;
    looser = &h->looser;

    if (!p->begins && looser->seq == 0) {
        return;
    }

    rec = other_record(&p->times);
    looser->at = paylock_record_has(&rec, PAYLOCK_AT) ? rec.time[PAYLOCK_AT]
                                                      : 0;
    other_stages(&rec, looser->at, looser->is);

    if (p->begins && looser->seq == 0) {
        looser->seq = p->seq;
        other_begin(r, h);
    }

    if (p->opens
        || !(replay_other_looser(looser)
             || (looser->unknown && looser->is[0] < PAYLOCK_LOCKED)))
    {
        looser->seq = 0;
    }
}


/* Finds the record that held, of those that the trail tells of. */

static void
other_begin(const replay_t *r, replay_host_t *h)
{
    char                       name[PAYLOCK_HOST_MAX + 1];
    const char                *from;
    replay_host_t             *other;
    replay_looser_t           *looser;
    paylock_record_t           rec;
    paylock_host_candidate_t   c;

    looser = &h->looser;
    looser->unknown = 0;
    memset(looser->was, 0, sizeof(looser->was));

    replay_other_names(&c, h);
    from = NULL;

    while (replay_other_next(&c, h, name)) {

        if (from && !paylock_host_beside(&c, from)) {
            break;
        }

        other = replay_find(r, name, strlen(name));

        if (other == NULL || other->seq == 0) {
            looser->unknown |= r->adopted || r->archived;
            continue;
        }

        rec = other_record(&other->times);

        if (!paylock_record_says(&rec)) {
            continue;
        }

        replay_other_held(looser, &rec, from != NULL);
        from = c.name;
    }
}


void
replay_other_held(replay_looser_t *looser, const paylock_record_t *rec,
    int beside)
{
    uint8_t  stages[REPLAY_DEFAULTS];

    other_stages(rec, looser->at, stages);

    /* stricter where the default is open, else where it is locked */

    if (!beside || memcmp(stages, looser->was, sizeof(stages)) > 0) {
        memcpy(looser->was, stages, sizeof(stages));
    }
}


int
replay_other_looser(const replay_looser_t *looser)
{
    size_t  i;

    for (i = 0; i < REPLAY_DEFAULTS; i++) {
        if (looser->is[i] < looser->was[i]) {
            return 1;
        }
    }

    return 0;
}


void
replay_other_names(paylock_host_candidate_t *c, const replay_host_t *h)
{
    size_t  suffix;

    suffix = paylock_host_suffix(h->name, h->len);

    paylock_host_candidates(c, h->name + suffix, h->len - suffix,
                            paylock_host_kind(h->name, h->len), 1);
}


int
replay_other_next(paylock_host_candidate_t *c, const replay_host_t *h,
    char name[PAYLOCK_HOST_MAX + 1])
{
    size_t  len;

    static const char *const  prefixes[] = {
        [PAYLOCK_HOST_EXACT] = "", [PAYLOCK_HOST_BELOW] = "*.",
        [PAYLOCK_HOST_FROM] = "."
    };

    do {
        if (!paylock_host_next(c)) {
            return 0;
        }

        len = (size_t) snprintf(name, PAYLOCK_HOST_MAX + 1, "%s%.*s",
                                prefixes[c->kind], (int) c->len, c->name);

    } while (len == h->len && memcmp(name, h->name, len) == 0);

    return 1;
}


static paylock_record_t
other_record(const replay_times_t *times)
{
    paylock_record_t  rec;

    memset(&rec, 0, sizeof(paylock_record_t));
    memcpy(rec.time, times->time, sizeof(rec.time));
    rec.set = times->set;

    return rec;
}


static void
other_stages(const paylock_record_t *rec, uint32_t at,
    uint8_t stages[REPLAY_DEFAULTS])
{
    size_t  i;

    for (i = 0; i < REPLAY_DEFAULTS; i++) {
        stages[i] = (uint8_t) paylock_timeline_stage(rec, at,
                                                     other_defaults[i]);
    }
}
