
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

#include "paylock_audit.h"
#include "paylock_resp.h"
#include "paylock_sign.h"


#define CHAIN  "00112233445566778899aabbccddeeff"
#define PREV   "ffffffffffffffffffffffffffffffff" \
               "ffffffffffffffffffffffffffffffff"
#define HASH   "5f11164db5cc781639b645a6e0d5d9ea" \
               "6b9f123e694047d3f0003e0e0fbdd34e"
#define SALT   "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
#define REST   "salt", SALT, "chain", CHAIN, "time", "1", "prev", PREV, \
               "skip", PREV, "hash", HASH

/* the least entry there is, and one with a field more */

#define ENTRY       "v", "2", REST
#define LESS        "v", "2", "salt", SALT, "skip", PREV,
#define WITH(n, v)  { ENTRY, n, v, NULL }


typedef struct {
    const char  *why;                  /* NULL: taken */
    const char  *field[32];
} fields_t;


static redisReply *
decode(const char *bytes)
{
    redisReply      *reply;
    paylock_resp_t  *resp;

    resp = paylock_resp_create();
    assert_non_null(resp);
    assert_null(paylock_resp_feed(resp, bytes, strlen(bytes)));
    assert_null(paylock_resp_next(resp, &reply));
    assert_non_null(reply);
    paylock_resp_free(resp);

    return reply;
}


static redisReply *
entry(const char *id, const char *const *field)
{
    char    buf[4096], *p, *end;
    size_t  n;

    for (n = 0; field[n]; n++) {
        /* void */
    }

    p = buf;
    end = buf + sizeof(buf);
    p += snprintf(p, end - p, "*2\r\n$%zu\r\n%s\r\n*%zu\r\n", strlen(id), id,
                  n);

    for (n = 0; field[n]; n++) {
        p += snprintf(p, end - p, "$%zu\r\n%s\r\n", strlen(field[n]),
                      field[n]);
    }

    return decode(buf);
}


static void
test_read(void **state)
{
    redisReply       *reply;
    paylock_str_t    *f;
    paylock_entry_t   e;

    static const char *const  field[] = {
        "action", "lock", "v", "2", "hash", HASH, "host", "acme.example",
        "unknown", "\xc3\xbc" "ber", "chain", CHAIN, "time", "1793491200123",
        "actor", "alice", "machine", "ops1", "prev", PREV, "skip", PREV,
        "after", "{\"at\":1793491200,\"lock_at\":1793491200}",
        "reason", "caf\xc3\xa9 overdue", "invoice", "F-2026-017",
        "before", "", "salt", CHAIN, NULL
    };

    (void) state;

    reply = entry("258-0", field);

    assert_null(paylock_entry_read(reply, &e));
    assert_int_equal(e.seq, 258);

    f = e.field;
    assert_int_equal(f[PAYLOCK_AUDIT_ACTION].len, 4);
    assert_memory_equal(f[PAYLOCK_AUDIT_ACTION].data, "lock", 4);
    assert_int_equal(f[PAYLOCK_AUDIT_HOST].len, 12);
    assert_memory_equal(f[PAYLOCK_AUDIT_HOST].data, "acme.example", 12);
    assert_int_equal(f[PAYLOCK_AUDIT_BEFORE].len, 0);
    assert_int_equal(f[PAYLOCK_AUDIT_REQUEST].len, 0);
    assert_null(f[PAYLOCK_AUDIT_REQUEST].data);

    assert_int_equal(paylock_entry_intact(&e), 1);

    freeReplyObject(reply);
}


/* The hashes were computed from docs/audit-format.md by another program. */

