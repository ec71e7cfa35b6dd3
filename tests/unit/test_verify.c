
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "paylock_adopt.h"
#include "paylock_export.h"
#include "paylock_sign.h"
#include "paylock_verify.h"


#define CHAIN  "00112233445566778899aabbccddeeff"
#define OTHER  "ffeeddccbbaa99887766554433221100"
#define SALT   "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
#define ZEROS  "00000000000000000000000000000000" \
               "00000000000000000000000000000000"
#define ROOT   "11111111111111111111111111111111" \
               "11111111111111111111111111111111"


/* The entries that stand, in the place of their seq; "": it does not. */

#define ENTRIES  1024

static char  standing[ENTRIES][PAYLOCK_HASH_LEN + 1];


/* What a writer knows: the last entry, and its own key. */

typedef struct {
    EVP_PKEY         *key;
    uint64_t          seq;
    char              public[PAYLOCK_KEY_LEN + 1];
    char              prev[PAYLOCK_HASH_LEN + 1];
    char              skip[PAYLOCK_HASH_LEN + 1];
    char              hash[PAYLOCK_HASH_LEN + 1];
    char              sig[PAYLOCK_SIG_LEN + 1];
    char              lost[PAYLOCK_ADOPT_TEXT];
    char              resumes[PAYLOCK_ADOPT_TEXT];
    char              after[64];
    paylock_entry_t   e;
} writer_t;


static void
set(paylock_entry_t *e, paylock_audit_field_e field, const char *text)
{
    e->field[field].data = text;
    e->field[field].len = strlen(text);
}


static void
writer_open(writer_t *w)
{
    memset(w, 0, sizeof(writer_t));
    w->key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    assert_non_null(w->key);
    assert_int_equal(paylock_sign_public(w->key, w->public), 0);
    strcpy(w->hash, ZEROS);
}


/* Takes the place of another writer, who wrote the last entry. */

static void
writer_after(writer_t *w, const writer_t *other)
{
    w->seq = other->seq;
    strcpy(w->hash, other->hash);
}


/* Nothing behind that entry stands any more. */

static void
stands(uint64_t seq)
{
    for (seq++; seq < ENTRIES; seq++) {
        standing[seq][0] = '\0';
    }
}


static const char *
leads_to(uint64_t seq)
{
    for (seq &= seq - 1; seq; seq--) {
        if (*standing[seq]) {
            return standing[seq];
        }
    }

    return ZEROS;
}


/* The next entry, signed if it is to be; it lives until the one behind it. */

static paylock_entry_t *
entry(writer_t *w, uint64_t seq, const char *action, int sign)
{
    char              text[PAYLOCK_SIGN_TEXT];
    size_t            len;
    paylock_entry_t  *e;

    e = &w->e;
    memset(e, 0, sizeof(paylock_entry_t));
    strcpy(w->prev, w->hash);

    w->seq = seq;
    e->seq = seq;
    set(e, PAYLOCK_AUDIT_V, "2");
    set(e, PAYLOCK_AUDIT_CHAIN, CHAIN);
    set(e, PAYLOCK_AUDIT_TIME, "1793487600000");
    set(e, PAYLOCK_AUDIT_ACTION, action);
    set(e, PAYLOCK_AUDIT_KEY, w->public);
    set(e, PAYLOCK_AUDIT_SALT, SALT);
    set(e, PAYLOCK_AUDIT_PREV, w->prev);
    strcpy(w->skip, leads_to(seq));
    set(e, PAYLOCK_AUDIT_SKIP, w->skip);

    if (strcmp(action, "adopt") == 0) {
        set(e, PAYLOCK_AUDIT_LOST, w->lost);
        set(e, PAYLOCK_AUDIT_RESUMES, w->resumes);

    } else if (strcmp(action, "init") != 0) {
        (void) snprintf(w->after, sizeof(w->after),
                        "{\"lock_at\":0,\"entry\":%u}", (unsigned) seq);
        set(e, PAYLOCK_AUDIT_HOST, "a.example");
        set(e, PAYLOCK_AUDIT_AFTER, w->after);
    }

    assert_int_equal(paylock_entry_hash(e, w->hash), 0);
    set(e, PAYLOCK_AUDIT_HASH, w->hash);
    strcpy(standing[seq], w->hash);

    if (sign) {
        set(e, PAYLOCK_AUDIT_ROOT, ROOT);
        len = paylock_sign_entry("-", w->hash, ROOT, text);
        assert_int_equal(paylock_sign(w->key, text, len, w->sig), 0);
        set(e, PAYLOCK_AUDIT_SIG, w->sig);
    }

    return e;
}


