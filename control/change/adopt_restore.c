
/*
 * Copyright (C) 2026 paylock contributors
 *
 * With signers the trail decides what the records are, and an adopt puts them
 * back as what stays of it says.  Records of which it says nothing stay, unless
 * they are to be dropped.
 *
 * Those whose entry is archived stay if all together have the root that was
 * signed.  If not, the files of the archives say what they are.
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "change/adopt_restore.h"
#include "trail/archived.h"
#include "trail/trust.h"
#include "trail/verify.h"


static int restore_archives(restore_t *r, verify_t *c);
static int restore_walk(restore_t *r, verify_t *c);
static void restore_entry(void *data, const paylock_entry_t *e);


int
adopt_verify(control_t *ctl, adopt_t *t)
{
    int                status;
    verify_t           c;
    restore_t          r;
    paylock_verify_t  *v;

    v = &ctl->trust;
    memset(&r, 0, sizeof(restore_t));
    r.ctl = ctl;
    r.adopt = t;

    adopt_forget(t);
    paylock_verify_free(v);

    status = restore_archives(&r, &c);

    if (status == STATUS_DONE) {
        status = restore_walk(&r, &c);
    }

    /* what the files of archives say is not looked at any more */

    paylock_verify_archives(v, NULL, 0);
    verify_free(&c);

    if (status == STATUS_DONE) {
        memset(&t->stays, 0, sizeof(head_t));

        t->stays.seq = v->covered;
        t->vouched = v->vouched;
        memcpy(t->stays.hash, v->covered_hash, sizeof(v->covered_hash));
        memcpy(t->stays.chain, v->chain, sizeof(v->chain));

        status = restore_compare(&r);
    }

    free(r.late);
    free(r.plain.pair);
    replay_free(&r.replay);

    return status;
}


/* Goes through the files of archives first, if there are any. */

static int
restore_archives(restore_t *r, verify_t *c)
{
    control_t  *ctl;

    ctl = r->ctl;
    memset(c, 0, sizeof(verify_t));

    c->ctl = ctl;
    c->signers = ctl->trust.signers;
    c->replay = &r->replay;
    c->archive_path = r->adopt->archive;
    c->n_paths = r->adopt->n_archives;

    if (verify_trail(c, NULL) != STATUS_DONE
        || verify_archives(c) != STATUS_DONE)
    {
        return ctl->error.status;
    }

    ctl->trust = c->trail;
    memset(&c->trail, 0, sizeof(paylock_verify_t));

    return c->n_faults == 0 ? STATUS_DONE
           : error_set(&ctl->error, STATUS_FAILED, "archive",
                       "give all files, the oldest first",
                       "the archives are not good: %s", c->fault[0].text);
}


/*
 * Then the stream, which must go on from there.  If it does by its hashes, the
 * entry that tells of the last file may be missing: another one is written.
 */

static int
restore_walk(restore_t *r, verify_t *c)
{
    uint64_t           first, before;
    control_t         *ctl;
    paylock_verify_t  *v;

    ctl = r->ctl;
    v = &ctl->trust;
    memset(&r->adopt->untold, 0, sizeof(paylock_archive_t));

    if (archived_first(ctl, &first, &before) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (c->n_archives && before != v->seq) {
        return error_set(&ctl->error, STATUS_FAILED, "archive",
                         "give all files of what is not in Redis, the oldest "
                         "first, or run the same without --archive",
                         "the audit trail \"%s\" in Redis at %s begins with "
                         "entry %" PRIu64 ", and those files end with entry %"
                         PRIu64, ctl->settings.audit, ctl->settings.where,
                         first, v->seq);
    }

    if (v->seq == 0 && archived_begin(ctl, v) != STATUS_DONE) {
        return ctl->error.status;
    }

    r->replay.archived = v->behind.seq;

    if (trust_walk(ctl, v, 0, restore_entry, r) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (v->archives + 1 == c->n_archives
        && v->covered > c->archive[v->archives].seq)
    {
        r->adopt->untold = c->archive[v->archives];

    } else if (v->archives < c->n_archives) {
        return error_set(&ctl->error, STATUS_FAILED, "archive",
                         "run the same without --archive",
                         "no good entry of the audit trail \"%s\" in Redis at "
                         "%s tells of these archives", ctl->settings.audit,
                         ctl->settings.where);
    }

    /* nobody has signed that the stream begins there */

    if (v->behind.seq && v->archives == 0) {
        v->covered = 0;
        v->covered_hash[0] = '\0';
    }

    return r->status;
}


/* What an adopt of before gave up was never signed. */

static void
restore_entry(void *data, const paylock_entry_t *e)
{
    uint64_t    differs;
    restore_t  *r;

    r = data;

    if (paylock_verify_is(e, "adopt")) {
        replay_adopt(&r->replay);
        r->adopt->over_hand = 0;
    }

    if (replay_entry(&r->replay, e) != 0) {
        r->status = control_no_memory(r->ctl);
    }

    if (r->ctl->trust.covered == e->seq || paylock_verify_is(e, "adopt")) {
        differs = replay_commit(&r->replay);

        if (r->adopt->over_hand == 0) {
            r->adopt->over_hand = differs;
        }
    }
}
