
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

#include "paylock_pass.h"
#include "paylock_pass_strip.h"


#define KEY   "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define KEY2  "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
#define HOST  "acme.example", 12

/* made from the format alone, by another program */

#define LINK                                                                  \
    "AWrmkYBq58MAIGnjE0DrpwpLe1rSyV1dgwgoLUESR-nKTYAwFl5pGvBrMQ"
#define COOKIE                                                                \
    "AWrmkYBq58MAy6nBEkxuqmy1KpVz_WaXkr4eTaTUVfYlRayXfhDL-YBrMQ"


static paylock_pass_keys_t
keys(const char *text)
{
    size_t               line;
    const char          *why;
    paylock_pass_keys_t  k;

    why = paylock_pass_keys(text, strlen(text), &k, &line);

    if (why) {
        fail_msg("line %zu %s", line, why);
    }

    return k;
}


static void
test_keys(void **state)
{
    size_t               i, line;
    const char          *why;
    paylock_pass_keys_t  k;

    static const struct {
        const char  *text;
        size_t       line;
    } bad[] = {
        { "", 1 }, { "\n", 1 }, { "k1\n", 1 }, { ":" KEY, 1 },
        { "k1:" KEY "\n\n", 2 }, { "k1:" KEY "\r\n", 1 },
        { "k 1:" KEY, 1 }, { "k\xc3\xa9:" KEY, 1 },
        { "12345678901234567:" KEY, 1 },
        { "k1:" KEY "\nk1:" KEY2, 2 }, { "k1: " KEY, 1 }, { "k1:" KEY " ", 1 },
        { "k1:", 1 }, { "k1:=", 1 }, { "k1:====", 1 }, { "k1:" KEY "=", 1 },
        { "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", 1 },
        { "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=", 1 },
        { "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==", 1 },
        { "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh-=", 1 },
        { "k1:" KEY ":x", 1 },
        { "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
          "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", 1 }
    };

    (void) state;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        why = paylock_pass_keys(bad[i].text, strlen(bad[i].text), &k, &line);

        if (why == NULL || line != bad[i].line) {
            fail_msg("\"%s\": line %zu %s", bad[i].text, line,
                     why ? why : "is taken");
        }
    }

    k = keys("k1:" KEY "\nold.A_-9:" KEY2);
    assert_int_equal(k.n, 2);
    assert_int_equal(k.key[0].kid_len, 2);
    assert_memory_equal(k.key[1].kid, "old.A_-9", 8);
    assert_memory_not_equal(k.key[0].key[0], k.key[0].key[1], 32);
    assert_memory_not_equal(k.key[0].key[0], k.key[1].key[0], 32);

    why = paylock_pass_keys("k\0:" KEY, 3 + sizeof(KEY), &k, &line);
    assert_non_null(why);
}


static void
test_how_many(void **state)
{
    char                 text[4096], *p;
    size_t               n, line;
    unsigned char        secret[PAYLOCK_PASS_SECRET];
    paylock_pass_keys_t  k;

    (void) state;

    memset(secret, 0xfb, sizeof(secret));
    p = text;

    for (n = 1; n <= 17; n++) {
        char  kid[8];

        (void) snprintf(kid, sizeof(kid), "k%zu", n);
        paylock_pass_line(kid, secret, 31 + n, p);
        p += strlen(p);

        assert_int_equal(paylock_pass_keys(text, (size_t) (p - text), &k,
                                           &line) == NULL, n <= 16);
    }

    assert_int_equal(line, 17);

    paylock_pass_line("1234567890123456", secret, sizeof(secret), text);
    assert_int_equal(strlen(text), PAYLOCK_PASS_LINE - 1);
    assert_null(paylock_pass_keys(text, strlen(text), &k, &line));

    memset(text, 'x', sizeof(text));
    assert_non_null(paylock_pass_keys(text, sizeof(text), &k, &line));
}


