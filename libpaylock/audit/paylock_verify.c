
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "paylock_sign.h"
#include "paylock_verify_parts.h"


#define PAYLOCK_STEP  1000             /* ms; smaller steps are not counted */


static int paylock_verify_first(paylock_verify_t *v, const paylock_link_t *l);
static void paylock_verify_clock(paylock_verify_t *v,
    const paylock_entry_t *e);


const char *const  paylock_fault_names[PAYLOCK_FAULTS] = {
    [PAYLOCK_FAULT_NONE] = "none",
    [PAYLOCK_FAULT_EDIT] = "edit",
    [PAYLOCK_FAULT_GAP] = "gap",
    [PAYLOCK_FAULT_FORK] = "fork",
    [PAYLOCK_FAULT_SIGNATURE] = "signature",
    [PAYLOCK_FAULT_KEY] = "key",
    [PAYLOCK_FAULT_ROLLBACK] = "rollback",
    [PAYLOCK_FAULT_FLAGS] = "flags",
    [PAYLOCK_FAULT_MEMORY] = "memory"
};


static const char  paylock_zeros[] = "00000000000000000000000000000000"
                                     "00000000000000000000000000000000";


void
paylock_verify_begin(paylock_verify_t *v, const char *chain, const char *realm,
    const paylock_signers_t *signers)
{
    memset(v, 0, sizeof(paylock_verify_t));

    (void) snprintf(v->chain, sizeof(v->chain), "%s", chain ? chain : "");
    v->realm = realm;
    v->signers = signers;
    v->whole = 1;
}


void
paylock_verify_from(paylock_verify_t *v, uint64_t seq,
    const char hash[PAYLOCK_HASH_LEN], const char *root)
{
    v->seq = seq;
    v->first = seq;
    v->covered = seq;
    v->vouched = seq;
    v->pinned = seq;
    v->whole = 0;
    v->row.seq = 0;
    v->fault.kind = PAYLOCK_FAULT_NONE;
    paylock_skip_from(&v->skip, seq, hash);
    paylock_skip_copy(&v->covered_skip, &v->skip);
    (void) snprintf(v->hash, sizeof(v->hash), "%.*s", PAYLOCK_HASH_LEN, hash);
    memcpy(v->covered_hash, v->hash, sizeof(v->hash));
    (void) snprintf(v->root, sizeof(v->root), "%s", root);
}


void
paylock_verify_free(paylock_verify_t *v)
{
    paylock_keyring_free(&v->ring);
    paylock_verify_hosts_free(v);
    free(v->given_up);
    v->given_up = NULL;
    v->n_given_up = 0;
}