/* An adopt that gives up first to last (0: nothing), and resumes seq. */

static paylock_entry_t *
adopt(writer_t *w, uint64_t first, uint64_t last, uint64_t seq,
    const char *stays)
{
    paylock_adopt_t  a;

    memset(&a, 0, sizeof(a));
    strcpy(a.chain, CHAIN);
    strcpy(a.hash, ZEROS);
    strcpy(a.stays, stays);
    a.first = first;
    a.last = last;
    a.seq = seq;

    paylock_adopt_write(&a, w->lost, w->resumes);
    stands(seq);

    return entry(w, paylock_adopt_seq(&a), "adopt", 1);
}


/* A signers file of a line. */

static void
signers(paylock_signers_t *s, const char *fmt, ...)
{
    int       n;
    char      text[1024];
    va_list   args;
    unsigned  line;

    va_start(args, fmt);
    n = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    assert_in_range(n, 0, sizeof(text) - 1);
    assert_null(paylock_signers_read(text, (size_t) n, s, &line));
}


static void
test_trail(void **state)
{
    writer_t           w;
    paylock_verify_t   v;
    paylock_signers_t  s;

    (void) state;

    writer_open(&w);
    signers(&s, "w %s\n", w.public);
    paylock_verify_begin(&v, CHAIN, "-", &s);

    assert_int_equal(paylock_verify_entry(&v, entry(&w, 1, "init", 1)), 0);
    assert_int_equal(paylock_verify_entry(&v, entry(&w, 2, "lock", 0)), 0);
    assert_int_equal(paylock_verify_entry(&v, entry(&w, 3, "lock", 1)), 0);
    assert_int_equal(paylock_verify_entry(&v, adopt(&w, 4, 8, 3, w.hash)), 0);
    assert_int_equal(paylock_verify_end(&v), 0);

    assert_int_equal(v.seq, 9);
    assert_int_equal(v.entries, 4);
    assert_int_equal(v.plain, 0);
    assert_int_equal(v.n_given_up, 1);
    assert_int_equal(v.given_up[0].seq, 9);
    assert_string_equal(v.given_up[0].signer->name, "w");
    assert_int_equal(v.ring.key[0].entries, 4);
    assert_string_equal(v.hash, w.hash);

    assert_int_equal(paylock_verify_entry(&v, entry(&w, 11, "lock", 1)), -1);
    assert_int_equal(v.fault.kind, PAYLOCK_FAULT_GAP);
    assert_int_equal(v.fault.seq, 10);
    assert_string_equal(v.fault.text, "entry 10 is missing");

    paylock_verify_free(&v);
    paylock_signers_free(&s);
    EVP_PKEY_free(w.key);
}


static void
test_missing_signature(void **state)
{
    writer_t          w;
    paylock_verify_t  v;

    (void) state;

    writer_open(&w);
    paylock_verify_begin(&v, NULL, "-", NULL);

    assert_int_equal(paylock_verify_entry(&v, entry(&w, 1, "init", 0)), 0);
    assert_int_equal(paylock_verify_end(&v), -1);
    assert_int_equal(v.fault.kind, PAYLOCK_FAULT_SIGNATURE);
    assert_int_equal(v.fault.seq, 1);

    paylock_verify_free(&v);
    EVP_PKEY_free(w.key);
}


/* Whose signature counts, for which entries: by limits of the signer. */

