
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Sites that are never to be locked.  What is protected has an open record of
 * its own, which comes before that of any suffix and the server's default: so
 * nginx needs to know nothing of the mark.
 */


#include <string.h>

#include "change/change_ops.h"
#include "name.h"
#include "paylock_host.h"


static int protect_names(admin_t *a, char **name, size_t n);
static int protect_change(flips_t *fs, flip_t *f, uint32_t now);
static int protect_refused(flips_t *fs, const flip_t *f,
    const paylock_record_t *rec, uint32_t now);
static int unprotect_change(flips_t *fs, flip_t *f, uint32_t now);


int
cmd_protect(admin_t *a)
{
    int      status;
    char   **name;
    size_t   n;

    static const flip_kind_t  kind = {
        .action = "protect", .change = protect_change
    };

    if (change_check(a, OPT_REASON, CHANGE_REASON) != STATUS_DONE
        || names_read(a, &name, &n) != STATUS_DONE)
    {
        return a->problem.status;
    }

    status = protect_names(a, name, n);

    if (status == STATUS_DONE) {
        status = flips_hosts(a, &kind, name, n);
    }

    names_free(name, n);

    return status;
}


int
cmd_unprotect(admin_t *a)
{
    static const flip_kind_t  kind = {
        .action = "unprotect", .change = unprotect_change, .expects = 1
    };

    if (change_check(a, OPT_REASON, CHANGE_REASON) != STATUS_DONE) {
        return a->problem.status;
    }

    return flips_run(a, &kind);
}


/* An open suffix would not keep the names below it from being locked. */

static int
protect_names(admin_t *a, char **name, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {

        if (paylock_host_suffix(name[i], strlen(name[i]))) {
            (void) problem_set(&a->problem, STATUS_USAGE, "host",
                               "name the hosts below it one by one",
                               "the suffix \"%s\" cannot be protected",
                               name[i]);
            return problem_about(&a->problem, name[i]);
        }
    }

    return STATUS_DONE;
}


static int
protect_change(flips_t *fs, flip_t *f, uint32_t now)
{
    int                settled, status;
    paylock_time_e     t;
    paylock_record_t   rec;

    rec = change_times(f->record);

    status = protect_refused(fs, f, &rec, now);

    if (status != STATUS_DONE
        || (status = change_begin(fs, f, f->record, now)) != STATUS_DONE)
    {
        return status;
    }

    settled = paylock_record_protected(f->record)
              && paylock_timeline_stage(&rec, rec.time[PAYLOCK_AT],
                                        PAYLOCK_LOCKED) == PAYLOCK_OPEN;
    if (!settled) {

        if (paylock_timeline_stage(&rec, now, PAYLOCK_LOCKED)
            != PAYLOCK_OPEN)
        {
            change_time(f, PAYLOCK_OPEN_AT, now);
        }

        for (t = PAYLOCK_NOTICE_AT; t <= PAYLOCK_LOCK_AT; t++) {
            change_drop(f, paylock_time_names[t]);
        }

        change_settled(f);
        (void) json_object_set_new(f->after, PAYLOCK_PROTECTED, json_true());
    }

    change_text(f, "reason", fs->admin->opt[OPT_REASON]);

    return change_end(fs, f, !settled);
}


/* To open what somebody has closed is not what was asked for. */

static int
protect_refused(flips_t *fs, const flip_t *f, const paylock_record_t *rec,
    uint32_t now)
{
    if (f->junk) {
        return problem_set(&fs->admin->problem, STATUS_FAILED, "record",
                           "unlock or reset it first",
                           "what stands for \"%s\" in Redis is no record, so "
                           "that nginx may hold it locked", f->host);
    }

    if (change_case(rec, now)) {
        return problem_set(&fs->admin->problem, STATUS_FAILED, "locked",
                           "unlock it first",
                           "\"%s\" is closed or in notice, or is to be",
                           f->host);
    }

    return STATUS_DONE;
}


/* It stays open: "reset" is there for what comes after. */

static int
unprotect_change(flips_t *fs, flip_t *f, uint32_t now)
{
    int  status;

    if (!paylock_record_protected(f->record)) {
        f->after = json_incref(f->record);
        return STATUS_DONE;
    }

    status = change_begin(fs, f, f->record, now);

    if (status != STATUS_DONE) {
        return status;
    }

    change_drop(f, PAYLOCK_PROTECTED);
    change_drop(f, "reason");
    change_text(f, "reason", fs->admin->opt[OPT_REASON]);

    return change_end(fs, f, 0);
}