int
paylock_verify_entry(paylock_verify_t *v, const paylock_entry_t *e)
{
    char              leaf[PAYLOCK_HASH_LEN + 1];
    char              hash[PAYLOCK_HASH_LEN + 1];
    const char       *why;
    paylock_link_t    l;
    paylock_key_t    *key;
    paylock_adopt_t   adopt;
    paylock_archive_t archive;

    l.seq = e->seq;
    l.chain = e->field[PAYLOCK_AUDIT_CHAIN].data;
    l.prev = e->field[PAYLOCK_AUDIT_PREV].data;
    l.skip = e->field[PAYLOCK_AUDIT_SKIP].data;
    l.hash = e->field[PAYLOCK_AUDIT_HASH].data;
    l.init = paylock_verify_is(e, "init");
    l.sig = e->field[PAYLOCK_AUDIT_SIG].len != 0;
    l.adopt = paylock_verify_is(e, "adopt") ? &adopt : NULL;

    if (paylock_entry_leaf(e, leaf) != 0
        || paylock_entry_link(l.chain, l.seq, l.prev, l.skip, leaf, hash) != 0)
    {
        return paylock_verify_bad(v, PAYLOCK_FAULT_MEMORY, e->seq,
                                  "out of memory");
    }

    if (memcmp(hash, l.hash, PAYLOCK_HASH_LEN) != 0) {
        return paylock_verify_bad(v, PAYLOCK_FAULT_EDIT, e->seq,
                                  "entry %" PRIu64 " is not what was written: "
                                  "its hash is not that of its contents",
                                  e->seq);
    }

    archive.seq = 0;
    why = l.adopt ? paylock_adopt_read(e, &adopt)
          : paylock_verify_is(e, "archive") ? paylock_archive_read(e, &archive)
          : NULL;

    if (why) {
        return paylock_verify_bad(v, PAYLOCK_FAULT_EDIT, e->seq, "entry %"
                                  PRIu64 " %s", e->seq, why);
    }

    if (paylock_verify_place(v, &l) != 0
        || (!v->path && paylock_verify_skip(v, &l) != 0)
        || (!v->path && archive.seq
            && paylock_verify_archive(v, e, &archive) != 0)
        || paylock_verify_row(v, e) != 0
        || paylock_verify_key(v, e, &key) != 0
        || paylock_verify_pins(v, &l, key ? key->signer : NULL) != 0)
    {
        return -1;
    }

    if (key && paylock_verify_sig(v, &l, key, &e->field[PAYLOCK_AUDIT_ROOT],
                                  &e->field[PAYLOCK_AUDIT_SIG]) != 0)
    {
        return -1;
    }

    if (v->path && paylock_verify_prior(v, e) != 0) {
        return -1;
    }

    if (l.adopt
        && paylock_verify_give_up(v, &l, key ? key->signer : NULL) != 0)
    {
        return -1;
    }

    if (key) {
        key->first = key->first ? key->first : e->seq;
        key->entries++;

    } else {
        v->plain++;
    }

    if (archive.seq) {
        paylock_verify_archive_told(v, &archive);
    }

    paylock_verify_clock(v, e);
    paylock_verify_accept(v, &l);

    return 0;
}


int
paylock_verify_unreadable(paylock_verify_t *v, const char *why)
{
    return paylock_verify_bad(v, PAYLOCK_FAULT_EDIT, v->seq + 1,
                              "what is in the place of entry %" PRIu64
                              " is not an entry: it %s", v->seq + 1, why);
}


int
paylock_verify_end(paylock_verify_t *v)
{
    if (v->row.seq || (v->signers && v->covered != v->seq)) {
        return paylock_verify_bad(v, PAYLOCK_FAULT_SIGNATURE, v->seq,
                                  "entry %" PRIu64 " is the last one and is "
                                  "not signed", v->seq);
    }

    return paylock_verify_archives_end(v) == 0 ? paylock_verify_pins_end(v)
                                               : -1;
}


int
paylock_verify_checkpoint(paylock_verify_t *v, const paylock_checkpoint_t *c)
{
    paylock_key_t  *key;

    if (paylock_verify_usable(v, c->seq, c->key, &key) != 0) {
        return -1;
    }

    if (strcmp(c->realm, v->realm) != 0
        || strcmp(c->chain, v->chain) != 0 || c->seq != v->seq
        || strcmp(c->hash, v->hash) != 0)
    {
        return paylock_verify_bad(v, PAYLOCK_FAULT_FORK, c->seq,
                                  "the checkpoint at the end, of entry %"
                                  PRIu64 ", is of another trail", c->seq);
    }

    return 0;
}


/*
 * Does it follow the entry before it?  Only an adopt may leave a gap, or be
 * the first entry without being the init.
 */

