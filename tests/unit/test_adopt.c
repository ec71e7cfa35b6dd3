
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The two fields of an adopt.
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


#define CHAIN  "00112233445566778899aabbccddeeff"
#define OTHER  "ffeeddccbbaa99887766554433221100"
#define ZEROS  "00000000000000000000000000000000" \
               "00000000000000000000000000000000"
#define ONES   "11111111111111111111111111111111" \
               "11111111111111111111111111111111"


static const char *
read_adopt(paylock_adopt_t *a, uint64_t seq, const char *lost,
    const char *resumes)
{
    paylock_entry_t  e;

    memset(&e, 0, sizeof(e));
    e.seq = seq;
    e.field[PAYLOCK_AUDIT_LOST].data = lost;
    e.field[PAYLOCK_AUDIT_LOST].len = strlen(lost);
    e.field[PAYLOCK_AUDIT_RESUMES].data = resumes;
    e.field[PAYLOCK_AUDIT_RESUMES].len = strlen(resumes);

    return paylock_adopt_read(&e, a);
}


static void
test_read(void **state)
{
    size_t            i;
    const char       *why;
    paylock_adopt_t   a;

    static const struct {
        uint64_t     seq;
        const char  *lost;
        const char  *resumes;
        const char  *why;              /* a part of it; NULL: it is read */
    } adopts[] = {
        { 8, CHAIN " 6 7 " ONES, "5 " ZEROS, NULL },
        { 8, CHAIN " 1 7 " ZEROS, "", NULL },
        { 6, "", "5 " ZEROS, NULL },
        { 9, OTHER " 1 4 " ONES, "8 " ZEROS, NULL },
        { 7, CHAIN " 6 7 " ONES, "5 " ZEROS, "another number" },
        { 9, CHAIN " 6 7 " ONES, "5 " ZEROS, "another number" },
        { 1, "", "", "nothing" },
        { 8, CHAIN " 7 6 " ONES, "5 " ZEROS, "\"lost\"" },
        { 8, CHAIN " 0 7 " ONES, "5 " ZEROS, "\"lost\"" },
        { 8, CHAIN " 6 07 " ONES, "5 " ZEROS, "\"lost\"" },
        { 8, CHAIN " 6 +7 " ONES, "5 " ZEROS, "\"lost\"" },
        { 8, CHAIN " 6 7", "5 " ZEROS, "\"lost\"" },
        { 8, CHAIN " 6 7 " ONES "1", "5 " ZEROS, "\"lost\"" },
        { 8, CHAIN " 6 7 " ONES " ", "5 " ZEROS, "\"lost\"" },
        { 8, CHAIN " 6 7 " ONES " 1", "5 " ZEROS, "\"lost\"" },
        { 8, CHAIN "  6 7 " ONES, "5 " ZEROS, "\"lost\"" },
        { 8, " " CHAIN " 6 7 " ONES, "5 " ZEROS, "\"lost\"" },
        { 8, CHAIN "\n6 7 " ONES, "5 " ZEROS, "\"lost\"" },
        { 8, ZEROS " 6 7 " ONES, "5 " ZEROS, "\"lost\"" },
        { 8, CHAIN " 6 99999999999999999999 " ONES, "", "\"lost\"" },
        { 6, "", "5", "\"resumes\"" },
        { 6, "", "5 ", "\"resumes\"" },
        { 6, "", " 5 " ZEROS, "\"resumes\"" },
        { 6, "", "5 " CHAIN, "\"resumes\"" },
        { 6, "", "5 " ZEROS " ", "\"resumes\"" },
        { 1, "", "0 " ZEROS, "\"resumes\"" },
        { 6, "", "x " ZEROS, "\"resumes\"" }
    };

    (void) state;

    for (i = 0; i < sizeof(adopts) / sizeof(adopts[0]); i++) {
        why = read_adopt(&a, adopts[i].seq, adopts[i].lost,
                         adopts[i].resumes);

        if (adopts[i].why == NULL) {
            assert_null(why);

        } else {
            assert_non_null(why);
            assert_non_null(strstr(why, adopts[i].why));
        }
    }
}


static void
test_write(void **state)
{
    char             lost[PAYLOCK_ADOPT_TEXT], resumes[PAYLOCK_ADOPT_TEXT];
    paylock_adopt_t  a, again;

    (void) state;

    memset(&a, 0, sizeof(a));
    strcpy(a.chain, CHAIN);
    strcpy(a.hash, ONES);
    strcpy(a.stays, ZEROS);
    a.first = INT64_MAX - 20;
    a.last = INT64_MAX - 10;
    a.seq = INT64_MAX - 21;

    paylock_adopt_write(&a, lost, resumes);
    assert_null(read_adopt(&again, a.last + 1, lost, resumes));
    assert_memory_equal(&again, &a, sizeof(a));

    memset(&a, 0, sizeof(a));
    paylock_adopt_write(&a, lost, resumes);
    assert_string_equal(lost, "");
    assert_string_equal(resumes, "");
}


static void
test_gives_up(void **state)
{
    paylock_adopt_t  a;

    (void) state;

    assert_null(read_adopt(&a, 8, CHAIN " 6 7 " ONES, "5 " ZEROS));
    assert_false(paylock_adopt_gives_up(&a, CHAIN, 5));
    assert_true(paylock_adopt_gives_up(&a, CHAIN, 6));
    assert_true(paylock_adopt_gives_up(&a, CHAIN, 7));
    assert_false(paylock_adopt_gives_up(&a, CHAIN, 8));
    assert_false(paylock_adopt_gives_up(&a, OTHER, 6));
    assert_int_equal(paylock_adopt_seq(&a), 8);

    assert_null(read_adopt(&a, 6, "", "5 " ZEROS));
    assert_false(paylock_adopt_gives_up(&a, CHAIN, 0));
    assert_false(paylock_adopt_gives_up(&a, CHAIN, 5));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_gives_up)
    };

    return cmocka_run_group_tests_name("adopt", tests, NULL, NULL);
}
