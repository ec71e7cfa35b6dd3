
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What is said of flips: to the syslog, to people, to programs.
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "change/audit_syslog.h"
#include "change/change_batch.h"
#include "cli/output.h"
#include "records/effective_state.h"


/* all that became of the hosts, in numbers */

typedef struct {
    size_t    changed;
    uint64_t  first;                   /* seq; 0: none */
    uint64_t  last;
} flips_sum_t;


static void flips_repeated(flips_t *fs);
static void flips_journal(const flips_t *fs, size_t n);
static void flips_warn(flips_t *fs, const flip_t *f);
static void flips_print(const flips_t *fs, const flip_t *f, uint32_t now);
static void flips_difference(flips_t *fs, const flip_t *f, uint32_t now);
static flips_sum_t flips_sum(const flips_t *fs);
static void flips_print_sum(const flips_t *fs, const flips_sum_t *sum);
static void flips_json(const flips_t *fs, const flips_sum_t *sum);
static void flips_json_hosts(const flips_t *fs, int changed);


void
flips_did(flips_t *fs, size_t n)
{
    size_t         i;
    uint32_t       now;
    const flip_t  *f;

    if (fs->repeated) {
        flips_repeated(fs);
        return;
    }

    flips_journal(fs, n);

    now = (uint32_t) time(NULL);

    for (i = 0; i < n; i++) {
        f = &fs->flip[i];

        flips_warn(fs, f);

        if (fs->kind->expects && f->before == NULL) {

            if (fs->n_absent < NEAR_HOSTS) {
                fs->absent[fs->n_absent] = f->host;
            }

            fs->n_absent++;
        }

        if (fs->kind->report) {
            continue;
        }

        if (fs->kind->bulk) {
            flips_difference(fs, f, now);

        } else if (output_text(fs->admin)) {
            progress_end(&fs->progress);
            flips_print(fs, f, now);
        }
    }
}


void
flips_say(flips_t *fs)
{
    flips_sum_t  sum;

    if (fs->kind->report) {
        fs->kind->report(fs);
        return;
    }

    sum = flips_sum(fs);

    if (fs->kind->bulk && output_text(fs->admin)) {
        flips_print_sum(fs, &sum);
    }

    if (output_wants_json(fs->admin)) {
        flips_json(fs, &sum);
    }

    if (sum.first) {
        fs->admin->done = "the change is made";
    }
}


void
flips_absent(flips_t *fs)
{
    char      mend[NEAR_TEXT + 512];
    size_t    i, n, len;
    near_t    near[NEAR_HOSTS];
    admin_t  *a;

    a = fs->admin;

    if (a->opt[OPT_QUIET]) {
        return;
    }

    n = fs->n_absent < NEAR_HOSTS ? fs->n_absent : NEAR_HOSTS;

    for (i = 0; i < n; i++) {
        near[i].host = fs->absent[i];
    }

    near_find(a, near, n);

    for (i = 0; i < n; i++) {
        near_text(&near[i], mend);
        len = strlen(mend);

        if (strcmp(fs->kind->action, "unlock") == 0 && !a->opt[OPT_DRY_RUN]) {
            (void) snprintf(mend + len, sizeof(mend) - len,
                            "%s\"paylock-admin reset %s\" removes the one "
                            "that it has now", len ? " " : "", near[i].host);
        }

        admin_warn(a, "no_record", near[i].host, mend,
                   "there was no record of \"%s\"", near[i].host);
    }

    if (fs->n_absent > n) {
        admin_warn(a, "no_record", "", NULL, "there was no record of %zu "
                   "hosts more", fs->n_absent - n);
    }
}


static void
flips_repeated(flips_t *fs)
{
    size_t    i;
    flip_t    f;
    uint32_t  now;

    memset(&f, 0, sizeof(flip_t));
    now = (uint32_t) time(NULL);

    for (i = 0; i < fs->n && output_text(fs->admin); i++) {
        f.host = fs->host[i];
        f.after = fs->became[i].after;
        f.changed = fs->became[i].changed;
        f.seq = fs->became[i].seq;

        flips_print(fs, &f, now);
    }
}


static void
flips_journal(const flips_t *fs, size_t n)
{
    size_t         i;
    head_t         at;
    const flip_t  *f;

    at = fs->head;

    /* where nobody listens each would be a connection that is refused */

    if (access(_PATH_LOG, F_OK) != 0) {
        return;
    }

    for (i = 0; i < n; i++) {
        f = &fs->flip[i];

        if (f->seq) {
            at.seq = f->seq;
            strcpy(at.hash, f->hash);
            journal(fs->admin, &at, fs->kind->action, f->host, fs->actor,
                    fs->request);
        }
    }
}


