
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The lines of an export, and a verifier that is given what they hold: what
 * is read and written again is the same, and what is wrong has a name.
 */


#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "paylock_export.h"
#include "paylock_sign.h"


static void
same(const paylock_export_t *x, const char *text, size_t len)
{
    char              one[PAYLOCK_HASH_LEN + 1], two[PAYLOCK_HASH_LEN + 1];
    paylock_export_t  y;

    if (paylock_export_read(text, len, &y) != NULL || y.kind != x->kind) {
        abort();
    }

    if (x->kind == PAYLOCK_EXPORT_ENTRY
        && (x->entry.seq != y.entry.seq
            || paylock_entry_leaf(&x->entry, one) != 0
            || paylock_entry_leaf(&y.entry, two) != 0
            || strcmp(one, two) != 0))
    {
        abort();
    }

    if (x->kind == PAYLOCK_EXPORT_LEAF && x->leaf.sig.len != y.leaf.sig.len) {
        abort();
    }

    paylock_export_free(&y);
}


static int
verify(paylock_verify_t *v, const paylock_export_t *x, json_t **again)
{
    switch (x->kind) {

    case PAYLOCK_EXPORT_HEADER:
        *again = paylock_export_header(&x->header);

        if (x->header.host.len) {
            paylock_verify_path(v);
        }

        return 0;

    case PAYLOCK_EXPORT_ENTRY:
        *again = paylock_export_entry(&x->entry);
        return paylock_verify_entry(v, &x->entry);

    case PAYLOCK_EXPORT_LEAF:
        *again = paylock_export_leaf(&x->leaf);
        return paylock_verify_leaf(v, &x->leaf);

    default: /* PAYLOCK_EXPORT_CHECKPOINT */
        *again = NULL;
        return paylock_verify_checkpoint(v, &x->checkpoint);
    }
}


static int
item(paylock_verify_t *v, const char *line, size_t len)
{
    int                rc;
    char              *text;
    json_t            *again;
    const char        *why;
    paylock_export_t   x;

    why = paylock_export_read(line, len, &x);

    if (why) {
        paylock_export_free(&x);
        return paylock_verify_unreadable(v, why);
    }

    rc = verify(v, &x, &again);

    if (again) {
        text = json_dumps(again, JSON_COMPACT|JSON_ENSURE_ASCII);

        if (text == NULL) {
            abort();
        }

        same(&x, text, strlen(text));
        free(text);
        json_decref(again);
    }

    paylock_export_free(&x);

    return rc;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                rc;
    size_t             len;
    const char        *p, *end, *lf;
    EVP_PKEY          *key;
    paylock_verify_t   v;

    p = (const char *) data;
    end = p + size;

    if (size >= PAYLOCK_KEY_LEN) {
        key = paylock_sign_key(p);
        EVP_PKEY_free(key);
    }

    paylock_verify_begin(&v, NULL, "-", NULL);

    for (rc = 0; p < end && rc == 0; p += len + 1) {
        lf = memchr(p, '\n', (size_t) (end - p));
        len = (size_t) ((lf ? lf : end) - p);
        rc = item(&v, p, len);
    }

    if (rc == 0) {
        rc = paylock_verify_end(&v);
    }

    if ((rc != 0) != (v.fault.kind != PAYLOCK_FAULT_NONE)
        || (rc != 0 && v.fault.text[0] == '\0') || v.entries > size)
    {
        abort();
    }

    paylock_verify_free(&v);

    return 0;
}
