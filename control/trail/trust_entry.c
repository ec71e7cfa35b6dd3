
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Whether one entry counts: it, or the entry that ends its transaction, must
 * carry the signature of a signer that counts.
 */


#include <stdlib.h>
#include <string.h>

#include "paylock_sign.h"
#include "trail/trail.h"
#include "trail/trust.h"


/* A transaction that is followed to its signature. */

#define TRUST_ROW  10000               /* entries, at most */

typedef struct {
    control_t              *ctl;
    const paylock_entry_t  *begins;
    uint64_t                seq;       /* of the last one */
    char                    hash[PAYLOCK_HASH_LEN + 1];
    counted_t               seen;      /* so far */
    int                     good;
    int                     joins;     /* ctl->counted goes on from there */
} trust_row_t;


static int trust_counted(const counted_t *c, const paylock_entry_t *e);
static int trust_row_keep(trust_row_t *row);
static int trust_row_belongs(const trust_row_t *row, const paylock_entry_t *e);
static int trust_row_same(const paylock_str_t *one, const paylock_str_t *two);
static int trust_row_entry(void *data, const char *id,
    const paylock_entry_t *e, const char *why);
static int trust_row_take(trust_row_t *row, const paylock_entry_t *e);


int
trust_entry_counts(control_t *ctl, const paylock_entry_t *e, int *counts)
{
    trust_row_t  row;

    memset(&row, 0, sizeof(trust_row_t));
    row.ctl = ctl;
    row.begins = e;
    row.seen.first = e->seq;

    *counts = 0;

    if (paylock_entry_intact(e) != 1
        || !paylock_str_is(e->field[PAYLOCK_AUDIT_CHAIN], ctl->trust.chain))
    {
        return STATUS_DONE;
    }

    if (trust_counted(&ctl->counted, e)) {
        *counts = 1;
        return STATUS_DONE;
    }

    if (trust_row_take(&row, e)
        && trail_from(ctl, e->seq + 1, trust_row_entry, &row) != STATUS_DONE)
    {
        free(row.seen.hash);
        return ctl->error.status;
    }

    *counts = row.good;

    if (row.good && trust_row_keep(&row) != 0) {
        return control_no_memory(ctl);
    }

    if (!row.good) {
        free(row.seen.hash);
    }

    return STATUS_DONE;
}


static int
trust_counted(const counted_t *c, const paylock_entry_t *e)
{
    return c->n && e->seq >= c->first && e->seq - c->first < c->n
           && memcmp(c->hash[e->seq - c->first],
                     e->field[PAYLOCK_AUDIT_HASH].data, PAYLOCK_HASH_LEN) == 0;
}


/* Remembers the entries, for the other hosts of the same transaction. */

static int
trust_row_keep(trust_row_t *row)
{
    counted_t  *c, *seen;
    void       *more;

    c = &row->ctl->counted;
    seen = &row->seen;

    if (row->joins) {
        more = realloc(seen->hash, (seen->n + c->n) * sizeof(*seen->hash));

        if (more == NULL) {
            free(seen->hash);
            return -1;
        }

        seen->hash = more;
        memcpy(seen->hash + seen->n, c->hash, c->n * sizeof(*c->hash));
        seen->n += c->n;
    }

    free(c->hash);
    *c = *seen;

    return 0;
}


/* The next one is of the same signer and command, and leads to the last. */

static int
trust_row_belongs(const trust_row_t *row, const paylock_entry_t *e)
{
    const paylock_str_t  *f, *begins;

    f = e->field;
    begins = row->begins->field;

    return e->seq == row->seq + 1
           && paylock_entry_intact(e) == 1
           && memcmp(f[PAYLOCK_AUDIT_PREV].data, row->hash, PAYLOCK_HASH_LEN)
              == 0
           && trust_row_same(&f[PAYLOCK_AUDIT_KEY], &begins[PAYLOCK_AUDIT_KEY])
           && trust_row_same(&f[PAYLOCK_AUDIT_REQUEST],
                             &begins[PAYLOCK_AUDIT_REQUEST]);
}


static int
trust_row_same(const paylock_str_t *one, const paylock_str_t *two)
{
    return one->len == two->len
           && (one->len == 0 || memcmp(one->data, two->data, one->len) == 0);
}


/* Follows a transaction to its signature. */

static int
trust_row_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    trust_row_t  *row;

    (void) id;

    row = data;

    if (why || !trust_row_belongs(row, e)) {
        return 0;
    }

    if (e->seq == row->ctl->counted.first
        && trust_counted(&row->ctl->counted, e))
    {
        row->good = 1;
        row->joins = 1;
        return 0;
    }

    return trust_row_take(row, e);
}


/* Returns 1 if the signature is still to come. */

static int
trust_row_take(trust_row_t *row, const paylock_entry_t *e)
{
    char                     text[PAYLOCK_SIGN_TEXT];
    void                    *more;
    size_t                   len;
    const paylock_str_t     *key, *root, *sig;
    const paylock_signer_t  *signer;

    key = &e->field[PAYLOCK_AUDIT_KEY];
    root = &e->field[PAYLOCK_AUDIT_ROOT];
    sig = &e->field[PAYLOCK_AUDIT_SIG];

    row->seq = e->seq;
    memcpy(row->hash, e->field[PAYLOCK_AUDIT_HASH].data, PAYLOCK_HASH_LEN);

    more = realloc(row->seen.hash, (row->seen.n + 1) * sizeof(*row->seen.hash));

    if (more == NULL) {
        return 0;
    }

    row->seen.hash = more;
    memcpy(row->seen.hash[row->seen.n++], row->hash, sizeof(row->hash));

    signer = key->len ? paylock_signers_find(row->ctl->trust.signers, key->data)
                      : NULL;

    if (signer == NULL || e->seq < signer->from
        || (signer->until.seq && e->seq > signer->until.seq)
        || trust_unfit(signer, e) != NULL)
    {
        return 0;
    }

    if (sig->len == 0 || root->len == 0) {
        return sig->len == 0 && row->seen.n < TRUST_ROW;
    }

    len = paylock_sign_entry(row->ctl->settings.realm, row->hash, root->data,
                             text);
    row->good = paylock_sign_check(signer->public, text, len, sig->data);

    return 0;
}
