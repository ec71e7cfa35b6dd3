
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

#include "paylock_host_candidates.h"


#define L63  "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"
#define N253  L63 "." L63 "." L63 "." \
              "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi"


/*
 * The name lies in memory of its own, without a zero behind it, so that a
 * sanitizer sees every byte read beyond it.
 */

static const char *
check(const char *name, size_t len)
{
    char        *copy;
    const char  *why;

    copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, name, len);

    why = paylock_host_check(copy, len);

    free(copy);

    return why;
}


static void
test_good(void **state)
{
    size_t  i;

    static const char *const  names[] = {
        "acme.example", "a", "localhost", "a.b", "x--y.example",
        "xn--caf-dma.example", "_dmarc.acme.example", "a_b.example",
        "_.example", "1.example", "1.2.3.a", "123.456.c0m", "4chan.org",
        "*.acme.example", ".acme.example", "*.a", ".a", "0x7f.example",
        L63, L63 ".example", N253, "*." N253, "." N253
    };

    (void) state;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (check(names[i], strlen(names[i])) != NULL) {
            fail_msg("\"%s\" %s", names[i], check(names[i], strlen(names[i])));
        }
    }
}


static void
test_bad(void **state)
{
    size_t       i, len;
    const char  *why;

    static const struct {
        const char  *name;
        const char  *why;              /* a part of the text */
    } cases[] = {
        { "", "empty" },
        { "*.", "after the dot" },
        { ".", "after the dot" },
        { "..", "two dots" },
        { "a..b", "two dots" },
        { "..a", "two dots" },
        { "*..a", "two dots" },
        { "acme.example.", "ends in a dot" },
        { "*.acme.example.", "ends in a dot" },
        { "-x.example", "\"-\"" },
        { "x-.example", "\"-\"" },
        { "x.-example", "\"-\"" },
        { "x.example-", "\"-\"" },
        { "-", "\"-\"" },
        { "Acme.example", "upper-case" },
        { "acme.exampleZ", "upper-case" },
        { "acme.example:80", "port" },
        { "acme.example:", "port" },
        { "localhost:8080", "port" },
        { "http://acme.example", "URL" },
        { "https://acme.example/", "URL" },
        { "mailto:x/y", "URL" },
        { "acme.example/", "path" },
        { "alice@acme.example", "mail" },
        { "caf\xc3\xa9.example", "xn--" },
        { "\xff", "xn--" },
        { "a b", "space" },
        { " acme.example", "space" },
        { "acme.example\n", "space or a control" },
        { "acme\x01.example", "space or a control" },
        { "acme\x7f.example", "space or a control" },
        { "a*.example", "\"*\"" },
        { "*", "\"*\"" },
        { "*acme.example", "\"*\"" },
        { "*.*.example", "\"*\"" },
        { "acme.*", "\"*\"" },
        { "acme,example", "other than" },
        { "acme%2eexample", "other than" },
        { "acme.example\\", "other than" },
        { "127.0.0.1", "IP address" },
        { "1.2.3.4", "IP address" },
        { "999.999.999.999", "IP address" },
        { "2130706433", "IP address" },
        { "127.1", "IP address" },
        { "acme.1", "IP address" },
        { "*.127.0.0.1", "IP address" },
        { "::1", "IP address" },
        { "2001:db8::1", "IP address" },
        { "2001:db8::a", "IP address" },
        { "[::1]", "IP address" },
        { "[::1]:80", "IP address" },
        { "::ffff:1.2.3.4", "IP address" },
        { L63 "x", "63" },
        { "x" L63 ".example", "63" },
        { "example." L63 "x", "63" },
        { N253 "x", "253" },
        { "*.x" N253, "253" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        len = strlen(cases[i].name);
        why = check(cases[i].name, len);

        if (why == NULL || strstr(why, cases[i].why) == NULL) {
            fail_msg("\"%s\" %s", cases[i].name, why ? why : "is taken");
        }
    }

    assert_non_null(check("acme\0.example", 13));
    assert_non_null(check("\0", 1));
    assert_non_null(check("acme.example\0", 13));
}


static void
test_long(void **state)
{
    char    name[300];
    size_t  i;

    (void) state;

    for (i = 0; i < sizeof(name); i++) {
        name[i] = i % 10 == 9 ? '.' : 'a';
    }

    assert_null(check(name, 253));
    assert_non_null(strstr(check(name, 254), "253"));
    assert_non_null(strstr(check(name, 299), "253"));
}


/* No byte is taken but those that are meant to be, alone or between two. */

static void
test_every_byte(void **state)
{
    int   c, taken, within;
    char  name[3];

    (void) state;

    taken = 0;
    within = 0;

    for (c = 0; c < 256; c++) {
        name[0] = (char) c;
        taken += check(name, 1) == NULL;

        name[0] = 'a';
        name[1] = (char) c;
        name[2] = 'b';
        within += check(name, 3) == NULL;
    }

    assert_int_equal(taken, 26);         /* not "_" */
    assert_int_equal(within, 26 + 10 + 3);
}


static void
test_right_form(void **state)
{
    char    form[PAYLOCK_HOST_MAX + 1];
    size_t  i, n;

    static const struct {
        const char  *name;
        const char  *form;
    } cases[] = {
        { "acme.example", "acme.example" },
        { "ACME.Example", "acme.example" },
        { "acme.example.", "acme.example" },
        { "acme.example:443", "acme.example" },
        { "acme.example:", "acme.example" },
        { "acme.example.:443", "acme.example" },
        { "acme.example/", "acme.example" },
        { "acme.example?x", "acme.example" },
        { "https://ACME.example:8443/shop/?a=b#c", "acme.example" },
        { "http://acme.example#c", "acme.example" },
        { "*.ACME.example.", "*.acme.example" },
        { ".Acme.example", ".acme.example" },
        { N253 ".", N253 },
        { "*." N253 ":65535", "*." N253 },
        { "", "" },
        { ".", "" },
        { ":80", "" },
        { "http://", "" },
        { "https:///x", "" },
        { "a..b", "" },
        { "acme.example..", "" },
        { "-x.example", "" },
        { "127.0.0.1", "" },
        { "127.0.0.1:80", "" },
        { "http://127.0.0.1/", "" },
        { "[::1]:80", "" },
        { "::1", "" },
        { "user@acme.example", "" },
        { "http://user:pass@acme.example/", "" },
        { "caf\xc3\xa9.example", "" },
        { "acme .example", "" },
        { "acme.example:80:80", "" },
        { N253 "x", "" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        n = paylock_host_right_form(cases[i].name, strlen(cases[i].name),
                                    form);
        if (n != strlen(cases[i].form)
            || (n && strcmp(form, cases[i].form) != 0))
        {
            fail_msg("\"%s\": \"%s\"", cases[i].name, n ? form : "");
        }
    }
}


static void
test_suffix(void **state)
{
    (void) state;

    assert_int_equal(paylock_host_suffix("*.acme.example", 14), 2);
    assert_int_equal(paylock_host_suffix(".acme.example", 13), 1);
    assert_int_equal(paylock_host_suffix("acme.example", 12), 0);
    assert_int_equal(paylock_host_suffix("*acme.example", 13), 0);
    assert_int_equal(paylock_host_suffix("*.", 1), 0);
    assert_int_equal(paylock_host_suffix("", 0), 0);
}


static void
test_candidates(void **state)
{
    char                       text[256], *p;
    size_t                     i;
    paylock_host_candidate_t   c;

    static const struct {
        const char           *host;
        paylock_host_kind_e   kind;
        int                   www;
        const char           *expected;
    } cases[] = {
        { "acme.example", PAYLOCK_HOST_EXACT, 1,
          "acme.example .acme.example .example *.example " },
        { "www.acme.example", PAYLOCK_HOST_EXACT, 1,
          "www.acme.example acme.example .www.acme.example "
          ".acme.example *.acme.example .example *.example " },
        { "www.acme.example", PAYLOCK_HOST_EXACT, 0,
          "www.acme.example .www.acme.example "
          ".acme.example *.acme.example .example *.example " },
        { "www.x", PAYLOCK_HOST_EXACT, 1, "www.x x .www.x .x *.x " },
        { "www.", PAYLOCK_HOST_EXACT, 1, "www. .www. . *. " },
        { "x", PAYLOCK_HOST_EXACT, 1, "x .x " },
        { "www.x", PAYLOCK_HOST_FROM, 1, ".www.x .x *.x " },
        { "www.x", PAYLOCK_HOST_BELOW, 1, ".www.x *.www.x .x *.x " }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        p = text;
        *p = '\0';
        paylock_host_candidates(&c, cases[i].host, strlen(cases[i].host),
                                cases[i].kind, cases[i].www);

        while (paylock_host_next(&c)) {
            p += sprintf(p, "%s%.*s ",
                         c.kind == PAYLOCK_HOST_BELOW ? "*."
                         : c.kind == PAYLOCK_HOST_FROM ? "." : "",
                         (int) c.len, c.name);
        }

        assert_string_equal(text, cases[i].expected);
        assert_false(paylock_host_next(&c));
    }
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_right_form),
        cmocka_unit_test(test_suffix),
        cmocka_unit_test(test_candidates)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
