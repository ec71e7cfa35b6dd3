
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Reports the result of a verification, for people and for scripts.
 */


#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "base/time_text.h"
#include "cli/admin.h"
#include "cli/output.h"
#include "cli/verify_report.h"
#include "trail/verify_json.h"


#define REPORT_AHEAD  60               /* seconds of tolerance of clocks */


static void report_warn(verify_t *c);
static void report_print(const verify_t *c,
    const paylock_export_header_t *header);
static void report_print_keys(const verify_t *c);
static void report_print_given_up(const verify_t *c);
static void report_when(uint64_t ms, char text[TIME_TEXT]);


int
verify_report(verify_t *c, const paylock_export_header_t *header)
{
    admin_t  *a;

    a = c->data;

    report_warn(c);

    if (output_is_text(a)) {
        report_print(c, header);
    }

    if (output_is_json(a)
        && output_print_json(a, verify_json(c, header)) != STATUS_DONE)
    {
        return c->ctl->error.status;
    }

    return verify_status(c);
}


static void
report_warn(verify_t *c)
{
    char                     when[TIME_TEXT];
    const paylock_verify_t  *v;

    v = &c->trail;

    verify_warn(c);

    if (c->signers == NULL) {
        control_warn(c->ctl, "unsigned", "", "make a key and a signers file "
                     "with \"paylock-admin keygen\"",
                     "there is no signers file: whoever may write to Redis can "
                     "forge the entries");
    }

    if (v->steps_back) {
        control_warn(c->ctl, "clock", "", "set the clocks of all machines by "
                     "NTP", "the clock goes back %" PRIu64 " times, by up to %"
                     PRIu64 " s, at entry %" PRIu64, v->steps_back,
                     (v->step_most + 999) / 1000, v->step_seq);
    }

    if (v->time_most / 1000 > (uint64_t) time(NULL) + REPORT_AHEAD) {
        report_when(v->time_most, when);
        control_warn(c->ctl, "clock", "", "set the clocks of all machines by "
                     "NTP", "an entry is of %s, which is yet to come", when);
    }
}


static void
report_print(const verify_t *c, const paylock_export_header_t *header)
{
    char                      from[TIME_TEXT], to[TIME_TEXT];
    size_t                    i;
    const paylock_witness_t  *w;
    const paylock_verify_t   *v;

    static const char *const  states[] = {
        "is not there", "fits", "differs", "was given up", "is archived"
    };

    v = &c->trail;

    (void) printf("chain    %s\n", v->chain);

    if (header && header->host.len) {
        (void) printf("host     ");
        text_print(stdout, header->host.data, header->host.len);
        (void) printf(", %" PRIu64 " other entries by their leaves only\n",
                      v->bare);
    }

    if (v->entries) {
        report_when(v->time_first, from);
        report_when(v->time_last, to);
        (void) printf("entries  %" PRIu64 ", from %" PRIu64 " to %" PRIu64
                      ", %s to %s\nhead     %s\n", v->entries, v->first,
                      v->seq, from, to, v->hash);
    }

    if (c->since.before.head.seq) {
        (void) printf("before   up to entry %" PRIu64 " it was verified here; "
                      "--full reads all again\n", c->since.before.head.seq);
    }

    report_print_keys(c);
    report_print_given_up(c);

    for (i = 0; i < c->n_witnesses; i++) {
        w = &c->witness[i];

        if (c->whole || i < v->next || w->state == PAYLOCK_WITNESS_DIFFERS) {
            (void) printf("witness  ");
            text_print(stdout, w->name, strlen(w->name));
            (void) printf(": entry %" PRIu64 " %s\n", w->seq,
                          states[w->state]);
        }
    }

    if (c->compared) {
        (void) printf("records  %" PRIu64 ", of which %" PRIu64 " are not as "
                      "the trail says\n", c->records, c->differ);
    }

    for (i = 0; i < VERIFY_HOSTS && c->host[i]; i++) {
        (void) printf("differs  %s\n", c->host[i]);
    }

    for (i = 0; i < c->n_faults; i++) {
        (void) printf("%-8s ", paylock_fault_names[c->fault[i].kind]);
        text_print(stdout, c->fault[i].text, strlen(c->fault[i].text));
        (void) putchar('\n');
    }
}


static void
report_print_given_up(const verify_t *c)
{
    size_t                     i;
    const paylock_given_up_t  *g;

    for (i = 0; i < c->trail.n_given_up; i++) {
        g = &c->trail.given_up[i];

        (void) printf("adopt    entry %" PRIu64, g->seq);

        if (g->signer) {
            (void) printf(" of %s", g->signer->name);
        }

        if (g->adopt.last) {
            (void) printf(" gave up %" PRIu64 " to %" PRIu64 " of chain %s",
                          g->adopt.first, g->adopt.last, g->adopt.chain);
        } else {
            (void) printf(" gave up nothing");
        }

        (void) putchar('\n');
    }
}


static void
report_print_keys(const verify_t *c)
{
    size_t                i;
    const paylock_key_t  *key;

    for (i = 0; i < c->trail.ring.n; i++) {
        key = &c->trail.ring.key[i];

        (void) printf("key      %s%s%s, %" PRIu64 " entries, since entry %"
                      PRIu64 "\n", key->signer ? key->signer->name : "",
                      key->signer ? " " : "", key->hex, key->entries,
                      key->first);
    }
}


static void
report_when(uint64_t ms, char text[TIME_TEXT])
{
    time_local(verify_seconds(ms), text);
}
