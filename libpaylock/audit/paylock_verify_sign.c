
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <string.h>

#include <openssl/sha.h>

#include "paylock_sign.h"
#include "paylock_verify_parts.h"


static int paylock_verify_genesis(paylock_verify_t *v,
    const paylock_entry_t *e);


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

        if (!v->begun && paylock_verify_genesis(v, e) != 0) {
            return -1;
        }

        return paylock_verify_usable(v, e->seq, hex->data, key);
    }

    if (v->begun) {
        return paylock_verify_bad(v, PAYLOCK_FAULT_SIGNATURE, e->seq,
                                  "entry %" PRIu64 " names no key, though the "
                                  "trail is signed since entry %" PRIu64,
                                  e->seq, v->begun);
    }

    if (e->field[PAYLOCK_AUDIT_SIG].len) {
        return paylock_verify_bad(v, PAYLOCK_FAULT_SIGNATURE, e->seq,
                                  "entry %" PRIu64 " has a signature, and "
                                  "names no key", e->seq);
    }

    return 0;
}


/* The first key of a trail signs its first entry, or one that adds it. */

static int
paylock_verify_genesis(paylock_verify_t *v, const paylock_entry_t *e)
{
    const char           *hex;
    const paylock_str_t  *subject;

    hex = e->field[PAYLOCK_AUDIT_KEY].data;
    subject = &e->field[PAYLOCK_AUDIT_SUBJECT];

    if (v->vouched && memcmp(v->genesis, hex, PAYLOCK_KEY_LEN) != 0) {
        return paylock_verify_bad(v, PAYLOCK_FAULT_KEY, e->seq,
                                  "entry %" PRIu64 " is signed by %.*s, but "
                                  "the first key of this trail is known to be "
                                  "%s", e->seq, PAYLOCK_KEY_LEN, hex,
                                  v->genesis);
    }

    if (v->seq && !(paylock_verify_is(e, "key-add")
                    && subject->len == PAYLOCK_KEY_LEN
                    && memcmp(subject->data, hex, PAYLOCK_KEY_LEN) == 0))
    {
        return paylock_verify_bad(v, PAYLOCK_FAULT_KEY, e->seq,
                                  "entry %" PRIu64 " is signed by %.*s, a key "
                                  "that no entry before it has added", e->seq,
                                  PAYLOCK_KEY_LEN, hex);
    }

    if (paylock_keyring_add(&v->ring, hex, e->seq) == NULL) {
        return paylock_verify_bad(v, PAYLOCK_FAULT_MEMORY, e->seq,
                                  "out of memory");
    }

    memcpy(v->genesis, hex, PAYLOCK_KEY_LEN);
    v->begun = e->seq;

    return 0;
}


int
paylock_verify_usable(paylock_verify_t *v, uint64_t seq, const char *hex,
    paylock_key_t **key)
{
    const paylock_key_t  *known;

    *key = paylock_keyring_find(&v->ring, hex);
    known = v->known ? paylock_keyring_find(v->known, hex) : NULL;

    if (*key == NULL) {
        return paylock_verify_bad(v, PAYLOCK_FAULT_KEY, seq,
                                  "entry %" PRIu64 " is signed by %.*s, a key "
                                  "that no entry before it has added", seq,
                                  PAYLOCK_KEY_LEN, hex);
    }

    if ((*key)->revoked) {
        return paylock_verify_bad(v, PAYLOCK_FAULT_KEY, seq,
                                  "entry %" PRIu64 " is signed by %.*s, a key "
                                  "that entry %" PRIu64 " has revoked", seq,
                                  PAYLOCK_KEY_LEN, hex, (*key)->revoked);
    }

    /* added again since it was revoked?  the first key adds itself */

    if (known && known->revoked && known->revoked <= seq
        && ((*key)->added < known->revoked || (*key)->added == v->begun))
    {
        return paylock_verify_bad(v, PAYLOCK_FAULT_KEY, seq,
                                  "entry %" PRIu64 " is signed by %.*s, a key "
                                  "that was revoked by an entry %" PRIu64
                                  " which is known here and is not there", seq,
                                  PAYLOCK_KEY_LEN, hex, known->revoked);
    }

    return 0;
}


int
paylock_verify_sig(paylock_verify_t *v, uint64_t seq, const char *hash,
    const paylock_key_t *key, const char *sig)
{
    char    text[PAYLOCK_SIGN_TEXT];
    size_t  len;

    len = paylock_sign_entry(v->realm, hash, text);

    if (!paylock_sign_check(key->key, text, len, sig)) {
        return paylock_verify_bad(v, PAYLOCK_FAULT_SIGNATURE, seq,
                                  "entry %" PRIu64 " does not carry a good "
                                  "signature of %s", seq, key->hex);
    }

    v->row.seq = 0;
    v->covered = seq;

    return 0;
}


int
paylock_verify_ring(paylock_verify_t *v, const paylock_entry_t *e)
{
    int                   add;
    paylock_key_t        *key;
    const paylock_str_t  *subject;

    add = paylock_verify_is(e, "key-add");

    if (!add && !paylock_verify_is(e, "key-revoke")) {
        return 0;
    }

    subject = &e->field[PAYLOCK_AUDIT_SUBJECT];

    if (subject->len == 0) {
        return paylock_verify_bad(v, PAYLOCK_FAULT_KEY, e->seq,
                                  "entry %" PRIu64 " adds or revokes a key, "
                                  "and names none", e->seq);
    }

    if (add) {
        return paylock_keyring_add(&v->ring, subject->data, e->seq)
               ? 0 : paylock_verify_bad(v, PAYLOCK_FAULT_MEMORY, e->seq,
                                        "out of memory");
    }

    if (memcmp(subject->data, e->field[PAYLOCK_AUDIT_KEY].data,
               PAYLOCK_KEY_LEN) == 0)
    {
        return paylock_verify_bad(v, PAYLOCK_FAULT_KEY, e->seq,
                                  "entry %" PRIu64 " revokes the key that "
                                  "signs it", e->seq);
    }

    key = paylock_keyring_find(&v->ring, subject->data);

    if (key && key->revoked == 0) {
        key->revoked = e->seq;
    }

    return 0;
}
