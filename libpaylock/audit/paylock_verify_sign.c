
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <string.h>

#include <openssl/sha.h>

#include "paylock_rule.h"
#include "paylock_sign.h"
#include "paylock_verify_parts.h"


static int paylock_verify_counts(paylock_verify_t *v, uint64_t seq,
    const char *hex, const paylock_signer_t *signer);
static int paylock_verify_may(paylock_verify_t *v, const paylock_entry_t *e,
    const paylock_signer_t *signer);


int
paylock_verify_row(paylock_verify_t *v, const paylock_entry_t *e)
{
    paylock_row_t         row;
    const paylock_str_t  *key, *request;

    key = &e->field[PAYLOCK_AUDIT_KEY];
    request = &e->field[PAYLOCK_AUDIT_REQUEST];

    memset(&row, 0, sizeof(paylock_row_t));

    if (v->row.seq || (key->len && e->field[PAYLOCK_AUDIT_SIG].len == 0)) {
        row.seq = e->seq;
        memcpy(row.key, key->data ? key->data : "", key->len);
        (void) SHA256((const unsigned char *) request->data, request->len,
                      row.request);
    }

    if (v->row.seq
        && (memcmp(row.key, v->row.key, sizeof(row.key)) != 0
            || memcmp(row.request, v->row.request, sizeof(row.request)) != 0))
    {
        return paylock_verify_bad(v, PAYLOCK_FAULT_SIGNATURE, v->row.seq,
                                  "entry %" PRIu64 " is the last of its "
                                  "transaction and is not signed", v->row.seq);
    }

    v->row = row;

    return 0;
}


int
paylock_verify_key(paylock_verify_t *v, const paylock_entry_t *e,
    paylock_key_t **key)
{
    const paylock_str_t  *hex;

    *key = NULL;
    hex = &e->field[PAYLOCK_AUDIT_KEY];

    if (hex->len) {
        return paylock_verify_usable(v, e->seq, hex->data, key) == 0
               ? paylock_verify_may(v, e, (*key)->signer) : -1;
    }

    if (v->signers) {
        return paylock_verify_bad(v, PAYLOCK_FAULT_SIGNATURE, e->seq,
                                  "entry %" PRIu64 " is not signed", e->seq);
    }

    if (e->field[PAYLOCK_AUDIT_SIG].len || e->field[PAYLOCK_AUDIT_ROOT].len) {
        return paylock_verify_bad(v, PAYLOCK_FAULT_SIGNATURE, e->seq,
                                  "entry %" PRIu64 " has a signature, and "
                                  "names no key", e->seq);
    }

    return 0;
}


int
paylock_verify_usable(paylock_verify_t *v, uint64_t seq, const char *hex,
    paylock_key_t **key)
{
    const paylock_signer_t  *signer;

    signer = NULL;

    if (v->signers) {
        signer = paylock_signers_find(v->signers, hex);

        if (paylock_verify_counts(v, seq, hex, signer) != 0) {
            return -1;
        }
    }

    *key = paylock_keyring_find(&v->ring, hex);

    if (*key == NULL) {
        *key = paylock_keyring_add(&v->ring, hex, signer);
    }

    return *key ? 0
                : paylock_verify_bad(v, v->ring.n == PAYLOCK_KEYS
                                        ? PAYLOCK_FAULT_KEY
                                        : PAYLOCK_FAULT_MEMORY, seq,
                                     v->ring.n == PAYLOCK_KEYS
                                     ? "entry %" PRIu64 " names one key too "
                                       "many" : "entry %" PRIu64 ": out of "
                                                "memory", seq);
}


static int
paylock_verify_counts(paylock_verify_t *v, uint64_t seq, const char *hex,
    const paylock_signer_t *signer)
{
    if (signer == NULL) {
        return paylock_verify_bad(v, PAYLOCK_FAULT_KEY, seq,
                                  "entry %" PRIu64 " is signed by %.*s, which "
                                  "is no signer's key", seq, PAYLOCK_KEY_LEN,
                                  hex);
    }

    if (seq < signer->from) {
        return paylock_verify_bad(v, PAYLOCK_FAULT_KEY, seq,
                                  "entry %" PRIu64 " is signed by %s, who "
                                  "counts from entry %" PRIu64 " on", seq,
                                  signer->name, signer->from);
    }

    if (signer->until.seq && seq > signer->until.seq) {
        return paylock_verify_bad(v, PAYLOCK_FAULT_KEY, seq,
                                  "entry %" PRIu64 " is signed by %s, whose "
                                  "key is revoked after entry %" PRIu64, seq,
                                  signer->name, signer->until.seq);
    }

    return 0;
}


/* May the signer do this, and does the entry do what its action says? */

static int
paylock_verify_may(paylock_verify_t *v, const paylock_entry_t *e,
    const paylock_signer_t *signer)
{
    unsigned        needs;
    const char     *why;
    paylock_str_t   action, more;

    if (signer == NULL) {
        return 0;
    }

    action = e->field[PAYLOCK_AUDIT_ACTION];

    if (!paylock_signer_may(signer, action)) {
        return paylock_verify_bad(v, PAYLOCK_FAULT_KEY, e->seq,
                                  "entry %" PRIu64 " is signed by %s, who "
                                  "may not %.*s", e->seq, signer->name,
                                  (int) action.len, action.data);
    }

    why = paylock_rule_entry(e, &needs);

    if (why) {
        return paylock_verify_bad(v, PAYLOCK_FAULT_KEY, e->seq,
                                  "entry %" PRIu64 " of %s, whose action is "
                                  "\"%.*s\", %s", e->seq, signer->name,
                                  (int) action.len, action.data, why);
    }

    more = paylock_rule_needs(needs);

    return more.len == 0 || paylock_signer_may(signer, more) ? 0
           : paylock_verify_bad(v, PAYLOCK_FAULT_KEY, e->seq,
                                needs & PAYLOCK_RULE_BEGINS
                                ? "entry %" PRIu64 " is signed by %s, who may "
                                  "not %s: nobody else may say that a trail "
                                  "begins there"
                                : "entry %" PRIu64 " is signed by %s, who may "
                                  "not %s: it does so at some time, by its "
                                  "record", e->seq, signer->name, more.data);
}


int
paylock_verify_sig(paylock_verify_t *v, const paylock_link_t *l,
    const paylock_key_t *key, const paylock_str_t *root,
    const paylock_str_t *sig)
{
    char    text[PAYLOCK_SIGN_TEXT];
    size_t  len;

    if (root->len == 0 && sig->len == 0) {
        return 0;
    }

    len = root->len ? paylock_sign_entry(v->realm, l->hash, root->data, text)
                    : 0;

    if (len == 0 || sig->len == 0
        || !paylock_sign_check(key->key, text, len, sig->data))
    {
        return paylock_verify_bad(v, PAYLOCK_FAULT_SIGNATURE, l->seq,
                                  "entry %" PRIu64 " does not carry a good "
                                  "signature of %s", l->seq, key->hex);
    }

    v->row.seq = 0;
    v->covered = l->seq;
    memcpy(v->covered_hash, l->hash, PAYLOCK_HASH_LEN);
    memcpy(v->root, root->data, PAYLOCK_HASH_LEN);

    /* whoever has a revoked key can sign today what it could sign once */

    if (key->signer == NULL || key->signer->until.seq == 0) {
        v->vouched = l->seq;
    }

    return 0;
}