static void
test_hash(void **state)
{
    size_t           i;
    char             hex[PAYLOCK_HASH_LEN + 1], other[PAYLOCK_HASH_LEN + 1];
    paylock_str_t    kept;
    paylock_entry_t  e;

    static const char  least[] = "578fcccd7ff8ea4f7cd196795aabae71"
                                 "a27fc6f55e8a03250de9e1c8ab7ba9d4";
    static const char  zeros[] = "00000000000000000000000000000000"
                                 "00000000000000000000000000000000";

    (void) state;

    memset(&e, 0, sizeof(e));
    e.seq = 1;
    e.field[PAYLOCK_AUDIT_V] = (paylock_str_t) { "2", 1 };
    e.field[PAYLOCK_AUDIT_CHAIN] = (paylock_str_t) { zeros, 32 };
    e.field[PAYLOCK_AUDIT_TIME] = (paylock_str_t) { "0", 1 };
    e.field[PAYLOCK_AUDIT_SALT] = (paylock_str_t) { zeros, 32 };
    e.field[PAYLOCK_AUDIT_PREV] = (paylock_str_t) { zeros, 64 };
    e.field[PAYLOCK_AUDIT_SKIP] = (paylock_str_t) { zeros, 64 };

    assert_int_equal(paylock_entry_hash(&e, hex), 0);
    assert_string_equal(hex, least);

    /* neither the version, the hash itself nor what signs it is hashed */

    e.field[PAYLOCK_AUDIT_HASH] = (paylock_str_t) { least, 64 };
    assert_int_equal(paylock_entry_intact(&e), 1);

    e.seq = 1ull << 56;
    assert_int_equal(paylock_entry_intact(&e), 0);
    e.seq = 1;

    for (i = PAYLOCK_AUDIT_CHAIN; i < PAYLOCK_AUDIT_HASH; i++) {
        kept = e.field[i];

        e.field[i] = (paylock_str_t) { "2", 1 };
        assert_int_not_equal(paylock_entry_intact(&e), 1);

        e.field[i] = kept;
        assert_int_equal(paylock_entry_intact(&e), 1);
    }

    e.field[PAYLOCK_AUDIT_REASON] = (paylock_str_t) { "ab", 2 };
    assert_int_equal(paylock_entry_hash(&e, hex), 0);
    e.field[PAYLOCK_AUDIT_REASON] = (paylock_str_t) { "a", 1 };
    e.field[PAYLOCK_AUDIT_INVOICE] = (paylock_str_t) { "b", 1 };
    assert_int_equal(paylock_entry_hash(&e, other), 0);
    assert_string_not_equal(hex, other);

    e.field[PAYLOCK_AUDIT_HASH] = (paylock_str_t) { least, 63 };
    assert_int_equal(paylock_entry_intact(&e), 0);
    e.field[PAYLOCK_AUDIT_HASH] = (paylock_str_t) { NULL, 0 };
    assert_int_equal(paylock_entry_intact(&e), 0);
}


/* The chain of the example in docs/audit-format.md. */

