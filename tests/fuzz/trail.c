
/*
 * Copyright (C) 2026 paylock contributors
 *
 * A signed trail in the hands of somebody who may write to Redis as they
 * like, and has a revoked key and a foreign one.  The input is what they do,
 * four bytes a step.  The verifier may say that all is well only of a trail
 * that ends as the true one does.
 */


#define TEXT  192                      /* bytes of a field, and a zero */

#include "paylock_verify.h"
#include "trail_item.h"


#define OTHER  "ffeeddccbbaa99887766554433221100"

#define MAX    40                      /* entries */
#define STEPS  32


typedef struct {
    item_t    item[MAX];
    size_t    n;
} trail_t;


typedef void (*step_pt)(trail_t *t, size_t i, unsigned char one,
    unsigned char two);


static trail_t             whole;
static paylock_signers_t   signers;


/* Of the first n items: the last one up to seq without its lowest bit. */

static void
skip(trail_t *t, size_t n, uint64_t seq)
{
    while (n && t->item[n - 1].seq > (seq & (seq - 1))) {
        n--;
    }

    strcpy(t->item[t->n].field[PAYLOCK_AUDIT_SKIP],
           n ? t->item[n - 1].field[PAYLOCK_AUDIT_HASH] : ZEROS);
}


static void
add(trail_t *t, uint64_t seq, const char *action, key_e key)
{
    item_t  *item;

    item = &t->item[t->n];
    memset(item, 0, sizeof(item_t));

    item->seq = seq;
    fill_item(item, action);
    strcpy(item->field[PAYLOCK_AUDIT_PREV],
           t->n ? item[-1].field[PAYLOCK_AUDIT_HASH] : ZEROS);
    skip(t, t->n, seq);

    if (strcmp(action, "lock") == 0 || strcmp(action, "unlock") == 0) {
        strcpy(item->field[PAYLOCK_AUDIT_HOST], "a.example");
        (void) snprintf(item->field[PAYLOCK_AUDIT_AFTER], TEXT,
                        "{\"%s\":0,\"entry\":%u}",
                        *action == 'l' ? "lock_at" : "open_at",
                        (unsigned) seq);
    }

    seal(item, key);
    t->n++;
}


/* An adopt that gives up all from there to last, and stands at the end. */

static void
add_adopt(trail_t *t, size_t stays, uint64_t last, key_e key)
{
    item_t           *item;
    paylock_adopt_t   a;

    memset(&a, 0, sizeof(a));

    a.seq = t->item[stays].seq;
    memcpy(a.stays, t->item[stays].field[PAYLOCK_AUDIT_HASH],
           PAYLOCK_HASH_LEN);

    if (last > a.seq) {
        strcpy(a.chain, CHAIN);
        strcpy(a.hash, ZEROS);
        a.first = a.seq + 1;
        a.last = last;
    }

    add(t, paylock_adopt_seq(&a), "adopt", key);
    item = &t->item[--t->n];
    skip(t, stays + 1, item->seq);
    t->n++;
    paylock_adopt_write(&a, item->field[PAYLOCK_AUDIT_LOST],
                        item->field[PAYLOCK_AUDIT_RESUMES]);
    seal(item, key);
}


/* Two adopts, of lost entries and of a forged one; bob is revoked at 4. */

static void
begin(void)
{
    char      text[1024];
    size_t    len;
    unsigned  line;

    make_keys();

    add(&whole, 1, "init", ALICE);
    add(&whole, 2, "lock", BOB);
    add(&whole, 3, "lock", CAROL);
    add(&whole, 4, "unlock", BOB);
    add(&whole, 5, "lock", ALICE);
    add_adopt(&whole, 4, 8, CAROL);
    add(&whole, 10, "lock", CAROL);
    add(&whole, 11, "unlock", EVE);
    add_adopt(&whole, 6, 11, ALICE);
    add(&whole, 13, "lock", ALICE);

    len = (size_t) snprintf(text, sizeof(text), "alice %s\ncarol %s\n"
                            "bob %s until=4:%s\n", public[ALICE],
                            public[CAROL], public[BOB],
                            whole.item[3].field[PAYLOCK_AUDIT_HASH]);
    must(paylock_signers_read(text, len, &signers, &line) == NULL);
}


/* What can be done to an entry. */

static void
step_field(trail_t *t, size_t i, unsigned char one, unsigned char two)
{
    char    *text;
    size_t   len;

    text = t->item[i].field[one % PAYLOCK_AUDIT_FIELDS];
    len = strlen(text);

    if (len == 0 || two == 0) {
        text[0] = (char) two;
        text[1] = '\0';
        return;
    }

    text[two % len] ^= (char) (1 + one / PAYLOCK_AUDIT_FIELDS);
}


static void
step_delete(trail_t *t, size_t i, unsigned char one, unsigned char two)
{
    (void) one;
    (void) two;

    t->n--;
    memmove(&t->item[i], &t->item[i + 1], (t->n - i) * sizeof(item_t));
}


