
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Prints what was changed, for people and for scripts.
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "change/change_answer.h"
#include "cli/change_run.h"
#include "cli/output.h"
#include "cli/state_print.h"


static void print_found(const change_run_t *run, size_t i, uint32_t now);
static void print_junk(change_run_t *run, const change_t *ch);
static void print_change(const change_run_t *run, const change_t *ch,
    uint32_t now);
static void print_difference(change_run_t *run, const change_t *ch,
    uint32_t now);
static void print_sum_text(const change_run_t *run, const change_sum_t *sum);


void
change_print_done(change_batch_t *b, size_t n)
{
    size_t           i;
    uint32_t         now;
    change_run_t    *run;
    const change_t  *ch;

    run = b->data;

    now = (uint32_t) time(NULL);

    for (i = b->done - n; i < b->done && b->repeated; i++) {
        print_found(run, i, now);
    }

    for (i = 0; i < n && !b->repeated; i++) {
        ch = &b->change[i];

        if (b->result[ch->i].found) {
            print_found(run, ch->i, now);
            continue;
        }

        print_junk(run, ch);

        if (run->expects && ch->before == NULL) {

            if (run->n_absent < NEAR_HOSTS) {
                run->absent[run->n_absent] = ch->host;
            }

            run->n_absent++;
        }

        if (run->report) {
            continue;
        }

        if (run->many) {
            print_difference(run, ch, now);

        } else if (output_is_text(run->a)) {
            progress_end(&run->a->progress);
            print_change(run, ch, now);
        }
    }
}


void
change_print_end(change_run_t *run)
{
    change_sum_t  sum;

    if (run->report) {
        run->report(run);
        return;
    }

    sum = change_sum(&run->batch);

    if (run->many && output_is_text(run->a)) {
        print_sum_text(run, &sum);
    }

    if (output_is_json(run->a)) {
        change_answer_write(stdout, &run->batch, run->waited);
    }

    if (sum.first) {
        run->a->ctl->changed = 1;
    }
}


void
change_warn_absent(change_run_t *run)
{
    char      mend[NEAR_TEXT + 512];
    size_t    i, n, len;
    near_t    near[NEAR_HOSTS];
    admin_t  *a;

    a = run->a;

    if (a->opt[OPT_QUIET]) {
        return;
    }

    n = run->n_absent < NEAR_HOSTS ? run->n_absent : NEAR_HOSTS;

    for (i = 0; i < n; i++) {
        near[i].host = run->absent[i];
    }

    near_find(a->ctl, near, n);

    for (i = 0; i < n; i++) {
        near_text(&near[i], mend);
        len = strlen(mend);

        if (strcmp(run->kind->action, "unlock") == 0 && !a->ctl->dry_run) {
            (void) snprintf(mend + len, sizeof(mend) - len,
                            "%s\"paylock-admin reset %s\" removes the one "
                            "that it has now", len ? " " : "", near[i].host);
        }

        control_warn(a->ctl, "no_record", near[i].host, mend,
                     "there was no record of \"%s\"", near[i].host);
    }

    if (run->n_absent > n) {
        control_warn(a->ctl, "no_record", "", NULL,
                     "there was no record of %zu "
                     "hosts more", run->n_absent - n);
    }
}


/* Prints a host that another run with this request id has done. */

static void
print_found(const change_run_t *run, size_t i, uint32_t now)
{
    change_t                ch;
    const change_result_t  *d;

    if (run->many || !output_is_text(run->a)) {
        return;
    }

    d = &run->batch.result[i];
    memset(&ch, 0, sizeof(change_t));

    ch.host = run->batch.host[i];
    ch.i = i;
    ch.after = d->after;
    ch.changed = d->changed;
    ch.seq = d->seq;

    print_change(run, &ch, now);
}


static void
print_junk(change_run_t *run, const change_t *ch)
{
    if (ch->junk) {
        progress_end(&run->a->progress);
        control_warn(run->a->ctl, "record", ch->host, NULL,
                     "the value of \"%s\" in Redis, which nginx passes over, "
                     "was no record: it %s", ch->host, ch->junk);
    }
}


static void
print_change(const change_run_t *run, const change_t *ch, uint32_t now)
{
    int                found;
    effective_state_t  state;
    const char        *ref;

    found = run->batch.result[ch->i].found;
    state = effective_state(ch->after, NULL, now);
    ref = json_string_value(json_object_get(ch->after, "ref"));

    (void) printf("%s: %s%s", ch->host,
                  !ch->changed ? "unchanged, "
                  : run->a->ctl->dry_run ? "would be " : "",
                  ch->changed && run->told ? run->told : "");

    if (ch->after) {
        state_print(stdout, &state, output_colours());

    } else if (ch->changed || !found) {
        (void) printf("without a record");

    } else {
        (void) printf("as it was found then");
    }

    if (paylock_record_protected(ch->after)) {
        (void) printf(", protected");
    }

    if (run->expects && ch->before == NULL && ch->after && !found) {
        (void) printf(", without a record before");
    }

    if (ref) {
        (void) printf(", ref %s", ref);
    }

    if (ch->seq) {
        (void) printf(", entry %" PRIu64, ch->seq);
    }

    (void) puts(found && ch->seq ? ", done before" : "");
}


/* For many hosts --dry-run prints only those that would be changed. */

static void
print_difference(change_run_t *run, const change_t *ch, uint32_t now)
{
    int                colours;
    effective_state_t  from, to;

    if (!ch->changed || !run->a->ctl->dry_run) {
        return;
    }

    progress_end(&run->a->progress);

    if (output_is_json(run->a)) {
        (void) output_print_json(run->a, json_pack("{s:s, s:O?, s:O?}", "host",
                                                     ch->host, "from",
                                                     ch->record,
                                                     "to", ch->after));

    } else if (output_is_text(run->a)) {
        colours = output_colours();
        from = effective_state(ch->record, NULL, now);
        to = effective_state(ch->after, NULL, now);

        (void) printf("%s: ", ch->host);

        if (ch->record) {
            state_print(stdout, &from, colours);

        } else {
            (void) printf("without a record");
        }

        (void) printf(" -> ");
        state_print(stdout, &to, colours);
        (void) putchar('\n');
    }
}


static void
print_sum_text(const change_run_t *run, const change_sum_t *sum)
{
    (void) printf("%zu %schanged, %zu unchanged", sum->changed,
                  run->a->ctl->dry_run ? "would be " : "",
                  run->batch.done - sum->changed);

    if (sum->first) {
        (void) printf(", entries %" PRIu64 " to %" PRIu64, sum->first,
                      sum->last);
    }

    (void) putchar('\n');
}
