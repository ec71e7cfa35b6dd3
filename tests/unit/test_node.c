
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "paylock_node.h"


#define CHAIN  "0123456789abcdef0123456789abcdef"
#define HASH   CHAIN CHAIN


static void
fill(paylock_node_head_t *head, uint64_t seq)
{
    paylock_position_t  at;

    memset(&at, 0, sizeof(at));
    at.seq = seq;
    memcpy(at.chain, CHAIN, PAYLOCK_CHAIN_LEN);
    memcpy(at.hash, HASH, PAYLOCK_HASH_LEN);

    paylock_node_head(head, &at);
}


static void
test_round(void **state)
{
    char            text[PAYLOCK_NODE_MAX];
    size_t          len;
    paylock_node_t  node, read;

    (void) state;

    memset(&node, 0, sizeof(node));
    strcpy(node.version, "0.1.0");
    strcpy(node.state, "diverged");
    fill(&node.applied, 7);
    fill(&node.furthest, 7);
    node.records = 40;
    node.held = 2;
    node.dry_run = 3;
    node.unaudited = 4;
    node.time = 1793491200123;
    node.ahead = -61000;

    len = paylock_node_write(&node, text);
    assert_int_equal(len, strlen(text));
    assert_null(strstr(text, "furthest"));
    assert_null(paylock_node_read(text, len, &read));
    assert_memory_equal(&read, &node, sizeof(node));

    fill(&node.furthest, 9);
    len = paylock_node_write(&node, text);
    assert_null(paylock_node_read(text, len, &read));
    assert_memory_equal(&read, &node, sizeof(node));
}


/* The largest of everything fits. */

static void
test_largest(void **state)
{
    char            text[PAYLOCK_NODE_MAX];
    size_t          len;
    paylock_node_t  node, read;

    (void) state;

    memset(&node, 0, sizeof(node));
    memset(node.version, 'v', PAYLOCK_NODE_TEXT - 1);
    memset(node.state, 's', PAYLOCK_NODE_TEXT - 1);
    fill(&node.applied, INT64_MAX - 2);
    fill(&node.furthest, INT64_MAX - 1);
    node.records = INT64_MAX;
    node.held = INT64_MAX;
    node.dry_run = INT64_MAX;
    node.unaudited = INT64_MAX;
    node.time = INT64_MAX;
    node.ahead = INT64_MIN;

    len = paylock_node_write(&node, text);
    assert_true(len < PAYLOCK_NODE_MAX - 100);
    assert_null(paylock_node_read(text, len, &read));
    assert_memory_equal(&read, &node, sizeof(node));
}


static void
test_empty(void **state)
{
    char                 text[PAYLOCK_NODE_MAX];
    paylock_node_t       node, read;
    paylock_position_t   none;

    (void) state;

    memset(&node, 0, sizeof(node));
    memset(&none, 'x', sizeof(none));
    none.seq = 0;
    paylock_node_head(&node.applied, &none);
    assert_string_equal(node.applied.chain, "");

    (void) paylock_node_write(&node, text);
    assert_null(paylock_node_read(text, strlen(text), &read));
    assert_memory_equal(&read, &node, sizeof(node));
}


static void
test_bad(void **state)
{
    char            large[PAYLOCK_NODE_LARGE + 1];
    size_t          i;
    paylock_node_t  node;

    static const char *const  bad[] = {
        "", "x", "1", "null", "[]", "\"live\"", "{", "{}x", "{\"seq\":-1}",
        "{\"seq\":\"7\"}", "{\"seq\":7.5}", "{\"seq\":null}", "{\"seq\":true}",
        "{\"seq\":9223372036854775807}", "{\"seq\":99999999999999999999}"
    };

    (void) state;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (paylock_node_read(bad[i], strlen(bad[i]), &node) == NULL) {
            fail_msg("%s is a report", bad[i]);
        }
    }

    memset(large, ' ', sizeof(large));
    memcpy(large, "{}", 2);
    assert_null(paylock_node_read(large, PAYLOCK_NODE_LARGE, &node));
    assert_non_null(paylock_node_read(large, sizeof(large), &node));
}


/* Whatever else is not what it should be is as if it were not there. */

static void
test_lenient(void **state)
{
    size_t          i;
    paylock_node_t  node, none;

    static const char *const  odd[] = {
        "{}", "{\"seq\":0}", "{\"state\":1,\"version\":[]}", "{\"chain\":\"x\"}",
        "{\"chain\":\"" HASH "\",\"hash\":\"" CHAIN "\"}",
        "{\"chain\":\"0123456789ABCDEF0123456789abcdef\"}",
        "{\"records\":-1,\"held\":\"2\",\"dry_run\":true,\"time\":-5,\"ahead\":\"x\"}",
        "{\"furthest\":{\"seq\":-1}}", "{\"furthest\":[]}",
        "{\"furthest\":{\"seq\":0}}",
        "{\"state\":\"0123456789012345678901234567890123456789\"}"
    };

    (void) state;
    memset(&none, 0, sizeof(none));

    for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        assert_null(paylock_node_read(odd[i], strlen(odd[i]), &node));

        if (memcmp(&node, &none, sizeof(node)) != 0) {
            fail_msg("%s says something", odd[i]);
        }
    }

    assert_null(paylock_node_read("{\"seq\":7}", 9, &node));
    assert_int_equal(node.applied.seq, 7);
    assert_int_equal(node.furthest.seq, 7);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_round),
        cmocka_unit_test(test_largest),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_lenient)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
