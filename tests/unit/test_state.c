
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "paylock_state.h"


#define DIGITS  "000102030405060708090a0b0c0d0e0f"                            \
                "101112131415161718191a1b1c1d1eff"


static const unsigned char *
key(void)
{
    static unsigned char  bytes[PAYLOCK_STATE_KEY];

    assert_null(paylock_state_key(DIGITS, sizeof(DIGITS) - 1, bytes));

    return bytes;
}


static void
fill(paylock_state_t *state)
{
    memset(state, 0, sizeof(*state));

    state->count = 0x12345678;
    state->size = 0x123456789abcdef0;
    state->position.seq = UINT64_MAX;
    state->position.time = 1793491200123;

    memset(state->position.chain, 'a', PAYLOCK_CHAIN_LEN);
    memset(state->position.hash, 'b', PAYLOCK_HASH_LEN);
    memset(state->position.prev, 'c', PAYLOCK_HASH_LEN);
    memset(state->root, 'd', PAYLOCK_HASH_LEN);
    memset(state->trust, 0x3c, PAYLOCK_STATE_TRUST);
    memset(state->secret, 0x5a, PAYLOCK_STATE_SECRET);
    memset(state->digest, 0xa5, PAYLOCK_STATE_DIGEST);
}


static void
test_key(void **unused)
{
    size_t         i;
    unsigned char  bytes[PAYLOCK_STATE_KEY];

    static const char *const  bad[] = {
        "", "\n", DIGITS "0", DIGITS "\n\n", DIGITS "\r\n", " " DIGITS,
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eF",
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eFF",
        "0x0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff",
    };

    (void) unused;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_non_null(paylock_state_key(bad[i], strlen(bad[i]), bytes));
    }

    assert_null(paylock_state_key(DIGITS "\n", sizeof(DIGITS), bytes));
    assert_int_equal(bytes[1], 1);
    assert_int_equal(bytes[31], 0xff);
}


static void
test_header(void **unused)
{
    unsigned char    data[PAYLOCK_STATE_HEADER], other[PAYLOCK_STATE_HEADER];
    paylock_state_t  state, got;

    (void) unused;

    fill(&state);
    assert_int_equal(paylock_state_write(&state, key(), data), 0);

    memset(&got, 0, sizeof(got));
    assert_null(paylock_state_read(data, sizeof(data), key(), &got));
    assert_memory_equal(&got, &state, sizeof(state));

    /* what is written twice is not masked alike, and the secret never shows */

    assert_int_equal(paylock_state_write(&state, key(), other), 0);
    assert_memory_not_equal(data + 296, other + 296, 32 + 192);
    assert_memory_not_equal(data + 328, state.secret, 4);
}


/* No bit can be changed, no byte be left out, and no other key be taken. */

static void
test_header_changed(void **unused)
{
    size_t           i;
    unsigned char    data[PAYLOCK_STATE_HEADER], other[PAYLOCK_STATE_KEY];
    unsigned char   *part;
    paylock_state_t  state;

    (void) unused;

    fill(&state);
    assert_int_equal(paylock_state_write(&state, key(), data), 0);

    for (i = 0; i < 8 * sizeof(data); i++) {
        data[i / 8] ^= 1 << i % 8;
        assert_non_null(paylock_state_read(data, sizeof(data), key(), &state));
        data[i / 8] ^= 1 << i % 8;
    }

    for (i = 0; i < sizeof(data); i++) {
        part = malloc(i ? i : 1);
        memcpy(part, data, i);
        assert_non_null(paylock_state_read(part, i, key(), &state));
        free(part);
    }

    memcpy(other, key(), sizeof(other));
    other[0] ^= 1;
    assert_non_null(paylock_state_read(data, sizeof(data), other, &state));
    assert_null(paylock_state_read(data, sizeof(data), key(), &state));
}