static void
test_example(void **state)
{
    char              text[PAYLOCK_SIGN_TEXT];
    size_t            i, len;
    EVP_PKEY         *key;
    redisReply       *reply;
    paylock_str_t    *f;
    paylock_entry_t   e;

#define DOC_CHAIN  "8f1d6a02c94be7305a1c7d9e2b60f4aa"
#define DOC_ZEROS  "00000000000000000000000000000000" \
                   "00000000000000000000000000000000"
#define DOC_FIRST  "57d122b513d5117a486a4dcd9c1d5651" \
                   "a362461a7f43f7938455ea61aa160745"
#define DOC_KEY    "03a107bff3ce10be1d70dd18e74bc099" \
                   "67e4d6309ba50d5f1ddc8664125531b8"

    static const struct {
        const char  *id;
        const char  *field[40];
    } entries[] = {
        { "1-0", { "v", "2", "chain", DOC_CHAIN, "time", "1793487600000",
                   "actor", "alice", "machine", "web1", "action", "init",
                   "request", "c41d0f7be2a95836710fd24c9be8a653",
                   "key", DOC_KEY, "salt", "6e1f0c93a7d24b5880e35cb1fd29a774",
                   "prev", DOC_ZEROS, "skip", DOC_ZEROS, "hash", DOC_FIRST, "root",
                   "e5a00aa9991ac8a5ee3109844d84a555"
                   "83bd20572ad3ffcd42792f3c36b183ad", "sig",
                   "32d069ae30d104791f3f7b6525a2b9ac"
                   "76d4b394fc7b7029443d1d9cd06e4305"
                   "9520fdb64cfa6597a1a35a843e51bd4d"
                   "54cbe044c4a8adebdd07481d15ba840d", NULL } },
        { "2-0", { "v", "2", "chain", DOC_CHAIN, "time", "1793491200250",
                   "actor", "alice", "machine", "web1", "action", "lock",
                   "host", "acme.example", "prior", "0",
                   "after", "{\"at\":1793491200,\"lock_at\":1793491200,"
                            "\"entry\":2,\"ref\":\"PL-7F3K2M\","
                            "\"reason\":\"overdue since 1 Nov\","
                            "\"invoice\":\"F-2026-017\","
                            "\"actor\":\"alice\"}",
                   "reason", "overdue since 1 Nov", "invoice", "F-2026-017",
                   "request", "5f0c3d1b9a7e4c62b8d1f3a5c7e90b24",
                   "key", DOC_KEY, "salt", "b95a20e7c8164f3d9a02d6718ce4f05b",
                   "prev", DOC_FIRST, "skip", DOC_ZEROS,
                   "hash", "8aee10bf9bdd757b901218fd523c7ab4"
                           "a4fc51e5432360fc52f94ff46ad9a55a", "root",
                   "913996243442e25a81c37dcc05b6c7ff"
                   "9f9733e1b9d14b3ccb5ae65e808cbc83", "sig",
                   "104fa3484e251e9124ca47edda2401b5"
                   "d30b33aefa703600db8c3fffa24f636b"
                   "8a646d1001762529d9c6bbae1cda9843"
                   "cd10a3994d4ee4d572fd242222f3ce01", NULL } }
    };

    (void) state;

    for (i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        reply = entry(entries[i].id, entries[i].field);
        assert_null(paylock_entry_read(reply, &e));
        assert_int_equal(paylock_entry_intact(&e), 1);

        f = e.field;
        key = paylock_sign_key(f[PAYLOCK_AUDIT_KEY].data);
        assert_non_null(key);

        len = paylock_sign_entry("-", f[PAYLOCK_AUDIT_HASH].data,
                                 f[PAYLOCK_AUDIT_ROOT].data, text);
        assert_int_equal(paylock_sign_check(key, text, len,
                                            f[PAYLOCK_AUDIT_SIG].data), 1);
        text[len - 2] ^= 1;
        assert_int_equal(paylock_sign_check(key, text, len,
                                            f[PAYLOCK_AUDIT_SIG].data), 0);

        EVP_PKEY_free(key);
        freeReplyObject(reply);
    }
}


static void
test_ids(void **state)
{
    size_t            i;
    redisReply       *reply;
    paylock_entry_t   e;

    static const struct {
        const char  *id;
        uint64_t     seq;              /* 0: refused */
    } cases[] = {
        { "1-0", 1 },
        { "9-0", 9 },
        { "10-0", 10 },
        { "18446744073709551615-0", UINT64_MAX },
        { "18446744073709551616-0", 0 },
        { "18446744073709551620-0", 0 },
        { "99999999999999999999-0", 0 },
        { "100000000000000000000-0", 0 },
        { "0-0", 0 },
        { "01-0", 0 },
        { "0-1", 0 },
        { "1-1", 0 },
        { "1-00", 0 },
        { "1-", 0 },
        { "1", 0 },
        { "-0", 0 },
        { "", 0 },
        { "-1-0", 0 },
        { "+1-0", 0 },
        { " 1-0", 0 },
        { "1-0 ", 0 },
        { "1--0", 0 },
        { "a-0", 0 },
        { "1-0-0", 0 }
    };

    static const char *const  field[] = { ENTRY, NULL };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        reply = entry(cases[i].id, field);

        if ((paylock_entry_read(reply, &e) == NULL) != (cases[i].seq != 0)
            || (cases[i].seq && e.seq != cases[i].seq))
        {
            fail_msg("id \"%s\"", cases[i].id);
        }

        freeReplyObject(reply);
    }
}