static void
test_limits(void **state)
{
    size_t             i;
    writer_t           w, other;
    paylock_verify_t   v;
    paylock_signers_t  s;

    static const struct {
        const char       *limits;
        uint64_t          good;        /* so many entries are */
        paylock_fault_e   kind;
    } limits[] = {
        { "", 3, PAYLOCK_FAULT_NONE },
        { "from=1 may=init,lock", 3, PAYLOCK_FAULT_NONE },
        { "from=2", 0, PAYLOCK_FAULT_KEY },
        { "may=lock", 0, PAYLOCK_FAULT_KEY },
        { "may=init,unlock", 1, PAYLOCK_FAULT_KEY },
        { "until=2:" ZEROS, 1, PAYLOCK_FAULT_FORK }
    };

    (void) state;

    writer_open(&w);
    writer_open(&other);

    for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        signers(&s, "w %s %s\n", w.public, limits[i].limits);
        paylock_verify_begin(&v, NULL, "-", &s);

        strcpy(w.hash, ZEROS);
        (void) (paylock_verify_entry(&v, entry(&w, 1, "init", 1)) == 0
                && paylock_verify_entry(&v, entry(&w, 2, "lock", 1)) == 0
                && paylock_verify_entry(&v, entry(&w, 3, "lock", 1)) == 0);

        assert_int_equal(v.entries, limits[i].good);
        assert_int_equal(v.fault.kind, limits[i].kind);

        paylock_verify_free(&v);
        paylock_signers_free(&s);
    }

    /* nobody else's, and none for another realm */

    signers(&s, "w %s\n", other.public);
    strcpy(w.hash, ZEROS);
    (void) entry(&w, 1, "init", 1);

    paylock_verify_begin(&v, NULL, "-", &s);
    assert_int_equal(paylock_verify_entry(&v, &w.e), -1);
    assert_int_equal(v.fault.kind, PAYLOCK_FAULT_KEY);
    paylock_verify_free(&v);

    paylock_verify_begin(&v, NULL, "staging", NULL);
    assert_int_equal(paylock_verify_entry(&v, &w.e), -1);
    assert_int_equal(v.fault.kind, PAYLOCK_FAULT_SIGNATURE);
    paylock_verify_free(&v);

    paylock_signers_free(&s);
    EVP_PKEY_free(w.key);
    EVP_PKEY_free(other.key);
}


/*
 * The end of a revoked key: an adopt gives it up, but not one of that key; and
 * what the signers file names has to be there.
 */

static void
test_pins(void **state)
{
    size_t             i;
    writer_t           alice, bob;
    paylock_verify_t   v;
    paylock_signers_t  s;

    static const struct {
        int               bob;         /* who adopts; else alice */
        uint64_t          first;       /* of what is given up; 0: no adopt */
        uint64_t          last;
        paylock_fault_e   kind;
    } adopts[] = {
        { 0, 0, 0, PAYLOCK_FAULT_ROLLBACK },
        { 0, 3, 9, PAYLOCK_FAULT_NONE },
        { 0, 5, 5, PAYLOCK_FAULT_NONE },
        { 0, 6, 9, PAYLOCK_FAULT_FORK },
        { 0, 3, 4, PAYLOCK_FAULT_FORK },
        { 0, 3, 3, PAYLOCK_FAULT_ROLLBACK },
        { 1, 3, 3, PAYLOCK_FAULT_ROLLBACK },
        { 1, 3, 4, PAYLOCK_FAULT_FORK },
        { 1, 3, 9, PAYLOCK_FAULT_KEY },
    };

    (void) state;

    writer_open(&alice);
    writer_open(&bob);
    signers(&s, "alice %s\nbob %s until=5:%s\n", alice.public, bob.public,
            ZEROS);

    for (i = 0; i < sizeof(adopts) / sizeof(adopts[0]); i++) {
        paylock_verify_begin(&v, NULL, "-", &s);

        strcpy(alice.hash, ZEROS);
        assert_int_equal(paylock_verify_entry(&v, entry(&alice, 1, "init", 1)),
                         0);
        assert_int_equal(paylock_verify_entry(&v, entry(&alice, 2, "lock", 1)),
                         0);
        writer_after(&bob, &alice);

        if ((adopts[i].first == 0
             || paylock_verify_entry(&v, adopt(adopts[i].bob ? &bob : &alice,
                                               adopts[i].first, adopts[i].last,
                                               2, alice.hash)) == 0)
            && paylock_verify_end(&v) == 0)
        {
            assert_int_equal(v.seq, adopts[i].last + 1);
        }

        assert_int_equal(v.fault.kind, adopts[i].kind);
        paylock_verify_free(&v);
    }

    paylock_signers_free(&s);
    EVP_PKEY_free(alice.key);
    EVP_PKEY_free(bob.key);
}


