
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


#define REPORT_AHEAD  60               /* seconds of tolerance of clocks */


static void report_warn(verify_t *c);
static void report_print(const verify_t *c,
    const paylock_export_header_t *header);
static void report_print_keys(const verify_t *c);
static void report_print_given_up(const verify_t *c);
static json_t *report_json(const verify_t *c,
    const paylock_export_header_t *header);
static json_t *report_json_keys(const verify_t *c);
static json_t *report_json_given_up(const verify_t *c);
static json_t *report_json_lists(const verify_t *c, json_t *o);
static void report_when(uint64_t ms, int local, char text[TIME_TEXT]);
static uint32_t report_seconds(uint64_t ms);


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
        && output_print_json(a, report_json(c, header)) != STATUS_DONE)
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
        report_when(v->time_most, 1, when);
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
        report_when(v->time_first, 1, from);
        report_when(v->time_last, 1, to);
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


static json_t *
report_json(const verify_t *c, const paylock_export_header_t *header)
{
    char                     from[TIME_TEXT], to[TIME_TEXT];
    json_t                  *o;
    const paylock_verify_t  *v;

    v = &c->trail;

    report_when(v->time_first, 0, from);
    report_when(v->time_last, 0, to);

    o = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:o, s:o, "
                  "s:b, s:o, s:o, s:o}",
                  "chain", v->chain,
                  "host", header ? text_json(header->host.data,
                                             header->host.len) : json_null(),
                  "first", number_json(v->first),
                  "seq", number_json(v->seq),
                  "hash", v->seq ? json_string(v->hash) : json_null(),
                  "before", number_json(c->since.before.head.seq),
                  "entries", (json_int_t) v->entries,
                  "leaves", (json_int_t) v->bare,
                  "unsigned", (json_int_t) v->plain,
                  "from", v->entries ? json_string(from) : json_null(),
                  "to", v->entries ? json_string(to) : json_null(),
                  "signers", c->signers != NULL,
                  "keys", report_json_keys(c),
                  "given_up", report_json_given_up(c),
                  "records", c->compared
                             ? json_integer((json_int_t) c->records)
                             : json_null());

    return o ? report_json_lists(c, o) : NULL;
}


static json_t *
report_json_keys(const verify_t *c)
{
    size_t                i;
    json_t               *keys;
    const paylock_key_t  *key;

    keys = json_array();

    for (i = 0; i < c->trail.ring.n; i++) {
        key = &c->trail.ring.key[i];

        (void) json_array_append_new(keys,
                   json_pack("{s:s, s:s?, s:I, s:I}", "key", key->hex,
                             "signer", key->signer ? key->signer->name : NULL,
                             "first", (json_int_t) key->first,
                             "entries", (json_int_t) key->entries));
    }

    return keys;
}


static json_t *
report_json_given_up(const verify_t *c)
{
    size_t                     i;
    json_t                    *list;
    const paylock_given_up_t  *g;

    list = json_array();

    for (i = 0; i < c->trail.n_given_up; i++) {
        g = &c->trail.given_up[i];

        (void) json_array_append_new(list,
                   json_pack("{s:I, s:s?, s:s, s:o, s:o}",
                             "adopt", (json_int_t) g->seq,
                             "signer", g->signer ? g->signer->name : NULL,
                             "chain", g->adopt.chain,
                             "first", number_json(g->adopt.first),
                             "last", number_json(g->adopt.last)));
    }

    return list;
}


static json_t *
report_json_lists(const verify_t *c, json_t *o)
{
    size_t                    i;
    json_t                   *witnesses, *hosts, *faults;
    const paylock_fault_t    *fault;
    const paylock_witness_t  *w;

    static const char *const  states[] = {
        "missing", "fits", "differs", "given up", "archived"
    };

    witnesses = json_array();
    hosts = json_array();
    faults = json_array();

    for (i = 0; i < c->n_witnesses; i++) {
        w = &c->witness[i];

        if (c->whole || i < c->trail.next
            || w->state == PAYLOCK_WITNESS_DIFFERS)
        {
            (void) json_array_append_new(witnesses,
                       json_pack("{s:o, s:I, s:s}",
                                 "name", text_json(w->name, strlen(w->name)),
                                 "seq", (json_int_t) w->seq,
                                 "state", states[w->state]));
        }
    }

    for (i = 0; i < VERIFY_HOSTS && c->host[i]; i++) {
        (void) json_array_append_new(hosts, text_json(c->host[i],
                                                      strlen(c->host[i])));
    }

    for (i = 0; i < c->n_faults; i++) {
        fault = &c->fault[i];

        (void) json_array_append_new(faults,
                   json_pack("{s:s, s:o, s:o}",
                             "kind", paylock_fault_names[fault->kind],
                             "seq", number_json(fault->seq),
                             "message", text_json(fault->text,
                                                  strlen(fault->text))));
    }

    if (json_object_set_new(o, "witnesses", witnesses) != 0
        || json_object_set_new(o, "differ",
                               json_integer((json_int_t) c->differ)) != 0
        || json_object_set_new(o, "hosts", hosts) != 0
        || json_object_set_new(o, "faults", faults) != 0)
    {
        json_decref(o);
        return NULL;
    }

    return o;
}


static void
report_when(uint64_t ms, int local, char text[TIME_TEXT])
{
    uint32_t  when;

    when = report_seconds(ms);

    if (local) {
        time_local(when, text);

    } else {
        time_utc(when, text);
    }
}


static uint32_t
report_seconds(uint64_t ms)
{
    return ms / 1000 < UINT32_MAX ? (uint32_t) (ms / 1000) : UINT32_MAX;
}
