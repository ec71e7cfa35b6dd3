
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <string.h>

#include "paylock_host.h"
#include "paylock_timeline.h"
#include "records/effective_state.h"
#include "text.h"
#include "time_text.h"


/* records that hold together: the stricter one at each moment */

typedef struct {
    paylock_record_t  rec[2];
    size_t            n;
} state_records_t;


static void state_add(state_records_t *r, const json_t *record);
static paylock_stage_e state_stage(const state_records_t *r, uint32_t now,
    paylock_stage_e def);
static void state_next(const state_records_t *r, uint32_t now,
    paylock_stage_e def, state_t *state);
static void state_print_record(FILE *f, const state_host_t *h);
static void state_print_author(FILE *f, const state_host_t *h);
static void state_print_then(FILE *f, const state_host_t *h, uint32_t now);
static json_t *state_time(uint32_t when);


static const char *const  state_members[] = {
    "ref", "reason", "invoice", "actor"
};


state_t
state_of(const json_t *record, const json_t *other, uint32_t now)
{
    state_t          state;
    paylock_stage_e  stage;
    state_records_t  r;

    memset(&state, 0, sizeof(state_t));
    state.stage = "default";

    r.n = 0;
    state_add(&r, record);
    state_add(&r, other);

    if (r.n == 0) {
        return state;
    }

    stage = state_stage(&r, now, PAYLOCK_OPEN);

    if (stage != PAYLOCK_OPEN
        || state_stage(&r, now, PAYLOCK_LOCKED) == PAYLOCK_OPEN)
    {
        state.stage = paylock_stage_names[stage];
        (void) paylock_timeline_since(&r.rec[0], now, PAYLOCK_OPEN,
                                      &state.since);
    }

    state_next(&r, now, PAYLOCK_OPEN, &state);
    state_next(&r, now, PAYLOCK_LOCKED, &state);

    return state;
}


int
state_stricter(const json_t *record, const json_t *than, uint32_t now)
{
    paylock_stage_e  stage, other;
    state_records_t  one, two;

    one.n = 0;
    two.n = 0;
    state_add(&one, record);
    state_add(&two, than);

    stage = state_stage(&one, now, PAYLOCK_OPEN);
    other = state_stage(&two, now, PAYLOCK_OPEN);

    return stage != other ? stage > other
                          : state_stage(&one, now, PAYLOCK_LOCKED)
                            > state_stage(&two, now, PAYLOCK_LOCKED);
}


void
state_print(FILE *f, const state_t *state, int colours)
{
    char         text[WHEN_MAX];
    const char  *colour;

    colour = state_colour(state->stage, colours);

    (void) fprintf(f, "%s%s%s", colour,
                   strcmp(state->stage, "default") == 0
                   ? "as the server's paylock_default says" : state->stage,
                   *colour ? STATE_PLAIN : "");

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

    state = state_of(h->record, h->other, now);

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

    (void) json_object_set_new(o, PAYLOCK_PROTECTED,
                               json_boolean(paylock_record_protected(
                                   h->record)));
    (void) json_object_set_new(o, "seq", h->seq
                                         ? json_integer((json_int_t) h->seq)
                                         : json_null());
    return o;
}


void
state_print_lines(FILE *f, const state_host_t *h, uint32_t now, int colours)
{
    size_t         i;
    state_t        state;
    const json_t  *member;

    state = state_of(h->record, h->other, now);

    text_print(f, h->host, strlen(h->host));
    (void) fputs(": ", f);
    state_print(f, &state, colours);
    (void) fputc('\n', f);

    state_print_then(f, h, state.next);
    state_print_record(f, h);

    if (paylock_record_protected(h->record)) {
        (void) fprintf(f, "    %-9sprotected from being locked\n", "mark");
    }

    for (i = 0; i < sizeof(state_members) / sizeof(state_members[0]) - 1; i++)
    {
        member = json_object_get(h->record, state_members[i]);

        if (json_string_length(member)) {
            (void) fprintf(f, "    %-9s", state_members[i]);
            text_print(f, json_string_value(member),
                       json_string_length(member));
            (void) fputc('\n', f);
        }
    }

    state_print_author(f, h);
}


const char *
state_colour(const char *stage, int colours)
{
    size_t  i;

    static const struct {
        const char  *stage;
        const char  *colour;
    } palette[] = {
        { "open", "\033[32m" }, { "notice", "\033[36m" },
        { "readonly", "\033[33m" }, { "locked", "\033[31m" }
    };

    for (i = 0; colours && i < sizeof(palette) / sizeof(palette[0]); i++) {
        if (strcmp(stage, palette[i].stage) == 0) {
            return palette[i].colour;
        }
    }

    return "";
}


static void
state_add(state_records_t *r, const json_t *record)
{
    if (record && paylock_record_from_json(record, &r->rec[r->n]) == NULL) {
        r->n++;
    }
}


static paylock_stage_e
state_stage(const state_records_t *r, uint32_t now, paylock_stage_e def)
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


/* Notes the next change of the stage, if it comes before the one noted. */

static void
state_next(const state_records_t *r, uint32_t now, paylock_stage_e def,
    state_t *state)
{
    int              found;
    size_t           i;
    uint32_t         t, when, first;
    paylock_stage_e  stage, current;

    current = state_stage(r, now, def);

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

        stage = state_stage(r, first, def);

        if (stage != current) {
            state->next = first;
            state->next_stage = paylock_stage_names[stage];
            return;
        }
    }
}


/* Whose record it is, and why that one holds. */

static void
state_print_record(FILE *f, const state_host_t *h)
{
    if (h->holder == NULL) {
        (void) fprintf(f, "    %-9snone, neither of its own nor of a suffix\n",
                       "record");
        return;
    }

    (void) fprintf(f, "    %-9s", "record");
    text_print(f, h->holder, strlen(h->holder));

    if (strcmp(h->host, h->holder) == 0) {
        (void) fputs(", its own", f);

    } else if (paylock_host_suffix(h->holder, strlen(h->holder)) == 0) {
        (void) fputs(", since it has none of its own", f);

    } else {
        (void) fputs(", the longest suffix that has one", f);
    }

    if (h->other) {
        (void) fprintf(f, ", and stricter than %s beside it",
                       h->holder[0] == '.' ? "\"*.\"" : "\".\"");
    }

    (void) fputc('\n', f);
}


static void
state_print_author(FILE *f, const state_host_t *h)
{
    char           text[WHEN_MAX];
    json_int_t     at;
    const json_t  *actor;

    actor = json_object_get(h->record, "actor");
    at = json_integer_value(json_object_get(h->record, "at"));

    if (json_string_length(actor)) {
        (void) fprintf(f, "    %-9s", "by");
        text_print(f, json_string_value(actor), json_string_length(actor));
        (void) fputc('\n', f);
    }

    if (at) {
        when_local((uint32_t) at, text);
        (void) fprintf(f, "    %-9s%s\n", "written", text);
    }

    if (h->seq) {
        (void) fprintf(f, "    %-9s%" PRIu64 "\n", "entry", h->seq);
    }
}


/* What comes behind what comes next. */

static void
state_print_then(FILE *f, const state_host_t *h, uint32_t now)
{
    char     text[WHEN_MAX];
    state_t  state;

    while (now) {
        state = state_of(h->record, h->other, now);

        if (state.next_stage) {
            when_local(state.next, text);
            (void) fprintf(f, "    %-9s%s from %s\n", "then",
                           state.next_stage, text);
        }

        now = state.next;
    }
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