/* A pin of one chain: what an adopt says of another does not excuse it. */

static void
test_pins_of_chains(void **state)
{
    size_t             i;
    writer_t           w;
    paylock_adopt_t    a;
    paylock_verify_t   v;
    paylock_signers_t  s;

    static const struct {
        const char       *pin;         /* its chain, behind the hash */
        const char       *lost;        /* chain that is given up */
        uint64_t          last;
        const char       *hash;        /* ... of the last */
        paylock_fault_e   kind;
    } adopts[] = {
        { "", CHAIN, 9, ZEROS, PAYLOCK_FAULT_NONE },
        { "", CHAIN, 4, ROOT, PAYLOCK_FAULT_FORK },
        { "", OTHER, 9, ZEROS, PAYLOCK_FAULT_FORK },
        { "", OTHER, 9, ROOT, PAYLOCK_FAULT_FORK },
        { "", OTHER, 5, ZEROS, PAYLOCK_FAULT_FORK },
        { "", OTHER, 5, ROOT, PAYLOCK_FAULT_NONE },
        { ":" CHAIN, CHAIN, 9, ZEROS, PAYLOCK_FAULT_NONE },
        { ":" CHAIN, OTHER, 9, ZEROS, PAYLOCK_FAULT_FORK },
        { ":" CHAIN, OTHER, 5, ROOT, PAYLOCK_FAULT_FORK },
        { ":" OTHER, CHAIN, 9, ZEROS, PAYLOCK_FAULT_FORK },
        { ":" OTHER, CHAIN, 5, ROOT, PAYLOCK_FAULT_FORK },
        { ":" OTHER, OTHER, 9, ZEROS, PAYLOCK_FAULT_NONE },
        { ":" OTHER, OTHER, 4, ROOT, PAYLOCK_FAULT_FORK }
    };

    (void) state;

    writer_open(&w);

    for (i = 0; i < sizeof(adopts) / sizeof(adopts[0]); i++) {
        signers(&s, "w %s\npin 5:%s%s\n", w.public, ROOT, adopts[i].pin);
        paylock_verify_begin(&v, NULL, "-", &s);

        strcpy(w.hash, ZEROS);
        assert_int_equal(paylock_verify_entry(&v, entry(&w, 1, "init", 1)), 0);

        memset(&a, 0, sizeof(a));
        strcpy(a.chain, adopts[i].lost);
        strcpy(a.hash, adopts[i].hash);
        strcpy(a.stays, w.hash);
        a.first = 2;
        a.last = adopts[i].last;
        a.seq = 1;
        paylock_adopt_write(&a, w.lost, w.resumes);
        stands(1);

        /* the entry after 4 is in the place of what is pinned */

        (void) paylock_verify_entry(&v, entry(&w, paylock_adopt_seq(&a),
                                              "adopt", 1));

        assert_int_equal(v.fault.kind, adopts[i].kind);

        paylock_verify_free(&v);
        paylock_signers_free(&s);
    }

    EVP_PKEY_free(w.key);
}


/* After a fault: which adopts end it. */

