
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "paylock_lattice.h"


typedef int (*change_pt)(paylock_lattice_ctx_t *ctx, paylock_lattice_t *l,
    const unsigned char pair[PAYLOCK_PAIR]);


static paylock_lattice_ctx_t  ctx;
static paylock_lattice_t      lattice;


static int
begin(void **state)
{
    (void) state;

    memset(&lattice, 0, sizeof(lattice));

    return paylock_lattice_begin(&ctx);
}


static int
end(void **state)
{
    (void) state;

    paylock_lattice_free(&ctx);

    return 0;
}


static void
change(change_pt how, const char *host, const char *record)
{
    unsigned char  pair[PAYLOCK_PAIR];

    assert_int_equal(paylock_lattice_pair(&ctx, host, strlen(host), record,
                                          strlen(record), pair), 0);
    assert_int_equal(how(&ctx, &lattice, pair), 0);
}


static void
assert_root(const char *root)
{
    char  hex[PAYLOCK_HASH_LEN + 1];

    assert_int_equal(paylock_lattice_root(&ctx, &lattice, hex), 0);
    assert_string_equal(hex, root);
}


/* The roots were computed by another program. */

static void
test_root(void **state)
{
    static const char  none[] = "e5a00aa9991ac8a5ee3109844d84a555"
                                "83bd20572ad3ffcd42792f3c36b183ad";
    static const char  one[] = "c250712dc8b31c90928c305e958383a0"
                               "03961c53e13e60726737ca9ca9417a19";
    static const char  two[] = "5e69ae41dd859fa935c39b746528ffac"
                               "55522218bffa8a756f5cab6fac86cc56";

    (void) state;

    assert_root(none);

    change(paylock_lattice_add, "acme.example", "{\"at\":1}");
    assert_root(one);

    change(paylock_lattice_add, "b.example", "x");
    assert_root(two);

    /* the order does not matter, the pair does */

    change(paylock_lattice_remove, "acme.example", "{\"at\":1}");
    change(paylock_lattice_add, "acme.example", "{\"at\":1}");
    assert_root(two);

    change(paylock_lattice_remove, "b.examplex", "");
    change(paylock_lattice_add, "b.example", "x");
    change(paylock_lattice_add, "b.examplex", "");
    change(paylock_lattice_remove, "b.example", "x");
    change(paylock_lattice_remove, "b.example", "x");
    assert_root(one);

    change(paylock_lattice_remove, "acme.example", "{\"at\":1}");
    assert_root(none);
}


static void
test_bytes(void **state)
{
    unsigned char      bytes[PAYLOCK_LATTICE];
    paylock_lattice_t  read;

    (void) state;

    change(paylock_lattice_add, "acme.example", "{}");
    paylock_lattice_write(&lattice, bytes);
    paylock_lattice_read(&read, bytes);
    assert_memory_equal(&read, &lattice, sizeof(read));
    assert_int_equal(bytes[0] | bytes[1] << 8, lattice.lane[0]);

    paylock_lattice_join(&read, &lattice);
    change(paylock_lattice_add, "acme.example", "{}");
    assert_memory_equal(&read, &lattice, sizeof(read));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_root, begin, end),
        cmocka_unit_test_setup_teardown(test_bytes, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
