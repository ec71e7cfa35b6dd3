
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

#include "paylock_export.h"
#include "paylock_sign.h"
#include "paylock_verify.h"


#define CHAIN  "00112233445566778899aabbccddeeff"
#define OTHER  "ffeeddccbbaa99887766554433221100"
#define SALT   "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
#define ZEROS  "00000000000000000000000000000000" \
               "00000000000000000000000000000000"


/* What a writer knows: the last entry, and its own key. */

typedef struct {
    EVP_PKEY         *key;
    uint64_t          seq;
    char              public[PAYLOCK_KEY_LEN + 1];
    char              prev[PAYLOCK_HASH_LEN + 1];
    char              hash[PAYLOCK_HASH_LEN + 1];
    char              sig[PAYLOCK_SIG_LEN + 1];
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

    e->seq = seq;
    set(e, PAYLOCK_AUDIT_V, "2");
    set(e, PAYLOCK_AUDIT_CHAIN, CHAIN);
    set(e, PAYLOCK_AUDIT_TIME, "1793487600000");
    set(e, PAYLOCK_AUDIT_ACTION, action);
    set(e, PAYLOCK_AUDIT_KEY, w->public);
    set(e, PAYLOCK_AUDIT_SALT, SALT);
    set(e, PAYLOCK_AUDIT_PREV, w->prev);

    assert_int_equal(paylock_entry_hash(e, w->hash), 0);
    set(e, PAYLOCK_AUDIT_HASH, w->hash);

    if (sign) {
        len = paylock_sign_entry("-", w->hash, text);
        assert_int_equal(paylock_sign(w->key, text, len, w->sig), 0);
        set(e, PAYLOCK_AUDIT_SIG, w->sig);
    }

    return e;
}


static void
test_trail(void **state)
{
    writer_t          w;
    paylock_verify_t  v;

    (void) state;

    writer_open(&w);
    paylock_verify_begin(&v, CHAIN, w.public);

    assert_int_equal(paylock_verify_entry(&v, entry(&w, 1, "init", 1)), 0);
    assert_int_equal(paylock_verify_entry(&v, entry(&w, 2, "lock", 0)), 0);
    assert_int_equal(paylock_verify_entry(&v, entry(&w, 3, "lock", 1)), 0);
    assert_int_equal(paylock_verify_entry(&v, entry(&w, 9, "adopt", 1)), 0);
    assert_int_equal(paylock_verify_end(&v), 0);

    assert_int_equal(v.seq, 9);
    assert_int_equal(v.entries, 4);
    assert_int_equal(v.missing, 5);
    assert_int_equal(v.begun, 1);
    assert_int_equal(v.ring.key[0].entries, 4);
    assert_string_equal(v.hash, w.hash);

    assert_int_equal(paylock_verify_entry(&v, entry(&w, 11, "lock", 1)), -1);
    assert_int_equal(v.fault.kind, PAYLOCK_FAULT_GAP);
    assert_int_equal(v.fault.seq, 10);
    assert_string_equal(v.fault.text, "entry 10 is missing");

    paylock_verify_free(&v);
    EVP_PKEY_free(w.key);
}


static void
test_missing_signature(void **state)
{
    writer_t          w;
    paylock_verify_t  v;

    (void) state;

    writer_open(&w);
    paylock_verify_begin(&v, NULL, NULL);

    assert_int_equal(paylock_verify_entry(&v, entry(&w, 1, "init", 0)), 0);
    assert_int_equal(paylock_verify_end(&v), -1);
    assert_int_equal(v.fault.kind, PAYLOCK_FAULT_SIGNATURE);
    assert_int_equal(v.fault.seq, 1);

    paylock_verify_free(&v);
    EVP_PKEY_free(w.key);
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
    paylock_verify_begin(&v, CHAIN, NULL);
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

    /* what is behind an adopt is declared, but for another chain */

    assert_int_equal(paylock_verify_entry(&v, entry(&w, 8, "adopt", 1)), 0);

    for (i = 0; i < 4; i++) {
        paylock_verify_witness(&v, &who[i], &fault);
        assert_int_equal(fault.kind,
                         strcmp(who[i].chain, OTHER) == 0
                         ? PAYLOCK_FAULT_FORK : PAYLOCK_FAULT_NONE);
    }

    paylock_verify_witness(&v, &who[4], &fault);
    assert_int_equal(fault.kind, PAYLOCK_FAULT_FORK);

    paylock_verify_free(&v);
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
                  ZEROS "\",\"hash\":\"" ZEROS "\""
#define FIRST(r)  "{\"format\":\"paylock audit export 2\",\"realm\":\"" r \
                  "\",\"chain\":\"" CHAIN "\",\"host\":\"\",\"seq\":1," \
                  "\"hash\":\"" ZEROS "\",\"genesis\":\"\"}"

    static const struct {
        const char        *line;
        const char        *why;        /* a part of it; NULL: it is read */
        paylock_export_e   kind;
    } lines[] = {
        { "{\"seq\":2,\"leaf\":\"" ZEROS "\"}\n", NULL, PAYLOCK_EXPORT_LEAF },
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
        { "{\"seq\":0,\"leaf\":\"" ZEROS "\"}", "\"seq\"", 0 },
        { "{\"seq\":\"1\",\"leaf\":\"" ZEROS "\"}", "\"seq\"", 0 },
        { "{\"seq\":1,\"leaf\":\"00\"}", "\"leaf\"", 0 },
        { "{\"seq\":1,\"leaf\":\"" ZEROS "\",\"key\":\"" ZEROS "\"}",
          "key and signature", 0 },
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
        cmocka_unit_test(test_witnesses),
        cmocka_unit_test(test_checkpoint),
        cmocka_unit_test(test_export)
    };

    return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