static void
test_adopts(void **state)
{
    int                rc;
    size_t             i;
    char               good[PAYLOCK_HASH_LEN + 1], bad[PAYLOCK_HASH_LEN + 1];
    writer_t           w, eve;
    paylock_verify_t   v;
    paylock_signers_t  s;

    static const struct {
        int       ends;
        int       eve;                 /* who adopts */
        int       before;              /* is it the hash that stands there? */
        uint64_t  resumes;
    } adopts[] = {
        { 1, 0, 1, 2 }, { 0, 1, 1, 2 }, { 0, 0, 0, 2 }, { 0, 0, 1, 1 },
        { 0, 0, 1, 3 }
    };

    (void) state;

    writer_open(&w);
    writer_open(&eve);
    signers(&s, "w %s\n", w.public);

    for (i = 0; i < sizeof(adopts) / sizeof(adopts[0]); i++) {
        paylock_verify_begin(&v, NULL, "-", &s);

        strcpy(w.hash, ZEROS);
        assert_int_equal(paylock_verify_entry(&v, entry(&w, 1, "init", 1)), 0);
        assert_int_equal(paylock_verify_entry(&v, entry(&w, 2, "lock", 1)), 0);
        strcpy(good, w.hash);

        writer_after(&eve, &w);
        assert_int_equal(paylock_verify_entry(&v, entry(&eve, 3, "lock", 1)),
                         -1);
        assert_int_equal(v.fault.kind, PAYLOCK_FAULT_KEY);
        strcpy(bad, eve.hash);

        writer_after(&w, &eve);
        rc = paylock_verify_adopt(&v, adopt(adopts[i].eve ? &eve : &w,
                                            adopts[i].resumes + 1, 4,
                                            adopts[i].resumes, good),
                                  adopts[i].before ? bad : ZEROS);

        assert_int_equal(rc, adopts[i].ends ? 0 : -1);
        assert_int_equal(v.fault.kind, adopts[i].ends ? PAYLOCK_FAULT_NONE
                                                      : PAYLOCK_FAULT_KEY);
        assert_int_equal(v.seq, adopts[i].ends ? 5 : 2);
        assert_int_equal(v.n_given_up, adopts[i].ends);

        if (adopts[i].ends) {
            assert_int_equal(paylock_verify_entry(&v, entry(&w, 6, "lock", 1)),
                             0);
            assert_int_equal(paylock_verify_end(&v), 0);
        }

        paylock_verify_free(&v);
    }

    paylock_signers_free(&s);
    EVP_PKEY_free(w.key);
    EVP_PKEY_free(eve.key);
}


static void
witness(paylock_witness_t *w, uint64_t seq, const char *chain,
    const char *hash)
{
    memset(w, 0, sizeof(paylock_witness_t));
    w->name = "somebody";
    w->seq = seq;
    strcpy(w->chain, chain);
    strcpy(w->hash, hash);
}


static void
test_witnesses(void **state)
{
    size_t             i;
    writer_t           w;
    paylock_fault_t    fault;
    paylock_verify_t   v;
    paylock_witness_t  who[5];

    static const paylock_fault_e  kinds[] = {
        PAYLOCK_FAULT_NONE, PAYLOCK_FAULT_FORK, PAYLOCK_FAULT_FORK,
        PAYLOCK_FAULT_ROLLBACK, PAYLOCK_FAULT_ROLLBACK
    };

    (void) state;

    writer_open(&w);
    paylock_verify_begin(&v, CHAIN, "-", NULL);
    (void) entry(&w, 1, "init", 1);

    /* given in another order than that of their entries */

    witness(&who[4], 1, CHAIN, w.hash);
    witness(&who[3], 2, OTHER, ZEROS);
    witness(&who[2], 2, CHAIN, ZEROS);
    witness(&who[1], 7, CHAIN, ZEROS);
    witness(&who[0], 8, CHAIN, ZEROS);
    paylock_verify_witnesses(&v, who, 5);

    assert_int_equal(paylock_verify_entry(&v, &w.e), 0);
    assert_int_equal(paylock_verify_entry(&v, entry(&w, 2, "lock", 1)), 0);

    for (i = 0; i < 5; i++) {
        paylock_verify_witness(&v, &who[i], &fault);
        assert_int_equal(fault.kind, kinds[i]);
    }

    /* what an adopt gives up is still a rollback, and it is named */

    assert_int_equal(paylock_verify_entry(&v, adopt(&w, 3, 7, 2, w.hash)), 0);

    for (i = 0; i < 4; i++) {
        paylock_verify_witness(&v, &who[i], &fault);
        assert_int_equal(fault.kind, kinds[i]);
    }

    assert_int_equal(who[3].state, PAYLOCK_WITNESS_GIVEN_UP);
    assert_int_equal(who[3].adopt, 8);
    assert_string_equal(fault.text, "entry 7, which somebody remembers, was "
                        "given up by entry 8");

    paylock_verify_witness(&v, &who[4], &fault);
    assert_int_equal(fault.kind, PAYLOCK_FAULT_FORK);

    paylock_verify_free(&v);
    EVP_PKEY_free(w.key);
}


