
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "base/time_text.h"
#include "paylock_record.h"
#include "cli/state_print.h"
#include "paylock_host.h"


static void state_print_record(FILE *f, const state_host_t *h);
static void state_print_author(FILE *f, const state_host_t *h);
static void state_print_then(FILE *f, const state_host_t *h, uint32_t now);


void
state_print(FILE *f, const effective_state_t *state, int colours)
{
    char         text[TIME_TEXT];
    const char  *colour;

    colour = state_colour(state->stage, colours);

    (void) fprintf(f, "%s%s%s", colour,
                   strcmp(state->stage, "default") == 0
                   ? "as the server's paylock_default says" : state->stage,
                   *colour ? STATE_PLAIN : "");

    if (state->since) {
        time_local(state->since, text);
        (void) fprintf(f, " since %s", text);
    }

    if (state->next_stage) {
        time_local(state->next, text);
        (void) fprintf(f, ", %s from %s", state->next_stage, text);
    }
}


void
state_print_lines(FILE *f, const state_host_t *h, uint32_t now, int colours)
{
    size_t                  i;
    const json_t           *member;
    effective_state_t       state;
    const paylock_field_t  *field;

    state = effective_state(h->record, h->other, now);

    text_print(f, h->host, strlen(h->host));
    (void) fputs(": ", f);
    state_print(f, &state, colours);
    (void) fputc('\n', f);

    state_print_then(f, h, state.next);
    state_print_record(f, h);

    if (paylock_record_protected(h->record)) {
        (void) fprintf(f, "    %-9sprotected from being locked\n", "mark");
    }

    /* the actor, the last field, is printed with the time below */

    for (i = 0; i < PAYLOCK_RECORD_ACTOR; i++) {
        field = paylock_record_fields[i];
        member = json_object_get(h->record, field->name);

        if (field->flags & PAYLOCK_FIELD_LIST && json_string_length(member)) {
            (void) fprintf(f, "    %-9s", field->label);
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


/* Prints the name of the record, and why it holds. */

static void
state_print_record(FILE *f, const state_host_t *h)
{
    if (h->match == NULL) {
        (void) fprintf(f, "    %-9snone, neither of its own nor of a suffix\n",
                       "record");
        return;
    }

    (void) fprintf(f, "    %-9s", "record");
    text_print(f, h->match, strlen(h->match));

    if (strcmp(h->host, h->match) == 0) {
        (void) fputs(", its own", f);

    } else if (paylock_host_suffix(h->match, strlen(h->match)) == 0) {
        (void) fputs(", since it has none of its own", f);

    } else {
        (void) fputs(", the longest suffix that has one", f);
    }

    if (h->other) {
        (void) fprintf(f, ", and stricter than %s beside it",
                       h->match[0] == '.' ? "\"*.\"" : "\".\"");
    }

    (void) fputc('\n', f);
}


static void
state_print_author(FILE *f, const state_host_t *h)
{
    char           text[TIME_TEXT];
    uint64_t       seq;
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
        time_local((uint32_t) at, text);
        (void) fprintf(f, "    %-9s%s\n", "written", text);
    }

    seq = paylock_record_entry(h->record);

    if (seq) {
        (void) fprintf(f, "    %-9s%" PRIu64 "\n", "entry", seq);
    }
}


/* Prints the changes after the next one. */

static void
state_print_then(FILE *f, const state_host_t *h, uint32_t now)
{
    char               text[TIME_TEXT];
    effective_state_t  state;

    while (now) {
        state = effective_state(h->record, h->other, now);

        if (state.next_stage) {
            time_local(state.next, text);
            (void) fprintf(f, "    %-9s%s from %s\n", "then",
                           state.next_stage, text);
        }

        now = state.next;
    }
}
