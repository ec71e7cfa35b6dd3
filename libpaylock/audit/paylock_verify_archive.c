
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Archives: a trail may begin behind entries that were moved into a file, if it
 * tells so itself, further on.
 */


#include <inttypes.h>
#include <string.h>

#include "paylock_verify_parts.h"


static const paylock_archive_t *paylock_verify_untold(
    const paylock_verify_t *v);
static void paylock_verify_behind_witness(const paylock_verify_t *v,
    paylock_witness_t *w);


void
paylock_verify_behind(paylock_verify_t *v,
    const char chain[PAYLOCK_CHAIN_LEN], const paylock_archive_t *a,
    int known)
{
    if (v->chain[0] == '\0') {
        memcpy(v->chain, chain, PAYLOCK_CHAIN_LEN);
    }

    paylock_verify_from(v, a->seq, a->hash, "");
    paylock_skip_copy(&v->skip, &a->skip);
    paylock_skip_copy(&v->covered_skip, &a->skip);

    v->whole = !known;
    v->archives = known != 0;
    v->first = a->seq + 1;
    v->behind = *a;

    while (v->next < v->n_witnesses && v->witness[v->next].seq <= a->seq) {
        paylock_verify_behind_witness(v, &v->witness[v->next++]);
    }
}


static void
paylock_verify_behind_witness(const paylock_verify_t *v, paylock_witness_t *w)
{
    const char  *hash;

    if (strcmp(w->chain, v->chain) != 0) {
        return;
    }

    hash = paylock_archive_hash(&v->behind, w->seq);

    w->state = hash == NULL ? PAYLOCK_WITNESS_ARCHIVED
               : memcmp(hash, w->hash, PAYLOCK_HASH_LEN) == 0
               ? PAYLOCK_WITNESS_FITS : PAYLOCK_WITNESS_DIFFERS;
}


uint64_t
paylock_verify_before(const paylock_entry_t *e,
    char hash[PAYLOCK_HASH_LEN + 1])
{
    paylock_adopt_t  adopt;

    if (!paylock_verify_is(e, "adopt")) {
        memcpy(hash, e->field[PAYLOCK_AUDIT_PREV].data, PAYLOCK_HASH_LEN);
        hash[PAYLOCK_HASH_LEN] = '\0';
        return e->seq - 1;
    }

    if (paylock_adopt_read(e, &adopt) != NULL) {
        return 0;
    }

    memcpy(hash, adopt.stays, sizeof(adopt.stays));

    return adopt.seq;
}


int
paylock_verify_tells(const paylock_entry_t *e, const char *realm,
    const paylock_signers_t *signers, paylock_archive_t *a)
{
    int                rc;
    paylock_verify_t   v;

    if (!paylock_verify_is(e, "archive")
        || paylock_archive_read(e, a) != NULL
        || paylock_entry_intact(e) != 1)
    {
        return 0;
    }

    if (signers == NULL) {
        return 1;
    }

    paylock_verify_begin(&v, NULL, realm, signers);
    rc = paylock_verify_head(&v, e);
    paylock_verify_free(&v);

    return rc == 0;
}


void
paylock_verify_archives(paylock_verify_t *v, const paylock_archive_t *a,
    size_t n)
{
    v->archive = a;
    v->n_archives = n;
}


/*
 * Earlier archives may be told of as well, before the one where the trail
 * begins: what they hold is before that.
 */

int
paylock_verify_archive(paylock_verify_t *v, const paylock_entry_t *e,
    const paylock_archive_t *a)
{
    const paylock_archive_t  *next;

    if (e->field[PAYLOCK_AUDIT_KEY].len && !e->field[PAYLOCK_AUDIT_SIG].len) {
        return paylock_verify_bad(v, PAYLOCK_FAULT_SIGNATURE, e->seq,
                                  "entry %" PRIu64 " archives others and has "
                                  "no signature of its own", e->seq);
    }

    next = paylock_verify_untold(v);

    if (!v->whole || (v->archives == 0 && a->seq < v->behind.seq)
        || (next && paylock_archive_same(a, next)))
    {
        return 0;
    }

    return paylock_verify_bad(v, PAYLOCK_FAULT_FORK, e->seq,
                              next == NULL
                              ? "entries up to %" PRIu64 " are here, and entry "
                                "%" PRIu64 " says that they are in an archive"
                              : "what is here up to entry %" PRIu64 " is not "
                                "what entry %" PRIu64 " has archived", a->seq,
                              e->seq);
}


void
paylock_verify_archive_told(paylock_verify_t *v, const paylock_archive_t *a)
{
    const paylock_archive_t  *next;

    next = paylock_verify_untold(v);

    if (v->whole && next && paylock_archive_same(a, next)) {
        v->archives++;
    }
}


/* What is archived is gone, even if the entry that says so is given up. */

void
paylock_verify_archive_stands(paylock_verify_t *v, const paylock_entry_t *e)
{
    paylock_archive_t  a;

    if (v->signers && paylock_verify_untold(v)
        && paylock_verify_tells(e, v->realm, v->signers, &a))
    {
        paylock_verify_archive_told(v, &a);
    }
}


int
paylock_verify_archives_end(paylock_verify_t *v)
{
    const paylock_archive_t  *next;

    next = paylock_verify_untold(v);

    if (next == NULL) {
        return 0;
    }

    return v->behind.seq
           ? paylock_verify_bad(v, PAYLOCK_FAULT_GAP, 1, "entries 1 to %"
                                PRIu64 " are missing: no good entry says that "
                                "they are in an archive", next->seq)
           : paylock_verify_bad(v, PAYLOCK_FAULT_FORK, next->seq, "no entry "
                                "says that those up to %" PRIu64 " are in an "
                                "archive of the SHA-256 %s", next->seq,
                                next->file);
}


/* The archive of which the trail has to tell next; NULL: of no more. */

static const paylock_archive_t *
paylock_verify_untold(const paylock_verify_t *v)
{
    if (v->behind.seq) {
        return v->archives ? NULL : &v->behind;
    }

    return v->archives < v->n_archives ? &v->archive[v->archives] : NULL;
}