static void
test_tokens(void **state)
{
    char                 token[PAYLOCK_PASS_TOKEN + 1];
    paylock_pass_t       pass, got;
    paylock_pass_keys_t  k, rotated, other;

    (void) state;

    k = keys("k1:" KEY "\n");
    rotated = keys("k2:" KEY2 "\nk1:" KEY "\n");
    other = keys("k1:" KEY2 "\n");

    pass.key = &k.key[0];
    pass.issued = 1793495424;
    pass.expires = 1793573632;

    assert_int_equal(paylock_pass_make(&pass, PAYLOCK_PASS_LINK, HOST, token),
                     sizeof(LINK) - 1);
    assert_string_equal(token, LINK);
    assert_int_not_equal(paylock_pass_make(&pass, PAYLOCK_PASS_COOKIE, HOST,
                                           token), 0);
    assert_string_equal(token, COOKIE);

#define CHECK(keys, purpose, host, token, now)                                \
    paylock_pass_check(keys, purpose, host, strlen(host), token,              \
                       strlen(token), now, &got)

    assert_true(CHECK(&k, PAYLOCK_PASS_LINK, "acme.example", LINK, 0));
    assert_int_equal(got.issued, 1793495424);
    assert_int_equal(got.expires, 1793573632);
    assert_ptr_equal(got.key, &k.key[0]);

    assert_true(CHECK(&k, PAYLOCK_PASS_LINK, "acme.example", LINK,
                      1793573631));
    assert_false(CHECK(&k, PAYLOCK_PASS_LINK, "acme.example", LINK,
                       1793573632));
    assert_true(CHECK(&rotated, PAYLOCK_PASS_LINK, "acme.example", LINK, 0));
    assert_ptr_equal(got.key, &rotated.key[1]);
    assert_false(CHECK(&other, PAYLOCK_PASS_LINK, "acme.example", LINK, 0));
    assert_false(CHECK(&k, PAYLOCK_PASS_COOKIE, "acme.example", LINK, 0));
    assert_false(CHECK(&k, PAYLOCK_PASS_LINK, "acme.example", COOKIE, 0));
    assert_false(CHECK(&k, PAYLOCK_PASS_LINK, "acme.exampl", LINK, 0));
    assert_false(CHECK(&k, PAYLOCK_PASS_LINK, "1acme.example", LINK, 0));
    assert_false(CHECK(&k, PAYLOCK_PASS_LINK, "", LINK, 0));
    assert_false(CHECK(&k, PAYLOCK_PASS_LINK, "acme.example", "", 0));
    assert_false(CHECK(&k, PAYLOCK_PASS_LINK, "acme.example", LINK "=", 0));
}


static void
test_every_bit(void **state)
{
    char                 token[PAYLOCK_PASS_TOKEN * 2];
    size_t               i, len;
    paylock_pass_t       got;
    paylock_pass_keys_t  k;

    (void) state;

    k = keys("k1:" KEY);
    len = sizeof(LINK) - 1;

    for (i = 0; i < len * 8; i++) {
        memcpy(token, LINK, len);
        token[i / 8] ^= (char) (1 << i % 8);
        assert_false(paylock_pass_check(&k, PAYLOCK_PASS_LINK, HOST, token,
                                        len, 0, &got));
    }

    memset(token, 'A', sizeof(token));
    memcpy(token, LINK, len);

    for (i = 0; i < sizeof(token); i++) {
        assert_int_equal(paylock_pass_check(&k, PAYLOCK_PASS_LINK, HOST, token,
                                            i, 0, &got), i == len);
    }
}


/* what is found, behind one another */

static void
found(void *data, const char *token, size_t len)
{
    (void) strncat(data, token, len);
    (void) strcat(data, "|");
}


