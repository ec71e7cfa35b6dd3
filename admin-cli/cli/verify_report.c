
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What verification found, for people and for scripts.
 */


#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/output.h"
#include "text.h"
#include "time_text.h"
#include "trail/verify.h"


#define REPORT_AHEAD  60               /* seconds that clocks may differ */


static int report_vouched(const verify_t *c);
static void report_warn(verify_t *c);
static void report_print(const verify_t *c,
    const paylock_export_header_t *header);
static void report_print_keys(const verify_t *c);
static json_t *report_json(const verify_t *c,
    const paylock_export_header_t *header);
static json_t *report_json_keys(const verify_t *c);
static json_t *report_json_lists(const verify_t *c, json_t *o);
static void report_when(uint64_t ms, int local, char text[WHEN_MAX]);
static uint32_t report_seconds(uint64_t ms);


static const struct {
    int          status;
    const char  *mend;
} report_faults[PAYLOCK_FAULTS] = {
    [PAYLOCK_FAULT_EDIT] = { STATUS_TAMPERED, NULL },
    [PAYLOCK_FAULT_FORK] = { STATUS_TAMPERED, NULL },
    [PAYLOCK_FAULT_SIGNATURE] = { STATUS_TAMPERED, NULL },
    [PAYLOCK_FAULT_KEY] = { STATUS_TAMPERED, NULL },
    [PAYLOCK_FAULT_GAP] = { STATUS_INCOMPLETE, NULL },
    [PAYLOCK_FAULT_ROLLBACK] = { STATUS_INCOMPLETE,
      "find out what happened to this Redis; if the loss is final, declare it "
      "with \"paylock-admin adopt\"" },
    [PAYLOCK_FAULT_FLAGS] = { STATUS_FLAGS,
      "lock, unlock or reset what was changed by hand, so that the trail "
      "tells of it" },
    [PAYLOCK_FAULT_MEMORY] = { STATUS_FAILED, NULL }
};


int
verify_report(verify_t *c, const paylock_export_header_t *header)
{
    report_warn(c);

    if (output_text(c->admin)) {
        report_print(c, header);
    }

    if (output_wants_json(c->admin)
        && output_json(c->admin, report_json(c, header)) != STATUS_DONE)
    {
        return c->admin->problem.status;
    }

    return verify_status(c);
}


int
verify_status(verify_t *c)
{
    int                     status;
    size_t                  i;
    const char             *mend;
    const paylock_fault_t  *worst;

    static const char  compare[] = "change nothing here; compare with a "
                                   "backup, an export or a checkpoint";

    worst = NULL;

    for (i = 0; i < c->n_faults; i++) {
        if (worst == NULL || report_faults[c->fault[i].kind].status
                             < report_faults[worst->kind].status)
        {
            worst = &c->fault[i];
        }
    }

    if (worst) {
        status = report_faults[worst->kind].status;
        mend = report_faults[worst->kind].mend;

        return problem_set(&c->admin->problem, status,
                           paylock_fault_names[worst->kind],
                           mend ? mend : compare, "%s", worst->text);
    }

    if (report_vouched(c)) {
        return STATUS_DONE;
    }

    return problem_set(&c->admin->problem, STATUS_FAILED, "trust",
                       c->trail.begun
                       ? "if you were told that key, give it with --trust; a "
                         "checkpoint that was kept, with --checkpoint, "
                         "vouches as well"
                       : "verify it where the trail is known, or with a "
                         "--checkpoint that was kept",
                       c->trail.begun
                       ? "the trail fits together, but nothing known here "
                         "says that the key which began to sign it, %s, is "
                         "the right one"
                       : "the trail fits together, but it is not signed, and "
                         "nothing known here says that it is the right "
                         "one%s", c->trail.genesis);
}


/* Does anybody outside of Redis, or of the file, stand for this trail? */

static int
report_vouched(const verify_t *c)
{
    size_t                    i;
    const paylock_witness_t  *w;

    if (c->trail.vouched) {
        return 1;
    }

    for (i = 0; i < c->n_witnesses; i++) {
        w = &c->witness[i];

        if (!w->inside && (w->state == PAYLOCK_WITNESS_FITS
                           || (w->state == PAYLOCK_WITNESS_ADOPTED
                               && c->trail.begun == 0)))
        {
            return 1;
        }
    }

    return 0;
}


