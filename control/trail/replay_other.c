
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Compares a lock of a host that had no record with what held for it until
 * then, "Records" in docs/audit-format.md: a plan that is signed while the
 * record of another name is taken out of Redis would open the host.
 */


#include <stdio.h>
#include <string.h>

#include "paylock_timeline.h"
#include "trail/replay.h"


#define OTHER_SLOW  600                /* s that a command may take */


static const paylock_stage_e  other_defaults[REPLAY_DEFAULTS] = {
    PAYLOCK_OPEN, PAYLOCK_LOCKED
};


static void other_times(const paylock_str_t *text, replay_times_t *times);
static paylock_record_t other_record(const replay_times_t *times);
static void other_stages(const replay_times_t *times, uint32_t at,
    uint8_t stages[REPLAY_DEFAULTS]);
static int other_ended(const replay_times_t *times);
static void other_begin(const replay_t *r, replay_host_t *h);
static void other_name(const replay_t *r, replay_host_t *h, size_t name);


void
replay_other_entry(replay_pending_t *p, const paylock_entry_t *e)
{
    paylock_str_t  action;

    action = e->field[PAYLOCK_AUDIT_ACTION];

    other_times(&e->field[PAYLOCK_AUDIT_BEFORE], &p->was);
    other_times(&e->field[PAYLOCK_AUDIT_AFTER], &p->times);

    p->opens = paylock_str_is(action, "unlock")
               || paylock_str_is(action, "reset")
               || paylock_str_is(action, "import");

    p->begins = paylock_str_is(action, "lock")
                && !paylock_record_says(&p->was)
                && !other_ended(&p->times);
}


/* Of what is no record, and of none, no time is set. */

static void
other_times(const paylock_str_t *text, replay_times_t *times)
{
    paylock_record_t  rec;

    times->set = 0;

    if (text->len && paylock_record_parse(text->data, text->len, &rec) == NULL)
    {
        memcpy(times->time, rec.time, sizeof(rec.time));
        times->set = rec.set;
    }
}


/* Is it a slow "lock --until", whose end has come when it is written? */

static int
other_ended(const replay_times_t *times)
{
    uint32_t        opened;
    paylock_time_e  t;

    opened = times->time[PAYLOCK_OPEN_AT];

    if (!paylock_record_has(times, PAYLOCK_OPEN_AT)
        || !paylock_record_has(times, PAYLOCK_AT)
        || opened > times->time[PAYLOCK_AT]
        || times->time[PAYLOCK_AT] - opened > OTHER_SLOW)
    {
        return 0;
    }

    for (t = PAYLOCK_NOTICE_AT; t <= PAYLOCK_LOCK_AT; t++) {
        if (paylock_record_has(times, t) && times->time[t] < opened) {
            return 1;
        }
    }

    return 0;
}


void
replay_other_commit(const replay_t *r, const replay_pending_t *p)
{
    replay_host_t    *h;
    replay_looser_t  *looser;

    h = p->host;
    looser = &h->looser;

    if (!p->begins && looser->seq == 0) {
        return;
    }

    looser->at = paylock_record_has(&p->times, PAYLOCK_AT)
                 ? p->times.time[PAYLOCK_AT] : 0;
    other_stages(&p->times, looser->at, looser->is);

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


/* Finds the records that held, of those that the trail tells of. */

static void
other_begin(const replay_t *r, replay_host_t *h)
{
    size_t  name;

    h->looser.unknown = 0;

    for (name = 0; name < REPLAY_NAMES; name++) {
        other_name(r, h, name);
    }
}


static void
other_name(const replay_t *r, replay_host_t *h, size_t name)
{
    const char       *from;
    replay_host_t    *other;
    replay_names_t    n;
    replay_looser_t  *looser;

    from = NULL;
    looser = &h->looser;
    looser->held[name] = NULL;
    memset(looser->was[name], 0, REPLAY_DEFAULTS);

    if (!replay_other_names(&n, h, name)) {
        return;
    }

    replay_other_held(looser, name, NULL, 0);

    while (replay_other_next(&n)) {

        if (from && !paylock_host_beside(&n.candidate, from)) {
            break;
        }

        other = replay_find(r, n.name, strlen(n.name));

        if (other == NULL || other->seq == 0) {
            looser->unknown |= r->adopted || r->archived;

        } else if (paylock_record_says(&other->times)) {
            replay_other_held(looser, name, &other->times, from != NULL);
            looser->held[name] = from ? looser->held[name] : other;
            from = n.candidate.name;
        }
    }

    /* a "www." name that has a record of its own keeps that */

    if (name && looser->held[name]
        && strlen(n.www) == looser->held[name]->len
        && memcmp(n.www, looser->held[name]->name, strlen(n.www)) == 0)
    {
        memset(looser->was[name], 0, REPLAY_DEFAULTS);
    }
}


void
replay_other_held(replay_looser_t *looser, size_t name,
    const replay_times_t *times, int beside)
{
    uint8_t  stages[REPLAY_DEFAULTS] = { PAYLOCK_OPEN, PAYLOCK_LOCKED };

    if (times) {
        other_stages(times, looser->at, stages);
    }

    /* stricter where the default is open, else where it is locked */

    if (!beside || memcmp(stages, looser->was[name], sizeof(stages)) > 0) {
        memcpy(looser->was[name], stages, sizeof(stages));
    }
}


int
replay_other_looser(const replay_looser_t *looser)
{
    size_t  i, name;

    for (name = 0; name < REPLAY_NAMES; name++) {
        for (i = 0; i < REPLAY_DEFAULTS; i++) {
            if (looser->is[i] < looser->was[name][i]) {
                return 1;
            }
        }
    }

    return 0;
}


/* Returns 0 if there is no such name. */

int
replay_other_names(replay_names_t *n, const replay_host_t *h, size_t name)
{
    size_t  suffix;

    n->host = h;
    suffix = paylock_host_suffix(h->name, h->len);

    if (name == 0) {
        paylock_host_candidates(&n->candidate, h->name + suffix,
                                h->len - suffix,
                                paylock_host_kind(h->name, h->len), 1);
        return 1;
    }

    (void) snprintf(n->www, sizeof(n->www), "www.%.*s", (int) h->len, h->name);

    if (suffix || paylock_host_check(n->www, strlen(n->www)) != NULL) {
        return 0;
    }

    paylock_host_candidates(&n->candidate, n->www, strlen(n->www),
                            PAYLOCK_HOST_EXACT, 1);
    return 1;
}


int
replay_other_next(replay_names_t *n)
{
    size_t  len;

    static const char *const  prefixes[] = {
        [PAYLOCK_HOST_EXACT] = "", [PAYLOCK_HOST_BELOW] = "*.",
        [PAYLOCK_HOST_FROM] = "."
    };

    do {
        if (!paylock_host_next(&n->candidate)) {
            return 0;
        }

        len = (size_t) snprintf(n->name, sizeof(n->name), "%s%.*s",
                                prefixes[n->candidate.kind],
                                (int) n->candidate.len, n->candidate.name);

    } while (len == n->host->len && memcmp(n->name, n->host->name, len) == 0);

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
other_stages(const replay_times_t *times, uint32_t at,
    uint8_t stages[REPLAY_DEFAULTS])
{
    size_t            i;
    paylock_record_t  rec;

    rec = other_record(times);

    for (i = 0; i < REPLAY_DEFAULTS; i++) {
        stages[i] = (uint8_t) paylock_timeline_stage(&rec, at,
                                                     other_defaults[i]);
    }
}
