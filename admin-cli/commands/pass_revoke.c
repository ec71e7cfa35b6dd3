
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>
#include <time.h>

#include "change/change_ops.h"
#include "change/pass_entry.h"
#include "name.h"
#include "trail/trail.h"


/* the latest pass of each host, if it is dated later than now */

typedef struct {
    json_t    *latest;
    uint32_t   now;
    admin_t   *admin;
} revoke_t;


static int revoke_begin(flips_t *fs);
static int revoke_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why);
static int revoke_note(revoke_t *r, const char *host, uint32_t issued);
static int revoke_change(flips_t *fs, flip_t *f, uint32_t now);


int
cmd_pass_revoke(admin_t *a)
{
    int          status;
    revoke_t     r;
    flip_kind_t  kind = {
        .action = "pass-revoke", .change = revoke_change, .data = &r,
        .inherits = 1, .begin = revoke_begin, .told = "passes revoked, "
    };

    r.admin = a;
    r.now = (uint32_t) time(NULL);
    r.latest = json_object();

    status = r.latest ? flips_run(a, &kind) : admin_memory(a);

    json_decref(r.latest);

    return status;
}


/*
 * Where a clock is ahead, or behind another revocation, passes are dated
 * later than now; these are to be refused as well.
 */

static int
revoke_begin(flips_t *fs)
{
    int        status;
    revoke_t  *r;

    r = (revoke_t *) fs->kind->data;
    status = trail_forwards(fs->admin, revoke_entry, r);

    return status == STATUS_DONE ? fs->admin->problem.status : status;
}


static int
revoke_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    int        ok;
    char       host[256], **name;
    size_t     i, n;
    issued_t   issued;
    revoke_t  *r;

    (void) id;

    r = data;

    if (why || !issued_read(e, &issued) || issued.issued < r->now
        || !issued_text(&e->field[PAYLOCK_AUDIT_HOST], host, sizeof(host)))
    {
        return 1;
    }

    if (names_holders(r->admin, host, &name, &n) != STATUS_DONE) {
        return 0;
    }

    for (i = 0, ok = 1; ok && i < n; i++) {
        ok = revoke_note(r, name[i], issued.issued);
    }

    names_free(name, n);

    return ok;
}


static int
revoke_note(revoke_t *r, const char *host, uint32_t issued)
{
    if (issued <= json_integer_value(json_object_get(r->latest, host))
        || json_object_set_new(r->latest, host, json_integer(issued)) == 0)
    {
        return 1;
    }

    (void) admin_memory(r->admin);

    return 0;
}


/* Those of this very second are refused as well. */

static int
revoke_change(flips_t *fs, flip_t *f, uint32_t now)
{
    int              status;
    uint32_t         last;
    json_int_t       latest;
    const revoke_t  *r;

    r = fs->kind->data;

    if (f->junk) {
        return problem_set(&fs->admin->problem, STATUS_FAILED, "record",
                           "lock, unlock or reset it first",
                           "what stands for \"%s\" in Redis is no record, so "
                           "that another one might end what nginx holds",
                           f->host);
    }

    status = change_begin(fs, f, f->record, now);

    if (status != STATUS_DONE) {
        return status;
    }

    latest = json_integer_value(json_object_get(r->latest, f->host));
    last = now > f->holder.pass_after ? now : f->holder.pass_after;
    last = latest > last ? (uint32_t) latest : last;

    change_time(f, PAYLOCK_PASS_AFTER, last < UINT32_MAX ? last + 1 : last);

    return change_end(fs, f, 1);
}
