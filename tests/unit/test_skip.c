
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The second link of entries, against a list of all that stand.
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "paylock_skip.h"


#define ZEROS    "00000000000000000000000000000000" \
                 "00000000000000000000000000000000"
#define ENTRIES  3000


static uint64_t  standing[ENTRIES];
static size_t    n;


static const char *
hash(uint64_t seq)
{
    static char  text[2][PAYLOCK_HASH_LEN + 1];
    static int   i;

    i ^= 1;
    (void) snprintf(text[i], sizeof(text[i]), "%064llx",
                    (unsigned long long) seq);

    return text[i];
}


/* The last that stands, of those that are not above the target. */

static const char *
wanted(uint64_t seq)
{
    size_t  i;

    for (i = n; i; i--) {
        if (standing[i - 1] <= (seq & (seq - 1))) {
            return hash(standing[i - 1]);
        }
    }

    return ZEROS;
}


static void
add(paylock_skip_t *s, uint64_t seq)
{
    paylock_skip_add(s, seq, hash(seq));
    assert_true(s->n <= PAYLOCK_SKIP_MAX);
    standing[n++] = seq;
}


/* Entries in a row, and behind some of them gaps of all sizes. */

static void
test_find(void **state)
{
    long            dice;
    unsigned        seed;
    uint64_t        seq;
    paylock_skip_t  s;

    (void) state;

    for (seed = 1; seed <= 200; seed++) {
        srandom(seed);
        memset(&s, 0, sizeof(s));
        n = 0;

        for (seq = 1; n < ENTRIES; seq++) {
            assert_memory_equal(paylock_skip_find(&s, seq), wanted(seq),
                                PAYLOCK_HASH_LEN);
            add(&s, seq);

            dice = random();

            if (seed % 4 && dice % 50 == 0 && seq < 1ull << 58) {
                seq += 1ull << (dice >> 8) % (seed % 4 == 1 ? 6 : 40);
            }
        }
    }
}


/* All that clears the lowest bit is a gap: that leads through the most. */

static void
test_most(void **state)
{
    int             bit;
    uint64_t        seq;
    paylock_skip_t  s;

    (void) state;

    memset(&s, 0, sizeof(s));
    n = 0;

    for (bit = 62; bit >= 0; bit--) {
        seq = n ? standing[n - 1] | 1ull << bit : 1ull << 62;
        assert_memory_equal(paylock_skip_find(&s, seq), wanted(seq),
                            PAYLOCK_HASH_LEN);
        add(&s, seq);
    }

    assert_int_equal(s.n, 63);

    for (seq = standing[n - 1]; seq < INT64_MAX + 20ull; seq++) {
        assert_memory_equal(paylock_skip_find(&s, seq + 1), wanted(seq + 1),
                            PAYLOCK_HASH_LEN);
        add(&s, seq + 1);
    }
}


/* Behind an entry of which the past is not known. */

static void
test_open(void **state)
{
    paylock_skip_t  s, copy;

    (void) state;

    paylock_skip_from(&s, 13, hash(13));

    assert_null(paylock_skip_find(&s, 14));          /* leads to 12 */
    assert_memory_equal(paylock_skip_find(&s, 16), ZEROS, PAYLOCK_HASH_LEN);

    paylock_skip_add(&s, 14, hash(14));
    paylock_skip_copy(&copy, &s);
    assert_memory_equal(paylock_skip_find(&copy, 15), hash(14),
                        PAYLOCK_HASH_LEN);

    paylock_skip_from(&s, 0, NULL);
    assert_memory_equal(paylock_skip_find(&s, 15), ZEROS, PAYLOCK_HASH_LEN);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_most),
        cmocka_unit_test(test_open)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