static void
test_fields(void **state)
{
    size_t            i;
    redisReply       *reply;
    const char       *why;
    paylock_entry_t   e;

    static const fields_t  cases[] = {
        { NULL, { ENTRY, NULL } },
        { NULL, WITH("host", "") },
        { NULL, WITH("colour", "blue") },
        { NULL, WITH("V", "2") },
        { "letters", WITH("a b", "") },
        { "letters", WITH("a\n", "") },
        { "letters", WITH("", "x") },
        { "export", WITH("leaf", "x") },
        { "export", WITH("seq", "1") },
        { "export", WITH("format", "") },
        { "export", WITH("checkpoint", "") },
        { "twice", { "colour", "", "colour", "a", ENTRY, NULL } },
        { NULL, WITH("reason", "\xf4\x8f\xbf\xbf \xed\x9f\xbf \xee\x80\x80") },
        { "\"v\"", { NULL } },
        { "\"v\"", { REST, NULL } },
        { "\"v\"", { "v", "1", REST, NULL } },
        { "\"v\"", { "v", "", REST, NULL } },
        { "\"v\"", { "v", "11", REST, NULL } },
        { "upgrade this first", { "v", "3", "a b", "\xff", REST, NULL } },
        { "twice", WITH("v", "2") },
        { "twice", { "host", "", "host", "a", ENTRY, NULL } },
        { "twice", WITH("hash", HASH) },
        { "UTF-8", WITH("reason", "\xff") },
        { "UTF-8", WITH("reason", "\x80") },
        { "UTF-8", WITH("reason", "a\xc3") },
        { "UTF-8", WITH("reason", "\xc3(") },
        { "UTF-8", WITH("reason", "\xc0\x80") },
        { "UTF-8", WITH("reason", "\xe0\x9f\xbf") },
        { "UTF-8", WITH("reason", "\xf0\x8f\xbf\xbf") },
        { "UTF-8", WITH("reason", "\xf4\x90\x80\x80") },
        { "UTF-8", WITH("reason", "\xf5\x80\x80\x80") },
        { "UTF-8", WITH("reason", "\xed\xa0\x80") },
        { "UTF-8", WITH("reason", "\xe2\x82") },
        { "\"chain\"", { LESS "time", "1", "prev", PREV, "hash", HASH,
                         NULL } },
        { "\"chain\"", { LESS "time", "1", "prev", PREV, "hash", HASH,
                         "chain", CHAIN "0", NULL } },
        { "\"chain\"", { LESS "time", "1", "prev", PREV, "hash", HASH,
                         "chain", "00112233445566778899AABBCCDDEEFF", NULL } },
        { "\"time\"", { LESS "chain", CHAIN, "prev", PREV, "hash", HASH,
                        NULL } },
        { "\"time\"", { LESS "chain", CHAIN, "prev", PREV, "hash", HASH,
                        "time", "1e3", NULL } },
        { "\"time\"", { LESS "chain", CHAIN, "prev", PREV, "hash", HASH,
                        "time", "01", NULL } },
        { "\"time\"", { LESS "chain", CHAIN, "prev", PREV, "hash", HASH,
                        "time", "1234567890123456", NULL } },
        { "\"prev\"", { LESS "chain", CHAIN, "time", "1", "hash", HASH,
                        NULL } },
        { "\"prev\"", { LESS "chain", CHAIN, "time", "1", "hash", HASH,
                        "prev", "xyz", NULL } },
        { "\"skip\"", { "v", "2", "salt", SALT, "chain", CHAIN, "time", "1",
                        "prev", PREV, "hash", HASH, NULL } },
        { "\"hash\"", { LESS "chain", CHAIN, "time", "1", "prev", PREV,
                        NULL } },
        { "\"hash\"", { LESS "chain", CHAIN, "time", "1", "prev", PREV,
                        "hash", CHAIN, NULL } }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        reply = entry("7-0", cases[i].field);
        why = paylock_entry_read(reply, &e);

        if ((why == NULL) != (cases[i].why == NULL)
            || (why && strstr(why, cases[i].why) == NULL))
        {
            fail_msg("case %zu: %s", i, why ? why : "is taken");
        }

        freeReplyObject(reply);
    }
}


/* The order of the fields is covered; 64 of them may be there. */

