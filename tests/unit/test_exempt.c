
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "paylock_exempt.h"


#define ACME  PAYLOCK_EXEMPT_ACME


static void
test_check(void **state)
{
    size_t       i;
    static const char *const  good[] = {
        "/", "/robots.txt", "/a/b/", ACME, "/.well-known/security.txt",
        "/a.b/c..d/e.", "/~user/", "/a+b", "/a=b&c", "/.x"
    };
    static const char *const  bad[] = {
        "", "robots.txt", "//", "//robots.txt", "/a//b", "/a//", "/./a", "/a/.",
        "/../a", "/a/..", "/a/../b", "/a/..;/b", "/a/..x", "/a%2fb", "/a?b",
        "/a#b", "/a;b", "/a\\b", "/a b", "/a\tb", "/caf\xc3\xa9", "/a\x7f"
    };

    (void) state;

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (paylock_exempt_check(good[i], strlen(good[i])) != NULL) {
            fail_msg("%s is refused", good[i]);
        }
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (paylock_exempt_check(bad[i], strlen(bad[i])) == NULL) {
            fail_msg("%s is not refused", bad[i]);
        }
    }

    assert_non_null(paylock_exempt_check("/a\0b", 4));
}


static void
test_match(void **state)
{
    size_t  i;

    static const struct {
        const char  *path, *target;
        int          match;
    } cases[] = {
        { "/robots.txt", "/robots.txt", 1 },
        { "/robots.txt", "/robots.txt/", 0 },
        { "/robots.txt", "/robots.txt?route=account/orders", 0 },
        { "/robots.txt", "/robots.txtx", 0 },
        { "/robots.txt", "//robots.txt", 0 },
        { "/robots.txt", "/Robots.txt", 0 },
        { "/robots.txt", "/robots.tx", 0 },
        { "/robots.txt", "/robots%2etxt", 0 },
        { "/robots.txt", "/robots.txt;x", 0 },
        { "/pay/", "/pay/", 1 },
        { "/pay/", "/pay/now", 1 },
        { "/pay/", "/pay/now/", 1 },
        { "/pay/", "/pay", 0 },
        { "/pay/", "/pay/../admin", 0 },
        { "/pay/", "/pay/..;/admin", 0 },
        { "/pay/", "/pay//admin", 0 },
        { "/pay/", "/pay/%2e%2e/admin", 0 },
        { "/pay/", "/pay/.hidden", 1 },
        { "/", "/anything", 1 },
        { ACME, ACME "aZ09_-", 1 },
        { ACME, ACME, 0 },
        { ACME, ACME "a/b", 0 },
        { ACME, ACME "a.php", 0 },
        { ACME, ACME "..;", 0 },
        { ACME, ACME "a?b", 0 },
        { ACME, "/index.php/%2e%2e" ACME "x", 0 },
        { ACME, "/admin/..%2f.well-known/acme-challenge/x", 0 },
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (paylock_exempt_match(cases[i].path, strlen(cases[i].path),
                                 cases[i].target, strlen(cases[i].target))
            != cases[i].match)
        {
            fail_msg("%s under %s", cases[i].target, cases[i].path);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_match),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
