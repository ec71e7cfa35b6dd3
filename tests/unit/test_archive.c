
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The two fields of an archive.
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "paylock_archive.h"


#define ZEROS  "00000000000000000000000000000000" \
               "00000000000000000000000000000000"
#define ONES   "11111111111111111111111111111111" \
               "11111111111111111111111111111111"
#define TWOS   "22222222222222222222222222222222" \
               "22222222222222222222222222222222"


static const char *
read_archive(paylock_archive_t *a, uint64_t seq, const char *archived,
    const char *peaks)
{
    paylock_entry_t  e;

    memset(&e, 0, sizeof(e));
    e.seq = seq;
    e.field[PAYLOCK_AUDIT_ARCHIVED].data = archived;
    e.field[PAYLOCK_AUDIT_ARCHIVED].len = strlen(archived);
    e.field[PAYLOCK_AUDIT_PEAKS].data = peaks;
    e.field[PAYLOCK_AUDIT_PEAKS].len = strlen(peaks);

    return paylock_archive_read(&e, a);
}


static void
test_read(void **state)
{
    size_t              i;
    const char         *why;
    paylock_archive_t   a;

    static const struct {
        uint64_t     seq;
        const char  *archived;
        const char  *peaks;
        const char  *why;              /* a part of it; NULL: it is read */
    } archives[] = {
        { 9, "7 " ONES " " TWOS, "4 " ZEROS " 6 " TWOS " 7 " ONES, NULL },
        { 9, "1 " ONES " " TWOS, "1 " ONES, NULL },

        /* what is given up stands for the one before it */

        { 9, "7 " ONES " " TWOS, "3 " ZEROS " 6 " TWOS " 7 " ONES, NULL },
        { 9, "7 " ONES " " TWOS, "3 " ZEROS " 7 " ONES, NULL },
        { 8, "7 " ONES " " TWOS, "7 " ONES, "the entry before it" },
        { 7, "7 " ONES " " TWOS, "7 " ONES, "the entry before it" },
        { 2, "7 " ONES " " TWOS, "7 " ONES, "the entry before it" },
        { 9, "", "7 " ONES, "archived" },
        { 9, "7 " ONES, "7 " ONES, "archived" },
        { 9, "7 " ONES " ", "7 " ONES, "archived" },
        { 9, "07 " ONES " " TWOS, "7 " ONES, "archived" },
        { 9, "0 " ONES " " TWOS, "0 " ONES, "archived" },
        { 9, "7 " ONES " " TWOS " ", "7 " ONES, "archived" },
        { 9, "7 " ONES " " TWOS " 8", "7 " ONES, "archived" },
        { 9, "7  " ONES " " TWOS, "7 " ONES, "archived" },
        { 9, "99999999999999999999 " ONES " " TWOS, "7 " ONES, "archived" },
        { 9, "7 " ONES " " TWOS, "", "peaks" },
        { 9, "7 " ONES " " TWOS, "7", "peaks" },
        { 9, "7 " ONES " " TWOS, "7 " ONES " ", "peaks" },
        { 9, "7 " ONES " " TWOS, "7 " TWOS, "peaks" },
        { 9, "7 " ONES " " TWOS, "6 " ONES, "peaks" },
        { 9, "7 " ONES " " TWOS, "8 " ONES, "peaks" },
        { 9, "7 " ONES " " TWOS, "7 " ONES " 8 " TWOS, "peaks" },
        { 9, "7 " ONES " " TWOS, "6 " TWOS " 4 " ZEROS " 7 " ONES, "peaks" },
        { 9, "7 " ONES " " TWOS, "7 " ONES " 7 " ONES, "peaks" },

        /* no later entry leads to 5 */

        { 9, "7 " ONES " " TWOS, "4 " ZEROS " 5 " TWOS " 6 " TWOS " 7 " ONES,
          "peaks" },
        { 9, "7 " ONES " " TWOS, "2 " ZEROS " 4 " ZEROS " 7 " ONES, "peaks" }
    };

    (void) state;

    for (i = 0; i < sizeof(archives) / sizeof(archives[0]); i++) {
        why = read_archive(&a, archives[i].seq, archives[i].archived,
                           archives[i].peaks);

        if (archives[i].why == NULL) {
            assert_null(why);
            continue;
        }

        assert_non_null(why);
        assert_non_null(strstr(why, archives[i].why));
    }
}


/* As many peaks as a number has bits, and what is written is read. */

static void
test_write(void **state)
{
    char               archived[PAYLOCK_ARCHIVED_TEXT];
    char               peaks[PAYLOCK_PEAKS_TEXT];
    uint64_t           seq, at;
    paylock_archive_t  a, again;

    (void) state;

    memset(&a, 0, sizeof(a));
    at = 0;

    for (seq = 1ull << 61; seq; seq >>= 1) {
        at += seq;
        paylock_skip_add(&a.skip, at, seq % 3 ? ONES : TWOS);
    }

    a.seq = at;
    memcpy(a.hash, a.skip.at[a.skip.n - 1].hash, PAYLOCK_HASH_LEN);
    memcpy(a.file, ZEROS, sizeof(a.file));
    assert_int_equal(a.skip.n, 62);

    paylock_archive_write(&a, archived, peaks);
    assert_null(read_archive(&again, at + 2, archived, peaks));
    assert_true(paylock_archive_same(&a, &again));

    again.skip.at[7].hash[3] ^= 1;
    assert_false(paylock_archive_same(&a, &again));
    again = a;
    again.file[3] ^= 1;
    assert_false(paylock_archive_same(&a, &again));
    again = a;
    again.skip.n--;
    assert_false(paylock_archive_same(&a, &again));

    assert_memory_equal(paylock_archive_hash(&a, at), a.hash,
                        PAYLOCK_HASH_LEN);
    assert_non_null(paylock_archive_hash(&a, 1ull << 61));
    assert_null(paylock_archive_hash(&a, 5));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_write)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