static void
flips_warn(flips_t *fs, const flip_t *f)
{
    if (f->junk) {
        progress_end(&fs->progress);
        admin_warn(fs->admin, "record", f->host, NULL,
                   "the value of \"%s\" in Redis, which nginx passes over, "
                   "was no record: it %s", f->host, f->junk);
    }
}


static void
flips_print(const flips_t *fs, const flip_t *f, uint32_t now)
{
    state_t      state;
    const char  *ref;

    state = state_of(f->after, NULL, now);
    ref = json_string_value(json_object_get(f->after, "ref"));

    (void) printf("%s: %s%s", f->host,
                  !f->changed ? "unchanged, "
                  : fs->admin->opt[OPT_DRY_RUN] ? "would be " : "",
                  f->changed && fs->kind->told ? fs->kind->told : "");

    if (f->after) {
        state_print(stdout, &state, output_colours());

    } else if (f->changed || !fs->repeated) {
        (void) printf("without a record");

    } else {
        (void) printf("as it was found then");
    }

    if (paylock_record_protected(f->after)) {
        (void) printf(", protected");
    }

    if (fs->kind->expects && f->before == NULL && f->after && !fs->repeated) {
        (void) printf(", without a record before");
    }

    if (ref) {
        (void) printf(", ref %s", ref);
    }

    if (f->seq) {
        (void) printf(", entry %" PRIu64, f->seq);
    }

    (void) puts(fs->repeated && f->seq ? ", done before" : "");
}


/* Of many hosts only what would be changed is told one by one. */

static void
flips_difference(flips_t *fs, const flip_t *f, uint32_t now)
{
    int      colours;
    state_t  from, to;

    if (!f->changed || !fs->admin->opt[OPT_DRY_RUN]) {
        return;
    }

    progress_end(&fs->progress);

    if (output_wants_json(fs->admin)) {
        (void) output_json(fs->admin, json_pack("{s:s, s:O?, s:O?}", "host",
                                                f->host, "from", f->record,
                                                "to", f->after));

    } else if (output_text(fs->admin)) {
        colours = output_colours();
        from = state_of(f->record, NULL, now);
        to = state_of(f->after, NULL, now);

        (void) printf("%s: ", f->host);

        if (f->record) {
            state_print(stdout, &from, colours);

        } else {
            (void) printf("without a record");
        }

        (void) printf(" -> ");
        state_print(stdout, &to, colours);
        (void) putchar('\n');
    }
}


static flips_sum_t
flips_sum(const flips_t *fs)
{
    size_t              i;
    flips_sum_t         sum;
    const flip_done_t  *d;

    memset(&sum, 0, sizeof(flips_sum_t));

    for (i = 0; i < fs->done; i++) {
        d = &fs->became[i];
        sum.changed += d->changed;

        if (d->seq) {
            sum.first = sum.first && sum.first < d->seq ? sum.first : d->seq;
            sum.last = d->seq > sum.last ? d->seq : sum.last;
        }
    }

    return sum;
}


static void
flips_print_sum(const flips_t *fs, const flips_sum_t *sum)
{
    (void) printf("%zu %schanged, %zu unchanged", sum->changed,
                  fs->admin->opt[OPT_DRY_RUN] ? "would be " : "",
                  fs->done - sum->changed);

    if (sum->first) {
        (void) printf(", entries %" PRIu64 " to %" PRIu64, sum->first,
                      sum->last);
    }

    (void) putchar('\n');
}


/* An object that may be long, and so is not built before it is printed. */

static void
flips_json(const flips_t *fs, const flips_sum_t *sum)
{
    char    *rest;
    json_t  *o;

    o = json_pack("{s:o, s:o, s:s}", "first_seq", output_number(sum->first),
                  "last_seq", output_number(sum->last),
                  "request_id", fs->request);

    if (fs->admin->opt[OPT_DRY_RUN]) {
        (void) json_object_set_new(o, "dry_run", json_true());
    }

    if (fs->waited) {
        (void) json_object_set(o, "nodes", fs->waited);
    }

    rest = json_dumps(o, JSON_COMPACT|JSON_ENSURE_ASCII);
    json_decref(o);

    (void) printf("{\"changed\":[");
    flips_json_hosts(fs, 1);
    (void) printf("],\"unchanged\":[");
    flips_json_hosts(fs, 0);
    (void) printf("],%s\n", rest ? rest + 1 : "");

    free(rest);
}


static void
flips_json_hosts(const flips_t *fs, int changed)
{
    size_t       i;
    const char  *comma;

    comma = "";

    for (i = 0; i < fs->done; i++) {
        if (fs->became[i].changed == changed) {
            (void) printf("%s\"%s\"", comma, fs->host[i]);
            comma = ",";
        }
    }
}
