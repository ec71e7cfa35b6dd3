
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What lock, unlock and reset have in common.
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "confirm.h"
#include "flip.h"
#include "name.h"
#include "output.h"
#include "paylock_host.h"
#include "state.h"
#include "trust.h"
#include "wait.h"


static int flips_confirm(flips_t *fs, char **name, size_t n);
static int flips_prepare(flips_t *fs, char **name, size_t n);
static int flips_partly(flips_t *fs);
static void flips_remember(flips_t *fs);
static void flips_warn(const flips_t *fs);
static void flips_report(const flips_t *fs);
static void flips_print(const flips_t *fs, const flip_t *f, uint32_t now);


int
flips_run(admin_t *a, const flip_kind_t *kind)
{
    int       status;
    char    **name;
    size_t    n;
    flips_t   fs;

    memset(&fs, 0, sizeof(flips_t));

    fs.admin = a;
    fs.kind = kind;

    status = repeat_check(a);

    if (status == STATUS_DONE) {
        status = wait_check(a);
    }

    if (status == STATUS_DONE) {
        status = names_read(a, &name, &n);
    }

    if (status != STATUS_DONE) {
        return status;
    }

    status = flips_confirm(&fs, name, n);

    if (status == STATUS_DONE) {
        status = flips_prepare(&fs, name, n);
    }

    if (status == STATUS_DONE) {
        status = flips_commit(&fs);
        flips_warn(&fs);

        if (status != STATUS_DONE && fs.done) {
            status = flips_partly(&fs);
        }

        if (fs.done) {
            flips_remember(&fs);
        }

        /* people read what was done while nginx is waited for */

        if (status == STATUS_DONE && output_wants_json(a)) {
            status = flips_wait(&fs);
        }

        if (status == STATUS_DONE || status == STATUS_PARTLY) {
            flips_report(&fs);
        }

        if (status == STATUS_DONE && !output_wants_json(a)) {
            status = flips_wait(&fs);
        }
    }

    flips_free(&fs);
    names_free(name, n);

    return status;
}


/* A suffix stands for sites that nobody has counted. */

static int
flips_confirm(flips_t *fs, char **name, size_t n)
{
    size_t       i, suffix;
    char         matter[PAYLOCK_HOST_MAX * 2 + 64], question[32];
    const char  *p;

    for (i = 0; i < n && fs->kind->entry == NULL; i++) {
        suffix = paylock_host_suffix(name[i], strlen(name[i]));

        if (suffix == 0) {
            continue;
        }

        p = name[i] + suffix;
        (void) snprintf(matter, sizeof(matter), "\"%s\" stands for %s%sall "
                        "names below %s", name[i], suffix == 1 ? p : "",
                        suffix == 1 ? " and " : "", p);
        (void) snprintf(question, sizeof(question), "%s it?",
                        fs->kind->action);
        question[0] &= ~0x20;

        if (confirm(fs->admin, matter, question) != STATUS_DONE) {
            return problem_about(&fs->admin->problem, name[i]);
        }
    }

    return STATUS_DONE;
}


static int
flips_prepare(flips_t *fs, char **name, size_t n)
{
    int       status;
    size_t    i;
    admin_t  *a;

    a = fs->admin;

    status = settings_load(a);

    if (status != STATUS_DONE
        || (status = who_actor(a, &fs->actor)) != STATUS_DONE
        || (status = repeat_request(fs)) != STATUS_DONE
        || (status = chain_load(a, &fs->known)) != STATUS_DONE
        || (fs->known.seq && (status = trust_signer(a)) != STATUS_DONE))
    {
        return status;
    }

    who_machine(fs->machine);

    fs->flip = calloc(n, sizeof(flip_t));

    if (fs->flip == NULL) {
        return admin_memory(a);
    }

    for (i = 0; i < n; i++) {
        fs->flip[i].host = name[i];
    }

    fs->n = n;
    a->link = link_open(&a->settings, &a->problem);

    if (a->link == NULL) {
        return a->problem.status;
    }

    return fs->kind->begin ? fs->kind->begin(fs) : STATUS_DONE;
}


/* Some transactions were carried out before one was not. */

static int
flips_partly(flips_t *fs)
{
    char        why[sizeof(fs->admin->problem.message)];
    char        mend[sizeof(fs->admin->problem.mend)];
    problem_t  *p;

    p = &fs->admin->problem;

    if (p->status == STATUS_UNKNOWN) {
        return p->status;
    }

    memcpy(why, p->message, sizeof(why));
    memcpy(mend, p->mend, sizeof(mend));

    return problem_set(p, STATUS_PARTLY, p->code, mend,
                       "the first %zu of %zu hosts are done, those from "
                       "\"%s\" are not: %.1500s", fs->done, fs->n,
                       fs->flip[fs->done].host, why);
}


static void
flips_remember(flips_t *fs)
{
    problem_t  *p;
    problem_t   kept;

    if (fs->admin->opt[OPT_DRY_RUN]) {
        return;
    }

    p = &fs->admin->problem;
    kept = *p;

    if (chain_save(fs->admin, &fs->head) != STATUS_DONE) {
        admin_warn(fs->admin, p->code, "", p->mend, "%.1900s", p->message);
    }

    *p = kept;
}


static void
flips_warn(const flips_t *fs)
{
    size_t         i;
    const flip_t  *f;

    for (i = 0; i < fs->done; i++) {
        f = &fs->flip[i];

        if (f->junk) {
            admin_warn(fs->admin, "record", f->host, NULL,
                       "the value of \"%s\" in Redis, which nginx passes over, "
                       "was no record: it %s", f->host, f->junk);
        }
    }
}


static void
flips_report(const flips_t *fs)
{
    size_t         i;
    json_t        *o, *changed, *unchanged;
    admin_t       *a;
    uint32_t       now;
    uint64_t       first, last;
    const flip_t  *f;

    a = fs->admin;

    if (fs->kind->report) {
        fs->kind->report(fs);
        return;
    }

    now = (uint32_t) time(NULL);
    changed = json_array();
    unchanged = json_array();
    first = 0;
    last = 0;

    for (i = 0; i < fs->done; i++) {
        f = &fs->flip[i];

        (void) json_array_append_new(f->changed ? changed : unchanged,
                                     json_string(f->host));

        if (f->seq) {
            first = first ? first : f->seq;
            last = f->seq;
        }

        if (output_text(a)) {
            flips_print(fs, f, now);
        }
    }

    o = json_pack("{s:o, s:o, s:o, s:o, s:s}", "changed", changed,
                  "unchanged", unchanged, "first_seq", output_number(first),
                  "last_seq", output_number(last),
                  "request_id", fs->request);

    if (a->opt[OPT_DRY_RUN]) {
        (void) json_object_set_new(o, "dry_run", json_true());
    }

    if (fs->waited) {
        (void) json_object_set(o, "nodes", fs->waited);
    }

    (void) output_json(a, o);

    if (first) {
        a->done = "the change is made";
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

    if (ref) {
        (void) printf(", ref %s", ref);
    }

    if (f->seq) {
        (void) printf(", entry %" PRIu64, f->seq);
    }

    (void) puts(fs->repeated && f->seq ? ", done before" : "");
}
