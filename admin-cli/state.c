
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <string.h>

#include "paylock_timeline.h"
#include "state.h"
#include "text.h"
#include "when.h"


static const char *const  state_members[] = {
    "ref", "reason", "invoice", "actor"
};


static json_t *state_time(uint32_t when);


state_t
state_at(const paylock_record_t *rec, uint32_t now)
{
    uint32_t         when;
    state_t          state;
    paylock_stage_e  open, locked, next;

    memset(&state, 0, sizeof(state_t));
    state.stage = "default";

    if (rec == NULL) {
        return state;
    }

    open = paylock_timeline_stage(rec, now, PAYLOCK_OPEN);
    locked = paylock_timeline_stage(rec, now, PAYLOCK_LOCKED);

    if (open == locked) {
        state.stage = paylock_stage_names[open];
        (void) paylock_timeline_since(rec, now, PAYLOCK_OPEN, &state.since);
    }

    if (paylock_timeline_next(rec, now, PAYLOCK_OPEN, &when, &next)) {
        state.next = when;
        state.next_stage = paylock_stage_names[next];
    }

    if (paylock_timeline_next(rec, now, PAYLOCK_LOCKED, &when, &next)
        && (state.next_stage == NULL || when < state.next))
    {
        state.next = when;
        state.next_stage = paylock_stage_names[next];
    }

    return state;
}


state_t
state_of(const json_t *record, uint32_t now)
{
    paylock_record_t  rec;

    if (record && paylock_record_from_json(record, &rec) == NULL) {
        return state_at(&rec, now);
    }

    return state_at(NULL, now);
}


void
state_print(FILE *f, const state_t *state)
{
    char  text[WHEN_MAX];

    (void) fputs(strcmp(state->stage, "default") == 0
                 ? "as the server's paylock_default says" : state->stage, f);

    if (state->since) {
        when_local(state->since, text);
        (void) fprintf(f, " since %s", text);
    }

    if (state->next_stage) {
        when_local(state->next, text);
        (void) fprintf(f, ", %s from %s", state->next_stage, text);
    }
}


json_t *
state_json(const state_host_t *h, uint32_t now)
{
    size_t    i;
    json_t   *o, *next;
    state_t   state;

    state = state_of(h->record, now);

    next = state.next_stage
           ? json_pack("{s:s, s:o}", "stage", state.next_stage,
                       "at", state_time(state.next))
           : json_null();

    o = json_pack("{s:o, s:s, s:o, s:o, s:o}",
                  "host", text_json(h->host, strlen(h->host)),
                  "stage", state.stage,
                  "record", h->holder
                            ? text_json(h->holder, strlen(h->holder))
                            : json_null(),
                  "since", state_time(state.since),
                  "next", next);

    for (i = 0; i < sizeof(state_members) / sizeof(state_members[0]); i++) {
        (void) json_object_set_new(o, state_members[i],
                                   text_member(h->record, state_members[i]));
    }

    (void) json_object_set_new(o, "seq", h->seq
                                         ? json_integer((json_int_t) h->seq)
                                         : json_null());
    return o;
}


void
state_print_lines(FILE *f, const state_host_t *h, uint32_t now)
{
    size_t         i;
    state_t        state;
    const json_t  *member;

    state = state_of(h->record, now);

    text_print(f, h->host, strlen(h->host));
    (void) fputs(": ", f);
    state_print(f, &state);
    (void) fputc('\n', f);

    if (h->holder) {
        (void) fprintf(f, "    %-9s", "record");
        text_print(f, h->holder, strlen(h->holder));
        (void) fputc('\n', f);
    }

    for (i = 0; i < sizeof(state_members) / sizeof(state_members[0]); i++) {
        member = json_object_get(h->record, state_members[i]);

        if (json_string_length(member)) {
            (void) fprintf(f, "    %-9s", state_members[i]);
            text_print(f, json_string_value(member),
                       json_string_length(member));
            (void) fputc('\n', f);
        }
    }

    if (h->seq) {
        (void) fprintf(f, "    %-9s%" PRIu64 "\n", "entry", h->seq);
    }
}


void
state_print_line(FILE *f, const state_host_t *h, uint32_t now)
{
    size_t         i;
    state_t        state;
    const json_t  *member;

    state = state_of(h->record, now);

    text_print(f, h->host, strlen(h->host));
    (void) fputs(": ", f);
    state_print(f, &state);

    for (i = 0; i < sizeof(state_members) / sizeof(state_members[0]); i++) {
        member = json_object_get(h->record, state_members[i]);

        if (json_string_length(member)) {
            (void) fprintf(f, ", %s ", state_members[i]);
            text_print(f, json_string_value(member),
                       json_string_length(member));
        }
    }

    if (h->seq) {
        (void) fprintf(f, ", entry %" PRIu64, h->seq);
    }

    (void) fputc('\n', f);
}


static json_t *
state_time(uint32_t when)
{
    char  text[WHEN_MAX];

    if (when == 0) {
        return json_null();
    }

    when_utc(when, text);

    return json_string(text);
}
