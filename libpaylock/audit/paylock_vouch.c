
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Why this is enough.  Each entry takes its "before" out and puts its "after"
 * in.  A host has one record at most, there and at the end.  So if the sums
 * agree, the entries of a host lead from its record there to the one that is
 * here now, each by a step that its signer may do: a "before" that is not true
 * leaves the sum of something that no record can make good.
 */


#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "paylock_record.h"
#include "paylock_rule.h"
#include "paylock_vouch.h"


static int paylock_vouch_entry(paylock_vouch_t *u, const paylock_entry_t *e,
    const paylock_signer_t *signer);
static int paylock_vouch_times(paylock_vouch_t *u, const paylock_entry_t *e,
    const paylock_signer_t *signer);
static void paylock_vouch_record(paylock_str_t text, paylock_record_t *record);
static int paylock_vouch_undo(paylock_vouch_t *u, const paylock_entry_t *e);
static void paylock_vouch_found(paylock_vouch_t *u, const paylock_entry_t *e);


int
paylock_vouch_begins(const paylock_signers_t *signers,
    const paylock_entry_t *e)
{
    const paylock_str_t     *key;
    const paylock_signer_t  *signer;

    key = &e->field[PAYLOCK_AUDIT_KEY];

    if (key->len == 0 || e->field[PAYLOCK_AUDIT_SIG].len == 0) {
        return 0;
    }

    /* an adopt says of all records what they are, and so does an init */

    signer = paylock_signers_find(signers, key->data);

    return signer
           && (paylock_signer_may(signer, paylock_string("adopt"))
               || paylock_verify_is(e, "init"));
}


void
paylock_vouch_begin(paylock_vouch_t *u, paylock_lattice_ctx_t *ctx,
    const char *chain, const char *realm, const paylock_signers_t *signers,
    uint64_t seq, const char hash[PAYLOCK_HASH_LEN])
{
    memset(u, 0, sizeof(paylock_vouch_t));

    paylock_verify_begin(&u->v, chain, realm, signers);

    u->ctx = ctx;
    u->seq = seq;
    memcpy(u->hash, hash, PAYLOCK_HASH_LEN);
}


void
paylock_vouch_free(paylock_vouch_t *u)
{
    paylock_verify_free(&u->v);
    memset(&u->v.ring, 0, sizeof(u->v.ring));
}


void
paylock_vouch_known(paylock_vouch_t *u, uint64_t seq,
    const char hash[PAYLOCK_HASH_LEN], const char root[PAYLOCK_HASH_LEN])
{
    u->base = seq;
    memcpy(u->base_hash, hash, PAYLOCK_HASH_LEN);
    memcpy(u->root, root, PAYLOCK_HASH_LEN);
}


int
paylock_vouch_back(paylock_vouch_t *u, const paylock_entry_t *e)
{
    const paylock_str_t     *key, *hash;
    const paylock_signer_t  *signer;

    key = &e->field[PAYLOCK_AUDIT_KEY];
    hash = &e->field[PAYLOCK_AUDIT_HASH];

    if (e->seq != u->seq || memcmp(hash->data, u->hash, PAYLOCK_HASH_LEN) != 0)
    {
        return paylock_verify_bad(&u->v, PAYLOCK_FAULT_FORK, u->seq,
                                  "entry %" PRIu64 " is not in its place",
                                  u->seq);
    }

    if (u->base == e->seq
        && memcmp(u->base_hash, u->hash, PAYLOCK_HASH_LEN) == 0)
    {
        return 0;
    }

    signer = key->len ? paylock_signers_find(u->v.signers, key->data) : NULL;

    if (paylock_vouch_entry(u, e, signer) != 0) {
        return -1;
    }

    if (paylock_vouch_begins(u->v.signers, e)) {
        paylock_vouch_found(u, e);
        return 0;
    }

    if (paylock_vouch_times(u, e, signer) != 0
        || paylock_vouch_undo(u, e) != 0)
    {
        return -1;
    }

    u->signer = signer;
    u->seq = e->seq - 1;
    memcpy(u->hash, e->field[PAYLOCK_AUDIT_PREV].data, PAYLOCK_HASH_LEN);

    return u->seq ? 1
           : paylock_verify_bad(&u->v, PAYLOCK_FAULT_KEY, e->seq,
                                "no entry is signed by somebody who may init "
                                "or adopt");
}


/*
 * The signature of a later entry covers this one: if it is of the same signer,
 * no other is needed.  What one signer says of another is not.
 */