static void
step_copy(trail_t *t, size_t i, unsigned char one, unsigned char two)
{
    (void) two;

    t->item[i] = whole.item[one % whole.n];
}


static void
step_cut(trail_t *t, size_t i, unsigned char one, unsigned char two)
{
    (void) one;
    (void) two;

    t->n = i;
}


static void
step_seq(trail_t *t, size_t i, unsigned char one, unsigned char two)
{
    t->item[i].seq = one | (uint64_t) two << 8;
}


static void
step_value(trail_t *t, size_t i, unsigned char one, unsigned char two)
{
    static const char *const  values[] = {
        "", "0", "init", "lock", "adopt", CHAIN, OTHER, ZEROS
    };

    strcpy(t->item[i].field[one % PAYLOCK_AUDIT_FIELDS],
           values[two % (sizeof(values) / sizeof(values[0]))]);
}


/* One of the keys that were stolen. */

static key_e
stolen(unsigned char c)
{
    return c & 1 ? BOB : EVE;
}


static void
step_sign(trail_t *t, size_t i, unsigned char one, unsigned char two)
{
    (void) two;

    if (i) {
        memcpy(t->item[i].field[PAYLOCK_AUDIT_PREV],
               t->item[i - 1].field[PAYLOCK_AUDIT_HASH], TEXT);
    }

    seal(&t->item[i], stolen(one));
}


static void
step_append(trail_t *t, size_t i, unsigned char one, unsigned char two)
{
    (void) i;

    if (t->n < MAX) {
        add(t, t->item[t->n - 1].seq + 1, two & 1 ? "unlock" : "init",
            stolen(one));
    }
}


static void
step_adopt(trail_t *t, size_t i, unsigned char one, unsigned char two)
{
    if (t->n < MAX) {
        add_adopt(t, i, two, stolen(one));
    }
}


static const step_pt  steps[] = {
    step_field, step_delete, step_copy, step_cut, step_seq, step_value,
    step_sign, step_append, step_adopt
};


/* Takes the trail as "audit verify" does; returns whether it found nothing. */

static int
verify(paylock_verify_t *v, const trail_t *t)
{
    int              bad;
    char             stands[PAYLOCK_HASH_LEN + 1];
    size_t           i;
    const char      *why;
    paylock_entry_t  e;

    bad = 0;
    stands[0] = '\0';

    for (i = 0; i < t->n; i++) {
        read_item(&t->item[i], &e);
        why = e.seq ? paylock_entry_check(&e) : "has no number";

        if (!bad) {
            bad = (why ? paylock_verify_unreadable(v, why)
                       : paylock_verify_entry(v, &e)) != 0;
            must(bad == (v->fault.kind != PAYLOCK_FAULT_NONE));
        }

        if (why) {
            continue;
        }

        bad = bad && paylock_verify_adopt(v, &e, stands) != 0;
        must(bad == (v->fault.kind != PAYLOCK_FAULT_NONE));
        memcpy(stands, t->item[i].field[PAYLOCK_AUDIT_HASH], sizeof(stands));
    }

    return !bad && paylock_verify_end(v) == 0;
}


/* Did that entry, with all that led to it, ever stand at the end? */

static int
is_true(const char *hash)
{
    size_t  i;

    for (i = 3; i < whole.n; i++) {
        if (strcmp(whole.item[i].field[PAYLOCK_AUDIT_HASH], hash) == 0) {
            return 1;
        }
    }

    return 0;
}


static int
judge(const trail_t *t)
{
    int                 good;
    item_t             *last;
    paylock_fault_t     fault;
    paylock_verify_t    v;
    paylock_witness_t   head;

    last = &whole.item[whole.n - 1];

    memset(&head, 0, sizeof(head));
    head.name = "head";
    head.seq = last->seq;
    strcpy(head.chain, CHAIN);
    memcpy(head.hash, last->field[PAYLOCK_AUDIT_HASH], PAYLOCK_HASH_LEN);

    paylock_verify_begin(&v, NULL, "-", &signers);
    paylock_verify_witnesses(&v, &head, 1);

    good = verify(&v, t);

    /* without a witness it may be an older state, but nothing of their own */

    must(!good || is_true(v.hash));

    paylock_verify_witness(&v, &head, &fault);
    good = good && fault.kind == PAYLOCK_FAULT_NONE;

    must(!good || (v.seq == head.seq && strcmp(v.hash, head.hash) == 0
                   && head.state == PAYLOCK_WITNESS_FITS
                   && v.n_given_up == 2));

    paylock_verify_free(&v);

    return good;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t          i;
    static trail_t  t;

    if (whole.n == 0) {
        begin();
        must(judge(&whole));
    }

    t = whole;

    for (i = 0; i + 4 <= size && i / 4 < STEPS && t.n; i += 4) {
        steps[data[i] % (sizeof(steps) / sizeof(steps[0]))]
            (&t, data[i + 1] % t.n, data[i + 2], data[i + 3]);
    }

    (void) judge(&t);

    return 0;
}