static void
report_warn(verify_t *c)
{
    char                     when[WHEN_MAX];
    const paylock_verify_t  *v;

    v = &c->trail;

    if (v->plain && v->begun == 0) {
        admin_warn(c->admin, "unsigned", "", "make a key with \"paylock-admin "
                   "keygen\", and add it with \"paylock-admin key add\"",
                   "the entries are not signed: whoever may write to Redis "
                   "can forge them");

    } else if (v->plain) {
        admin_warn(c->admin, "unsigned", "", NULL, "the %" PRIu64 " entries "
                   "before entry %" PRIu64 " are not signed", v->plain,
                   v->begun);
    }

    if (v->begun && !v->vouched) {
        admin_warn(c->admin, "key_unknown", "", "compare it with the one you "
                   "were told, and give it with --trust", "nothing known here "
                   "says that the key which began to sign at entry %" PRIu64
                   ", %s, is the right one", v->begun, v->genesis);
    }

    if (v->missing) {
        admin_warn(c->admin, "missing", "", NULL, "%" PRIu64 " entries are "
                   "missing, as %" PRIu64 " that adopt declare", v->missing,
                   v->adopts);
    }

    if (v->steps_back) {
        admin_warn(c->admin, "clock", "", "set the clocks of all machines by "
                   "NTP", "the clock goes back %" PRIu64 " times, by up to %"
                   PRIu64 " s, at entry %" PRIu64, v->steps_back,
                   (v->step_most + 999) / 1000, v->step_seq);
    }

    if (v->time_most / 1000 > (uint64_t) time(NULL) + REPORT_AHEAD) {
        report_when(v->time_most, 1, when);
        admin_warn(c->admin, "clock", "", "set the clocks of all machines by "
                   "NTP", "an entry is of %s, which is yet to come", when);
    }
}


static void
report_print(const verify_t *c, const paylock_export_header_t *header)
{
    char                      from[WHEN_MAX], to[WHEN_MAX];
    size_t                    i;
    const paylock_witness_t  *w;
    const paylock_verify_t   *v;

    static const char *const  states[] = {
        "is not there", "fits", "differs", "is declared lost"
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

    report_print_keys(c);

    for (i = 0; i < c->n_witnesses; i++) {
        w = &c->witness[i];

        if (c->whole || i < v->next) {
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

        if (c->fault[i].adopted) {
            (void) printf("; entry %" PRIu64 " adopts that",
                          c->fault[i].adopted);
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

        (void) printf("key      %s, %" PRIu64 " entries, since entry %" PRIu64,
                      key->hex, key->entries, key->added);

        if (key->revoked) {
            (void) printf(", revoked by entry %" PRIu64, key->revoked);
        }

        (void) putchar('\n');
    }
}


static json_t *
report_json(const verify_t *c, const paylock_export_header_t *header)
{
    char                     from[WHEN_MAX], to[WHEN_MAX];
    json_t                  *o;
    const paylock_verify_t  *v;

    v = &c->trail;

    report_when(v->time_first, 0, from);
    report_when(v->time_last, 0, to);

    o = json_pack("{s:s, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:o, "
                  "s:o, s:o, s:o}",
                  "chain", v->chain,
                  "host", header ? text_json(header->host.data,
                                             header->host.len) : json_null(),
                  "first", output_number(v->first),
                  "seq", output_number(v->seq),
                  "hash", v->seq ? json_string(v->hash) : json_null(),
                  "entries", (json_int_t) v->entries,
                  "leaves", (json_int_t) v->bare,
                  "unsigned", (json_int_t) v->plain,
                  "missing", (json_int_t) v->missing,
                  "from", v->entries ? json_string(from) : json_null(),
                  "to", v->entries ? json_string(to) : json_null(),
                  "genesis", v->begun ? json_string(v->genesis) : json_null(),
                  "keys", report_json_keys(c),
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
                   json_pack("{s:s, s:I, s:o, s:I}", "key", key->hex,
                             "added", (json_int_t) key->added,
                             "revoked", output_number(key->revoked),
                             "entries", (json_int_t) key->entries));
    }

    return keys;
}


static json_t *
report_json_lists(const verify_t *c, json_t *o)
{
    size_t                    i;
    json_t                   *witnesses, *hosts, *faults;
    const paylock_fault_t    *fault;
    const paylock_witness_t  *w;

    static const char *const  states[] = {
        "missing", "fits", "differs", "adopted"
    };

    witnesses = json_array();
    hosts = json_array();
    faults = json_array();

    for (i = 0; i < c->n_witnesses; i++) {
        w = &c->witness[i];

        if (c->whole || i < c->trail.next) {
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
                   json_pack("{s:s, s:o, s:o, s:o}",
                             "kind", paylock_fault_names[fault->kind],
                             "seq", output_number(fault->seq),
                             "message", text_json(fault->text,
                                                  strlen(fault->text)),
                             "adopted", output_number(fault->adopted)));
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
report_when(uint64_t ms, int local, char text[WHEN_MAX])
{
    uint32_t  when;

    when = report_seconds(ms);

    if (local) {
        when_local(when, text);

    } else {
        when_utc(when, text);
    }
}


static uint32_t
report_seconds(uint64_t ms)
{
    return ms / 1000 < UINT32_MAX ? (uint32_t) (ms / 1000) : UINT32_MAX;
}