static void
test_unknown(void **state)
{
    char              name[60][8], one[PAYLOCK_HASH_LEN + 1];
    char              two[PAYLOCK_HASH_LEN + 1];
    size_t            i, n;
    redisReply       *reply;
    const char       *field[140];
    paylock_entry_t   e;

    static const char *const  ab[] = { ENTRY, "a", "1", "b", "2", NULL };
    static const char *const  ba[] = { "b", "2", ENTRY, "a", "1", NULL };

    (void) state;

    reply = entry("7-0", ab);
    assert_null(paylock_entry_read(reply, &e));
    assert_int_equal(e.n, 9);
    assert_int_equal(paylock_entry_hash(&e, one), 0);
    freeReplyObject(reply);

    reply = entry("7-0", ba);
    assert_null(paylock_entry_read(reply, &e));
    assert_true(paylock_str_is(e.pair[0].name, "b"));
    assert_int_equal(paylock_entry_hash(&e, two), 0);
    freeReplyObject(reply);

    assert_string_not_equal(one, two);

    for (n = 0; ab[n + 4]; n++) {
        field[n] = ab[n];
    }

    for (i = 0; i < 57; i++) {
        (void) snprintf(name[i], sizeof(name[i]), "n%zu", i);
        field[n++] = name[i];
        field[n++] = "";
    }

    field[n] = NULL;
    reply = entry("7-0", field);
    assert_null(paylock_entry_read(reply, &e));
    assert_int_equal(e.n, PAYLOCK_ENTRY_PAIRS);
    freeReplyObject(reply);

    field[n] = "more";
    field[n + 1] = "";
    field[n + 2] = NULL;
    reply = entry("7-0", field);
    assert_non_null(strstr(paylock_entry_read(reply, &e), "64 fields"));
    freeReplyObject(reply);
}


static void
test_shapes(void **state)
{
    size_t            i;
    redisReply       *reply;
    paylock_entry_t   e;

    static const char *const  replies[] = {
        "+OK\r\n",
        "-ERR no\r\n",
        ":1\r\n",
        "$-1\r\n",
        "*-1\r\n",
        "*0\r\n",
        "*1\r\n$3\r\n1-0\r\n",
        "*3\r\n$3\r\n1-0\r\n*0\r\n*0\r\n",
        "*2\r\n$-1\r\n*0\r\n",
        "*2\r\n:1\r\n*0\r\n",
        "*2\r\n*0\r\n*0\r\n",
        "*2\r\n$3\r\n1-0\r\n$-1\r\n",
        "*2\r\n$3\r\n1-0\r\n*-1\r\n",
        "*2\r\n$3\r\n1-0\r\n+OK\r\n",
        "*2\r\n$3\r\n1-0\r\n*1\r\n$1\r\nv\r\n",
        "*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nv\r\n:1\r\n",
        "*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nv\r\n$-1\r\n",
        "*2\r\n$3\r\n1-0\r\n*2\r\n$-1\r\n$1\r\n1\r\n",
        "*2\r\n$3\r\n1-0\r\n*2\r\n*0\r\n*0\r\n"
    };

    (void) state;

    for (i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
        reply = decode(replies[i]);
        assert_non_null(paylock_entry_read(reply, &e));
        freeReplyObject(reply);
    }
}


/* A NUL is valid UTF-8 but no text. */

static void
test_nul(void **state)
{
    redisReply        *reply, *value;
    paylock_entry_t    e;

    static const char *const  field[] = { ENTRY, "reason", "a.b", NULL };

    (void) state;

    reply = entry("7-0", field);
    assert_null(paylock_entry_read(reply, &e));

    value = reply->element[1]->element[15];
    assert_int_equal(value->len, 3);
    value->str[1] = '\0';

    assert_non_null(strstr(paylock_entry_read(reply, &e), "UTF-8"));

    freeReplyObject(reply);
}


static void
test_changes(void **state)
{
    size_t           i;
    paylock_entry_t  e;

    static const struct {
        const char  *action;
        const char  *host;
        int          changes;
    } cases[] = {
        { "lock", "a.example", 1 },
        { "reset", "a.example", 1 },
        { "unheard-of", "a.example", 1 },
        { "", "a.example", 1 },
        { "notices", "a.example", 1 },
        { "notic", "a.example", 1 },
        { "notice", "a.example", 0 },
        { "notice", "", 0 },
        { "adopt", "", 0 },
        { "", "", 0 }
    };

    (void) state;

    memset(&e, 0, sizeof(paylock_entry_t));
    assert_int_equal(paylock_entry_changes(&e), 0);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        e.field[PAYLOCK_AUDIT_ACTION].data = cases[i].action;
        e.field[PAYLOCK_AUDIT_ACTION].len = strlen(cases[i].action);
        e.field[PAYLOCK_AUDIT_HOST].data = cases[i].host;
        e.field[PAYLOCK_AUDIT_HOST].len = strlen(cases[i].host);
        assert_int_equal(paylock_entry_changes(&e), cases[i].changes);
    }
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_example),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_changes)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
