
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

#include "paylock_template.h"


/* A document from memory of its own, without a zero behind it. */

static paylock_str_t
document(const char *text)
{
    char           *copy;
    paylock_str_t   s;

    s.len = strlen(text);
    copy = malloc(s.len ? s.len : 1);
    assert_non_null(copy);
    memcpy(copy, text, s.len);
    s.data = copy;

    return s;
}


static int
is(paylock_str_t s, const char *text)
{
    return s.len == strlen(text) && memcmp(s.data, text, s.len) == 0;
}


static void
test_markers(void **state)
{
    paylock_str_t     s, whole;
    paylock_marker_t  m;

    (void) state;

    s = whole = document("a {b {{c}}\n{{#d}}\n{{^e}}f{{/d}}\n\ng}");

    assert_int_equal(paylock_template_next(&s, &m), 1);
    assert_true(is(m.text, "a {b ") && is(m.name, "c") && m.kind == '\0');
    assert_int_equal(paylock_template_next(&s, &m), 1);
    assert_true(is(m.text, "\n") && is(m.name, "d") && m.kind == '#');
    assert_int_equal(paylock_template_next(&s, &m), 1);
    assert_true(is(m.text, "") && is(m.name, "e") && m.kind == '^');
    assert_int_equal(paylock_template_next(&s, &m), 1);
    assert_true(is(m.text, "f") && is(m.name, "d") && m.kind == '/');
    assert_int_equal(paylock_template_next(&s, &m), 0);
    assert_true(is(m.text, "\ng}"));
    assert_int_equal(paylock_template_next(&s, &m), 0);
    assert_int_equal(m.text.len, 0);

    free((char *) whole.data);
}


static void
test_sections(void **state)
{
    size_t            i;
    paylock_str_t     s, in, whole;
    paylock_marker_t  m;

    static const struct {
        const char  *text, *in, *rest;
    } cases[] = {
        { "{{#a}}x{{/a}}y", "x", "y" },
        { "{{#a}}\nx\n{{/a}}\ny", "x\n", "y" },
        { "{{#a}}{{#b}}{{/b}}{{/a}}", "{{#b}}{{/b}}", "" },
        { "{{#a}}1{{^a}}2{{/a}}3{{/a}}4", "1{{^a}}2{{/a}}3", "4" },
        { "{{^a}}{{/a}}", "", "" },
        { "{{#a}}", NULL, NULL },
        { "{{#a}}{{/b}}", NULL, NULL },
        { "{{#a}}{{a}}", NULL, NULL },
        { "{{#a}}{{/a", NULL, NULL }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        s = whole = document(cases[i].text);

        assert_int_equal(paylock_template_next(&s, &m), 1);
        assert_int_equal(paylock_template_section(&s, m.name, &in),
                         cases[i].in ? 0 : -1);

        if (cases[i].in) {
            assert_true(is(in, cases[i].in) && is(s, cases[i].rest));
        }

        free((char *) whole.data);
    }
}


static void
test_broken(void **state)
{
    size_t            i;
    paylock_str_t     s, whole;
    paylock_marker_t  m;

    static const char *const  broken[] = {
        "{{", "x{{", "{{a", "{{a}", "{{}}", "{{#}}", "{{/}}\n", "{{^}}x"
    };

    (void) state;

    for (i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        s = whole = document(broken[i]);
        assert_int_equal(paylock_template_next(&s, &m), -1);
        free((char *) whole.data);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_markers),
        cmocka_unit_test(test_sections),
        cmocka_unit_test(test_broken)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
