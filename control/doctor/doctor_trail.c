
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Checks the audit trail: that it continues what this machine remembers, that
 * its last entries are a chain, and that the operator's key is trusted.
 */


#include <inttypes.h>
#include <string.h>

#include "doctor/doctor.h"
#include "trail/head.h"
#include "trail/trail.h"
#include "trail/trust.h"


#define TRAIL_LAST  1000               /* entries that are checked, at most */


typedef struct {
    uint64_t     entries;
    uint64_t     seq;                  /* of the entry checked before */
    int          adopts;               /* that one may follow a loss */
    char         prev[PAYLOCK_HASH_LEN + 1];
    char         bad[64];              /* id of the first bad entry */
    const char  *why;
} trail_check_t;


static void doctor_trail_chain(doctor_t *d);
static void doctor_trail_links(doctor_t *d);
static int doctor_trail_entry(void *data, const char *id,
    const paylock_entry_t *e, const char *why);
static void doctor_trail_key(doctor_t *d);


void
doctor_trail(doctor_t *d)
{
    if (known_head_load(d->ctl, &d->known) != STATUS_DONE) {
        doctor_failed(d, "chain");
        doctor_trail_links(d);
        return;
    }

    doctor_trail_links(d);
    doctor_trail_chain(d);
    doctor_trail_key(d);
}


/* Verifies the entries after the remembered head, as before a change. */

static void
doctor_trail_chain(doctor_t *d)
{
    control_t  *ctl;
    stream_t    s;

    ctl = d->ctl;

    if (d->known.seq == 0) {
        doctor_say(d, DOCTOR_PROBLEM, "chain",
                   "run \"paylock-admin init\": before that nothing can be "
                   "changed from here", "this machine knows no audit trail of "
                   "Redis at %s", ctl->settings.where);
        return;
    }

    if (d->looks) {
        doctor_say(d, DOCTOR_NOTE, "chain", "\"paylock-admin audit verify\" "
                   "compares all of it", "whether it is the trail known here "
                   "is not looked at for a user who only reads");
        return;
    }

    if (head_read(ctl, &s) != STATUS_DONE
        || head_judge(ctl, &d->known, &s) != STATUS_DONE
        || trust_follow(ctl, &s) != STATUS_DONE
        || trust_root(ctl, &s) != STATUS_DONE)
    {
        doctor_failed(d, "chain");
        return;
    }

    d->sound = 1;

    doctor_say(d, DOCTOR_OK, "chain", NULL, "chain %s goes on from entry %"
               PRIu64 ", the last one seen from here, to entry %" PRIu64,
               s.head.chain, d->known.seq, s.head.seq);
}


static void
doctor_trail_links(doctor_t *d)
{
    char           mend[128];
    trail_check_t  c;

    memset(&c, 0, sizeof(trail_check_t));

    if (trail_last(d->ctl, TRAIL_LAST, doctor_trail_entry, &c) != STATUS_DONE) {
        doctor_failed(d, "entries");
        return;
    }

    if (c.why) {
        (void) snprintf(mend, sizeof(mend), "\"paylock-admin audit verify\" "
                        "says more; compare with a backup or an export");
        doctor_say(d, DOCTOR_PROBLEM, "entries", mend,
                   "entry %s of the audit trail %s", c.bad, c.why);
        return;
    }

    doctor_say(d, DOCTOR_OK, "entries", NULL, "the last %" PRIu64 " entries "
               "fit together; \"paylock-admin audit verify\" looks at all",
               c.entries);
}


/* Called from the last entry backwards. */

static int
doctor_trail_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    trail_check_t        *c;
    const paylock_str_t  *prev;

    c = data;

    if (why == NULL && paylock_entry_intact(e) != 1) {
        why = "does not carry the hash of its contents";

    } else if (why == NULL && c->entries && !c->adopts
               && (e->seq + 1 != c->seq
                   || memcmp(e->field[PAYLOCK_AUDIT_HASH].data, c->prev,
                             PAYLOCK_HASH_LEN) != 0))
    {
        why = "is not the one that the next one follows";
    }

    if (why) {
        c->why = why;
        (void) snprintf(c->bad, sizeof(c->bad), "%s", id);
        return 0;
    }

    prev = &e->field[PAYLOCK_AUDIT_PREV];
    (void) snprintf(c->prev, sizeof(c->prev), "%.*s", (int) prev->len,
                    prev->data);

    c->adopts = paylock_verify_is(e, "adopt");
    c->seq = e->seq;
    c->entries++;

    return 1;
}


static void
doctor_trail_key(doctor_t *d)
{
    control_t  *ctl;

    ctl = d->ctl;

    if (control_load_key(ctl) != STATUS_DONE) {
        doctor_failed(d, "key");
        return;
    }

    if (ctl->trust.signers == NULL) {
        doctor_say(d, DOCTOR_NOTE, "signers", "make a key and a signers file "
                   "with \"paylock-admin keygen\"", "there is no signers file: "
                   "what Redis says is believed, and whoever may write to it "
                   "can forge it");
        return;
    }

    doctor_say(d, DOCTOR_OK, "signers", NULL, "the signers file \"%s\" names "
               "whose signatures count", ctl->signers.path);

    if (ctl->signer.key == NULL) {
        doctor_say(d, d->looks || d->known.seq == 0 ? DOCTOR_NOTE
                                                    : DOCTOR_PROBLEM, "key",
                   "make one with \"paylock-admin keygen\", or name yours "
                   "with --key", "there is no key here to sign changes with");
        return;
    }

    if (!d->sound) {
        doctor_say(d, DOCTOR_NOTE, "key", NULL, "whether your key %s counts "
                   "is not known, as the chain is not", ctl->signer.public);
        return;
    }

    if (trust_counts(ctl, "lock") != STATUS_DONE) {
        doctor_failed(d, "key");
        return;
    }

    doctor_say(d, DOCTOR_OK, "key", NULL, "your key %s counts",
               ctl->signer.public);
}