static void
test_cookie(void **state)
{
    char    text[256], tokens[256];
    size_t  i, len;

    static const struct {
        const char  *given, *left, *tokens;
    } cases[] = {
        { "", "", "" }, { "a=1", "a=1", "" }, { "a=1;", "a=1;", "" },
        { "paylock_pass=x", "", "x|" }, { "paylock_pass=", "", "|" },
        { " paylock_pass=x ; b", "b", "x |" },
        { "paylock_pass", "paylock_pass", "" },
        { "Paylock_pass=x", "Paylock_pass=x", "" },
        { "a; __Host-paylock_pass=x;b", "a;b", "x|" },
        { "paylock_pass=x; paylock_pass=y; a; paylock_pass=z", "a",
          "x|y|z|" },
        { "a;\tpaylock_pass=x=y;\tb ", "a;\tb ", "x=y|" },
        { ";;paylock_pass=x;;", ";;;", "x|" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        strcpy(text, cases[i].given);
        tokens[0] = '\0';

        len = paylock_pass_strip_cookie(text, strlen(text), found, tokens);

        assert_string_equal(text, cases[i].left);
        assert_int_equal(len, strlen(cases[i].left));
        assert_string_equal(tokens, cases[i].tokens);
    }
}


static void
test_query(void **state)
{
    char    text[256], tokens[256];
    size_t  i, len;

    static const struct {
        const char  *given, *left, *tokens;
    } cases[] = {
        { "", "", "" }, { "a=1", "a=1", "" }, { "&", "&", "" },
        { "paylock_pass=x", "", "x|" }, { "paylock_pass", "paylock_pass", "" },
        { "paylock_pass=x&", "", "x|" }, { "&paylock_pass=x", "", "x|" },
        { "a&paylock_pass=x&b&paylock_pass=y", "a&b", "x|y|" },
        { "a&&paylock_pass=x", "a&", "x|" },
        { "apaylock_pass=x;paylock_pass=y", "apaylock_pass=x;paylock_pass=y",
          "" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        strcpy(text, cases[i].given);
        tokens[0] = '\0';

        len = paylock_pass_strip_query(text, strlen(text), text, found, tokens);

        assert_int_equal(len, strlen(cases[i].left));
        assert_memory_equal(text, cases[i].left, len);
        assert_string_equal(tokens, cases[i].tokens);
    }
}


static void
test_mask(void **state)
{
    char    text[256];
    size_t  i, len;

    static const char *const  cases[][2] = {
        { "", "" }, { "GET / HTTP/1.1", "" }, { "GET /?paylock_pass", "" },
        { "GET /?paylock_pass=x HTTP/1.1", "GET /?paylock_pass=*** HTTP/1.1" },
        { "paylock_pass=", "paylock_pass=***" },
        { "paylock_pass=a&b&paylock_pass=c#d&paylock_pass=",
          "paylock_pass=***&b&paylock_pass=***#d&paylock_pass=***" },
        { "paylock_pass=paylock_pass=x", "paylock_pass=***" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        len = paylock_pass_strip_mask(cases[i][0], strlen(cases[i][0]), NULL);
        assert_int_equal(len != 0, *cases[i][1] != '\0');
        assert_true(len <= sizeof(text));

        len = paylock_pass_strip_mask(cases[i][0], strlen(cases[i][0]), text);
        assert_int_equal(len, strlen(cases[i][1]));
        assert_memory_equal(text, cases[i][1], len);
    }
}


static void
test_path(void **state)
{
    char    text[256];
    size_t  i, len;

    static const char *const  cases[][2] = {
        { "/", "/" }, { "", "/" }, { "a", "/a" }, { "/a/b", "/a/b" },
        { "//a", "/.//a" }, { "///", "/.///" }, { "/\\a", "/%5Ca" },
        { "/\t/a", "/%09/a" }, { "\t//a", "/%09//a" }, { "/%2f", "/%2f" },
        { "/\r\nx: y", "/%0D%0Ax:%20y" }, { "/\xff\x7f", "/%FF%7F" },
        { "/./a", "/./a" }, { "/?#", "/%3F%23" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        len = paylock_pass_strip_path(cases[i][0], strlen(cases[i][0]), text);
        assert_int_equal(len, strlen(cases[i][1]));
        assert_memory_equal(text, cases[i][1], len);
    }
}


static void
test_public(void **state)
{
    char    text[256];
    size_t  i, len;

    static const char *const  cases[][2] = {
        { "", "" }, { "public", "" }, { "max-age=1", "max-age=1" },
        { "public,max-age=1,s-maxage=2,no-cache", "max-age=1,no-cache" },
        { "a , public , b", "a,b" }, { "a,b", "a,b" },
        { "PRIVATE", "" }, { "private=\"a, b\",c", "c" },
        { "publicity, s-maxagex=1", "publicity,s-maxagex=1" },
        { "x=\"public, \\\", s-maxage\", public",
          "x=\"public, \\\", s-maxage\"" },
        { "x=\"public, y", "x=\"public, y" }, { ", ,\t,", "" },
        { "public =1", "" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        strcpy(text, cases[i][0]);
        len = paylock_pass_strip_public(text, strlen(text));
        assert_int_equal(len, strlen(cases[i][1]));
        assert_memory_equal(text, cases[i][1], len);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_how_many),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_every_bit),
        cmocka_unit_test(test_cookie),
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_mask),
        cmocka_unit_test(test_path),
        cmocka_unit_test(test_public)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