int
paylock_verify_place(paylock_verify_t *v, const paylock_link_t *l)
{
    if (v->chain[0] && strncmp(v->chain, l->chain, PAYLOCK_CHAIN_LEN) != 0) {
        return paylock_verify_bad(v, PAYLOCK_FAULT_FORK, l->seq,
                                  "entry %" PRIu64 " is of chain %.*s, not of "
                                  "%s", l->seq, PAYLOCK_CHAIN_LEN, l->chain,
                                  v->chain);
    }

    if (l->seq <= v->seq) {
        return paylock_verify_bad(v, PAYLOCK_FAULT_FORK, l->seq,
                                  "entry %" PRIu64 " comes again after entry "
                                  "%" PRIu64, l->seq, v->seq);
    }

    if (l->seq != v->seq + 1 && !l->adopt && (!v->path || v->seq == 0)) {
        return paylock_verify_bad(v, PAYLOCK_FAULT_GAP, v->seq + 1,
                                  l->seq == v->seq + 2
                                  ? "entry %" PRIu64 " is missing"
                                  : "entries %" PRIu64 " to %" PRIu64
                                    " are missing",
                                  v->seq + 1, l->seq - 1);
    }

    if (l->adopt && (!v->path || v->seq == 0)
        && (l->adopt->seq != v->seq || strcmp(l->adopt->stays, v->hash) != 0))
    {
        return paylock_verify_bad(v, PAYLOCK_FAULT_FORK, l->seq,
                                  "entry %" PRIu64 " does not resume entry %"
                                  PRIu64 ", which is the last good one before "
                                  "it", l->seq, v->seq);
    }

    if (v->seq == 0) {
        return paylock_verify_first(v, l);
    }

    if (v->path) {
        return paylock_verify_way(v, l);
    }

    if (l->init || memcmp(l->prev, v->hash, PAYLOCK_HASH_LEN) != 0) {
        return paylock_verify_bad(v, PAYLOCK_FAULT_FORK, l->seq,
                                  "entry %" PRIu64 " does not follow entry %"
                                  PRIu64 " as it is here", l->seq, v->seq);
    }

    return 0;
}


static int
paylock_verify_first(paylock_verify_t *v, const paylock_link_t *l)
{
    if (!l->adopt && (!l->init || memcmp(l->prev, paylock_zeros,
                                         PAYLOCK_HASH_LEN) != 0))
    {
        return paylock_verify_bad(v, PAYLOCK_FAULT_FORK, l->seq,
                                  "entry %" PRIu64 " does not begin a trail",
                                  l->seq);
    }

    return 0;
}


int
paylock_verify_skip(paylock_verify_t *v, const paylock_link_t *l)
{
    const char  *skip;

    skip = paylock_skip_find(&v->skip, l->seq);

    return skip == NULL || memcmp(l->skip, skip, PAYLOCK_HASH_LEN) == 0 ? 0
           : paylock_verify_bad(v, PAYLOCK_FAULT_FORK, l->seq,
                                "the skip of entry %" PRIu64 " does not lead "
                                "to the last entry up to %" PRIu64 " as it is "
                                "here", l->seq, paylock_skip_target(l->seq));
}


void
paylock_verify_accept(paylock_verify_t *v, const paylock_link_t *l)
{
    if (v->seq == 0) {
        v->first = l->seq;
    }

    if (v->chain[0] == '\0') {
        memcpy(v->chain, l->chain, PAYLOCK_CHAIN_LEN);
    }

    v->seq = l->seq;
    v->pinned = l->seq;
    v->entries++;
    memcpy(v->hash, l->hash, PAYLOCK_HASH_LEN);
    paylock_skip_add(&v->skip, l->seq, l->hash);

    if (v->covered == l->seq) {
        paylock_skip_copy(&v->covered_skip, &v->skip);
    }

    paylock_verify_seen(v, l);
}


static void
paylock_verify_clock(paylock_verify_t *v, const paylock_entry_t *e)
{
    uint64_t  time, back;

    time = strtoull(e->field[PAYLOCK_AUDIT_TIME].data, NULL, 10);

    if (v->time_last == 0) {
        v->time_first = time;
    }

    back = v->time_last > time ? v->time_last - time : 0;

    if (back >= PAYLOCK_STEP) {
        v->steps_back++;

        if (back > v->step_most) {
            v->step_most = back;
            v->step_seq = e->seq;
        }
    }

    v->time_last = time;
    v->time_most = time > v->time_most ? time : v->time_most;
}


int
paylock_verify_is(const paylock_entry_t *e, const char *action)
{
    return paylock_str_is(e->field[PAYLOCK_AUDIT_ACTION], action);
}


int
paylock_verify_bad(paylock_verify_t *v, paylock_fault_e kind, uint64_t seq,
    const char *fmt, ...)
{
    va_list  args;

    v->fault.kind = kind;
    v->fault.seq = seq;

    va_start(args, fmt);
    (void) vsnprintf(v->fault.text, sizeof(v->fault.text), fmt, args);
    va_end(args);

    return -1;
}
