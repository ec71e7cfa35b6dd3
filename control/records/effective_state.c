
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "paylock_timeline.h"
#include "records/effective_state.h"
#include "base/text.h"
#include "base/time_text.h"


/* records that hold together: at each moment the stricter one decides */

typedef struct {
    paylock_record_t  rec[2];
    size_t            n;
} state_records_t;


static effective_state_t effective_state_records(const state_records_t *r,
    uint32_t now);
static void effective_state_add(state_records_t *r, const json_t *record);
static paylock_stage_e effective_state_stage(const state_records_t *r,
    uint32_t now, paylock_stage_e def);
static void effective_state_next(const state_records_t *r, uint32_t now,
    paylock_stage_e def, effective_state_t *state);
static json_t *effective_state_time(uint32_t when);


effective_state_t
effective_state(const json_t *record, const json_t *other, uint32_t now)
{
    state_records_t  r;

    r.n = 0;
    effective_state_add(&r, record);
    effective_state_add(&r, other);

    return effective_state_records(&r, now);
}


effective_state_t
effective_state_parsed(const paylock_record_t *rec, uint32_t now)
{
    state_records_t  r;

    r.n = 1;
    r.rec[0] = *rec;

    return effective_state_records(&r, now);
}


static effective_state_t
effective_state_records(const state_records_t *r, uint32_t now)
{
    effective_state_t  state;
    paylock_stage_e    stage;

    memset(&state, 0, sizeof(effective_state_t));
    state.stage = "default";

    if (r->n == 0) {
        return state;
    }

    stage = effective_state_stage(r, now, PAYLOCK_OPEN);

    if (stage != PAYLOCK_OPEN
        || effective_state_stage(r, now, PAYLOCK_LOCKED) == PAYLOCK_OPEN)
    {
        state.stage = paylock_stage_names[stage];
        (void) paylock_timeline_since(&r->rec[0], now, PAYLOCK_OPEN,
                                      &state.since);
    }

    effective_state_next(r, now, PAYLOCK_OPEN, &state);
    effective_state_next(r, now, PAYLOCK_LOCKED, &state);

    return state;
}


int
effective_state_stricter(const json_t *record, const json_t *than, uint32_t now)
{
    paylock_stage_e  stage, other;
    state_records_t  one, two;

    one.n = 0;
    two.n = 0;
    effective_state_add(&one, record);
    effective_state_add(&two, than);

    stage = effective_state_stage(&one, now, PAYLOCK_OPEN);
    other = effective_state_stage(&two, now, PAYLOCK_OPEN);

    return stage != other ? stage > other
                          : effective_state_stage(&one, now, PAYLOCK_LOCKED)
                            > effective_state_stage(&two, now, PAYLOCK_LOCKED);
}


json_t *
effective_state_json(const state_host_t *h, uint32_t now)
{
    size_t                  i;
    json_t                 *o, *next;
    uint64_t                seq;
    effective_state_t       state;
    const paylock_field_t  *field;

    state = effective_state(h->record, h->other, now);

    next = state.next_stage
           ? json_pack("{s:s, s:o}", "stage", state.next_stage,
                       "at", effective_state_time(state.next))
           : json_null();

    o = json_pack("{s:o, s:s, s:o, s:o, s:o}",
                  "host", text_json(h->host, strlen(h->host)),
                  "stage", state.stage,
                  "record", h->match
                            ? text_json(h->match, strlen(h->match))
                            : json_null(),
                  "since", effective_state_time(state.since),
                  "next", next);

    for (i = 0; i < PAYLOCK_RECORD_FIELDS; i++) {
        field = paylock_record_fields[i];

        if (field->flags & PAYLOCK_FIELD_LIST) {
            (void) json_object_set_new(o, field->name,
                                       text_member(h->record, field->name));
        }
    }

    (void) json_object_set_new(o, PAYLOCK_PROTECTED,
                               json_boolean(paylock_record_protected(
                                   h->record)));

    seq = paylock_record_entry(h->record);
    (void) json_object_set_new(o, "seq", seq ? json_integer((json_int_t) seq)
                                             : json_null());

    return o;
}


static void
effective_state_add(state_records_t *r, const json_t *record)
{
    if (record && paylock_record_from_json(record, &r->rec[r->n]) == NULL) {
        r->n++;
    }
}


static paylock_stage_e
effective_state_stage(const state_records_t *r, uint32_t now,
    paylock_stage_e def)
{
    size_t           i;
    paylock_stage_e  stage, strictest;

    strictest = PAYLOCK_OPEN;

    for (i = 0; i < r->n; i++) {
        stage = paylock_timeline_stage(&r->rec[i], now, def);
        strictest = stage > strictest ? stage : strictest;
    }

    return strictest;
}


/* Sets the next change of the stage, unless an earlier one is set. */

static void
effective_state_next(const state_records_t *r, uint32_t now,
    paylock_stage_e def, effective_state_t *state)
{
    int              found;
    size_t           i;
    uint32_t         t, when, first;
    paylock_stage_e  stage, current;

    current = effective_state_stage(r, now, def);

    for (t = now; /* void */ ; t = first) {
        found = 0;
        first = 0;

        for (i = 0; i < r->n; i++) {
            if (paylock_timeline_next(&r->rec[i], t, def, &when, &stage)
                && (!found || when < first))
            {
                found = 1;
                first = when;
            }
        }

        if (!found || (state->next_stage && first >= state->next)) {
            return;
        }

        stage = effective_state_stage(r, first, def);

        if (stage != current) {
            state->next = first;
            state->next_stage = paylock_stage_names[stage];
            return;
        }
    }
}


static json_t *
effective_state_time(uint32_t when)
{
    char  text[TIME_TEXT];

    if (when == 0) {
        return json_null();
    }

    time_utc(when, text);

    return json_string(text);
}