static void
test_intact(void **unused)
{
    paylock_state_t  state;

    /* the SHA-256 of "abc" */

    static const unsigned char  digest[] = {
        0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea,
        0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
        0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c,
        0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad
    };

    (void) unused;

    fill(&state);
    state.size = 3;
    memcpy(state.digest, digest, sizeof(digest));

    assert_true(paylock_state_intact(&state, (unsigned char *) "abc", 3));
    assert_false(paylock_state_intact(&state, (unsigned char *) "abd", 3));
    assert_false(paylock_state_intact(&state, (unsigned char *) "ab", 2));
    state.size = 4;
    assert_false(paylock_state_intact(&state, (unsigned char *) "abc", 3));
}


static void
test_record(void **unused)
{
    size_t                  i, len, n;
    unsigned char           data[PAYLOCK_STATE_RECORD], *part;
    paylock_state_record_t  record, got;

    static const char *const  records[] = {
        "{\"at\":1793491200,\"lock_at\":4294967295,\"ref\":\"PL-7F3K2M\"}",
        "{\"at\":0,\"open_at\":1,\"notice_at\":2,\"readonly_at\":3,"
        "\"lock_at\":4,\"pass_after\":5,\"ref\":\"0123456789abcdef\"}",
        "true",
        "{}",
    };

    (void) unused;

    for (i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
        memset(&record, 0, sizeof(record));

        record.hash = 0xfedcba9876543210;
        record.suffix = i & 1 ? 253 : 0;
        record.held = i >> 1;

        assert_null(paylock_record_parse(records[i], strlen(records[i]),
                                         &record.record));

        len = paylock_state_record_write(&record, data);
        assert_in_range(len, 10, sizeof(data));

        memset(&got, 0, sizeof(got));
        memset(&got.record, 0xff, sizeof(got.record));

        assert_int_equal(paylock_state_record_read(data, len, &got), len);
        assert_memory_equal(&got, &record, sizeof(got));

        for (n = 0; n < len; n++) {
            part = malloc(n ? n : 1);
            memcpy(part, data, n);
            assert_int_equal(paylock_state_record_read(part, n, &got), 0);
            free(part);
        }
    }
}


static void
test_record_bad(void **unused)
{
    paylock_state_record_t  got;

    (void) unused;

    assert_int_equal(paylock_state_record_read(
        (unsigned char *) "hhhhhhhh\x11\0" "0123456789abcdefg", 27, &got), 0);
    assert_int_equal(paylock_state_record_read(
        (unsigned char *) "hhhhhhhh\0\x40" "0000", 14, &got), 0);
    assert_int_equal(paylock_state_record_read(
        (unsigned char *) "hhhhhhhh\1\0<", 11, &got), 0);
    assert_int_equal(paylock_state_record_read(
        (unsigned char *) "hhhhhhhh\1\0a", 11, &got), 11);
}


static void
test_ahead(void **unused)
{
    paylock_position_t  a, b;

    (void) unused;

    memset(&a, 0, sizeof(a));
    memset(&b, 0, sizeof(b));

    /* nothing is not ahead of nothing */
    assert_false(paylock_position_ahead(&a, &b));

    memset(a.chain, 'a', PAYLOCK_CHAIN_LEN);
    a.seq = 5;
    a.time = 1000;
    assert_true(paylock_position_ahead(&a, &b));
    assert_false(paylock_position_ahead(&b, &a));

    /* in one chain clocks do not count */
    b = a;
    assert_false(paylock_position_ahead(&a, &b));
    b.seq = 6;
    b.time = 500;
    assert_true(paylock_position_ahead(&b, &a));
    assert_false(paylock_position_ahead(&a, &b));

    /* of two chains numbers do not */
    b.chain[0] = 'b';
    assert_true(paylock_position_ahead(&a, &b));
    assert_false(paylock_position_ahead(&b, &a));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_key),
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_header_changed),
        cmocka_unit_test(test_intact),
        cmocka_unit_test(test_record),
        cmocka_unit_test(test_record_bad),
        cmocka_unit_test(test_ahead),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