/*
 * Witnesses of entries 2 to 4: a transaction of which the signature was taken
 * off, and what an entry without a key stands in the place of.
 */

static void
test_witnesses_of_what_is_given_up(void **state)
{
    size_t              i;
    char                good[PAYLOCK_HASH_LEN + 1];
    writer_t            w;
    paylock_fault_t     fault;
    paylock_entry_t    *e;
    paylock_verify_t    v;
    paylock_signers_t   s;
    paylock_witness_t   who[3];

    static const paylock_fault_e  kinds[] = {
        PAYLOCK_FAULT_ROLLBACK, PAYLOCK_FAULT_ROLLBACK, PAYLOCK_FAULT_FORK
    };

    (void) state;

    writer_open(&w);
    signers(&s, "w %s\n", w.public);
    paylock_verify_begin(&v, NULL, "-", &s);

    assert_int_equal(paylock_verify_entry(&v, entry(&w, 1, "init", 1)), 0);
    strcpy(good, w.hash);
    (void) entry(&w, 2, "lock", 0);
    witness(&who[0], 2, CHAIN, w.hash);
    (void) entry(&w, 3, "lock", 0);
    witness(&who[1], 3, CHAIN, w.hash);
    witness(&who[2], 4, CHAIN, ZEROS);
    paylock_verify_witnesses(&v, who, 3);

    strcpy(w.hash, good);
    assert_int_equal(paylock_verify_entry(&v, entry(&w, 2, "lock", 0)), 0);
    assert_int_equal(paylock_verify_entry(&v, entry(&w, 3, "lock", 0)), 0);
    assert_int_equal(who[1].state, PAYLOCK_WITNESS_FITS);

    /* it carries the hash that is remembered, but it is not that entry */

    e = entry(&w, 4, "lock", 0);
    set(e, PAYLOCK_AUDIT_KEY, "");
    set(e, PAYLOCK_AUDIT_HASH, ZEROS);
    assert_int_equal(paylock_verify_entry(&v, e), -1);
    assert_int_equal(v.fault.kind, PAYLOCK_FAULT_EDIT);
    assert_int_equal(paylock_verify_adopt(&v, e, v.hash), -1);

    strcpy(w.hash, ZEROS);
    assert_int_equal(paylock_verify_adopt(&v, adopt(&w, 2, 4, 1, good),
                                          ZEROS), 0);
    assert_int_equal(paylock_verify_end(&v), 0);

    for (i = 0; i < 3; i++) {
        paylock_verify_witness(&v, &who[i], &fault);
        assert_int_equal(fault.kind, kinds[i]);
    }

    paylock_verify_free(&v);
    paylock_signers_free(&s);
    EVP_PKEY_free(w.key);
}


static void
test_checkpoint(void **state)
{
    char                   text[PAYLOCK_CHECKPOINT_MAX];
    size_t                 i, len;
    writer_t               w;
    paylock_checkpoint_t   c, again;

    (void) state;

    writer_open(&w);
    memset(&c, 0, sizeof(c));
    c.seq = UINT64_MAX;
    c.time = UINT64_MAX;
    strcpy(c.realm, "-");
    strcpy(c.chain, CHAIN);
    strcpy(c.hash, ZEROS);
    strcpy(c.key, w.public);

    len = paylock_checkpoint_write(&c, w.key, text);
    assert_in_range(len, 1, sizeof(text) - 1);
    assert_null(paylock_checkpoint_read(text, len, &again));
    assert_memory_equal(&again, &c, sizeof(c));

    /* no byte of it can be another, missing, or one more */

    for (i = 0; i < len; i++) {
        text[i] ^= 1;
        assert_non_null(paylock_checkpoint_read(text, len, &again));
        text[i] ^= 1;
        assert_non_null(paylock_checkpoint_read(text, i, &again));
    }

    text[len] = '\n';
    assert_non_null(paylock_checkpoint_read(text, len + 1, &again));

    EVP_PKEY_free(w.key);
}