static int
paylock_vouch_entry(paylock_vouch_t *u, const paylock_entry_t *e,
    const paylock_signer_t *signer)
{
    paylock_entry_t   bare;
    paylock_verify_t *v;

    v = &u->v;

    if (signer == NULL || signer != u->signer
        || paylock_vouch_begins(v->signers, e))
    {
        return paylock_verify_head(v, e);
    }

    bare = *e;
    bare.field[PAYLOCK_AUDIT_ROOT].len = 0;
    bare.field[PAYLOCK_AUDIT_SIG].len = 0;

    paylock_verify_from(v, e->seq - 1, e->field[PAYLOCK_AUDIT_PREV].data, "");

    return paylock_verify_entry(v, &bare);
}


/* A moment that is far away is no excuse for what the record says now. */

static int
paylock_vouch_times(paylock_vouch_t *u, const paylock_entry_t *e,
    const paylock_signer_t *signer)
{
    time_t             now;
    unsigned           needs;
    const char        *why;
    paylock_str_t      action, more;
    paylock_record_t   before, after;

    if (!paylock_entry_changes(e)) {
        return 0;
    }

    action = e->field[PAYLOCK_AUDIT_ACTION];
    now = time(NULL) + PAYLOCK_RULE_AHEAD;

    paylock_vouch_record(e->field[PAYLOCK_AUDIT_BEFORE], &before);
    paylock_vouch_record(e->field[PAYLOCK_AUDIT_AFTER], &after);

    if ((time_t) after.time[PAYLOCK_AT] <= now) {
        return 0;
    }

    why = paylock_rule_times(action, &before, &after, (uint32_t) now, &needs);
    more = paylock_rule_needs(needs);

    return why == NULL && (more.len == 0 || paylock_signer_may(signer, more))
           ? 0 : paylock_verify_bad(&u->v, PAYLOCK_FAULT_KEY, e->seq,
                                    "entry %" PRIu64 " of %s %s, today",
                                    e->seq, signer->name, why ? why
                                    : needs & PAYLOCK_RULE_OPENS
                                      ? "opens a host" : "closes a host");
}


static void
paylock_vouch_record(paylock_str_t text, paylock_record_t *record)
{
    if (text.len == 0
        || paylock_record_parse(text.data, text.len, record) != NULL)
    {
        memset(record, 0, sizeof(paylock_record_t));
    }
}


static int
paylock_vouch_undo(paylock_vouch_t *u, const paylock_entry_t *e)
{
    unsigned char         pair[PAYLOCK_PAIR];
    const paylock_str_t  *host, *before, *after;

    host = &e->field[PAYLOCK_AUDIT_HOST];
    before = &e->field[PAYLOCK_AUDIT_BEFORE];
    after = &e->field[PAYLOCK_AUDIT_AFTER];

    if (!paylock_entry_writes(e)) {
        return 0;
    }

    if ((after->len
         && (paylock_lattice_pair(u->ctx, host->data, host->len, after->data,
                                  after->len, pair) != 0
             || paylock_lattice_remove(u->ctx, &u->undo, pair) != 0))
        || (before->len
            && (paylock_lattice_pair(u->ctx, host->data, host->len,
                                     before->data, before->len, pair) != 0
                || paylock_lattice_add(u->ctx, &u->undo, pair) != 0)))
    {
        return paylock_verify_bad(&u->v, PAYLOCK_FAULT_MEMORY, e->seq,
                                  "the crypto library fails");
    }

    return 0;
}


static void
paylock_vouch_found(paylock_vouch_t *u, const paylock_entry_t *e)
{
    paylock_vouch_known(u, e->seq, e->field[PAYLOCK_AUDIT_HASH].data,
                        e->field[PAYLOCK_AUDIT_ROOT].data);
}


int
paylock_vouch_on(paylock_vouch_t *u, const paylock_entry_t *e)
{
    const paylock_str_t     *key;
    const paylock_signer_t  *signer;

    if (paylock_vouch_begins(u->v.signers, e)) {
        paylock_vouch_found(u, e);
        memset(&u->undo, 0, sizeof(paylock_lattice_t));
        return 0;
    }

    key = &e->field[PAYLOCK_AUDIT_KEY];
    signer = key->len ? paylock_signers_find(u->v.signers, key->data) : NULL;

    return signer && paylock_vouch_times(u, e, signer) != 0
           ? -1 : paylock_vouch_undo(u, e);
}


int
paylock_vouch_fits(const paylock_vouch_t *u, const paylock_lattice_t *l)
{
    char               root[PAYLOCK_HASH_LEN + 1];
    paylock_lattice_t  there;

    there = *l;
    paylock_lattice_join(&there, &u->undo);

    return paylock_lattice_root(u->ctx, &there, root) != 0 ? -1
           : strcmp(root, u->root) == 0;
}