static void
test_export(void **state)
{
    size_t             i;
    const char        *why;
    paylock_export_t   x;

#define FULL      "{\"seq\":1,\"v\":\"2\",\"chain\":\"" CHAIN "\"," \
                  "\"time\":\"1\",\"salt\":\"" SALT "\",\"prev\":\"" \
                  ZEROS "\",\"skip\":\"" ZEROS "\",\"hash\":\"" \
                  ZEROS "\""
#define LEAF(n)   "{\"seq\":" n ",\"leaf\":\"" ZEROS "\",\"prev\":\"" \
                  ZEROS "\",\"skip\":\"" ZEROS "\""
#define FIRST(r)  "{\"format\":\"paylock audit export 2\",\"realm\":\"" r \
                  "\",\"chain\":\"" CHAIN "\",\"host\":\"\",\"seq\":1," \
                  "\"hash\":\"" ZEROS "\"}"

    static const struct {
        const char        *line;
        const char        *why;        /* a part of it; NULL: it is read */
        paylock_export_e   kind;
    } lines[] = {
        { LEAF("2") "}\n", NULL, PAYLOCK_EXPORT_LEAF },
        { FULL ",\"more\":\"\"}", NULL, PAYLOCK_EXPORT_ENTRY },
        { FULL ",\"more\":[]}", "no text", 0 },
        { FULL ",\"a b\":\"\"}", "letters", 0 },
        { FIRST("-"), NULL, PAYLOCK_EXPORT_HEADER },
        { FIRST("eu-1.staging_b"), NULL, PAYLOCK_EXPORT_HEADER },
        { FIRST(""), "lacks", 0 },
        { FIRST("a b"), "lacks", 0 },
        { FIRST(ZEROS "0"), "lacks", 0 },
        { "", "no JSON", 0 },
        { "[]", "no JSON object", 0 },
        { "{\"seq\":1,\"seq\":1}", "no JSON", 0 },
        { LEAF("0") "}", "\"seq\"", 0 },
        { LEAF("\"1\"") "}", "\"seq\"", 0 },
        { "{\"seq\":1,\"leaf\":\"00\"}", "\"leaf\"", 0 },
        { "{\"seq\":1,\"leaf\":\"" ZEROS "\",\"skip\":\"" ZEROS "\"}",
          "\"prev\"", 0 },
        { "{\"seq\":1,\"leaf\":\"" ZEROS "\",\"prev\":\"" ZEROS "\"}",
          "\"skip\"", 0 },
        { LEAF("1") ",\"key\":\"" ZEROS "\"}",
          "key, root and signature", 0 },
        { "{\"seq\":1,\"v\":1}", "no text", 0 },
        { "{\"seq\":1}", "\"v\"", 0 },
        { "{\"format\":1}", "another format", 0 },
        { "{\"format\":\"paylock audit export 2\"}", "lacks", 0 },
        { "{\"checkpoint\":null}", "no text", 0 },
        { "{\"checkpoint\":\"\"}", "form", 0 }
    };

    (void) state;

    for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        why = paylock_export_read(lines[i].line, strlen(lines[i].line), &x);

        if (lines[i].why) {
            assert_non_null(why);
            assert_non_null(strstr(why, lines[i].why));

        } else {
            assert_null(why);
            assert_int_equal(x.kind, lines[i].kind);
        }

        paylock_export_free(&x);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_trail),
        cmocka_unit_test(test_missing_signature),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_pins),
        cmocka_unit_test(test_pins_of_chains),
        cmocka_unit_test(test_adopts),
        cmocka_unit_test(test_witnesses),
        cmocka_unit_test(test_witnesses_of_what_is_given_up),
        cmocka_unit_test(test_checkpoint),
        cmocka_unit_test(test_export)
    };

    return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
