
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

#include "paylock_key_check.h"
#include "paylock_sign.h"
#include "paylock_signers.h"


/* of RFC 8032, section 7.1; the last is the first with a digit changed */

#define ALICE                                                                 \
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
#define BOB                                                                   \
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
#define CAROL                                                                 \
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"
#define WRONG                                                                 \
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f7075110"

#define HASH1                                                                 \
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define HASH2                                                                 \
    "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"

#define CHAIN  "8f1d6a02c94be7305a1c7d9e2b60f4aa"
#define Z31    "00000000000000000000000000000000000000000000000000000000000000"
#define F30    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"


/* Reads from memory of its own, without a zero behind it. */

static const char *
parse(const char *text, size_t len, paylock_signers_t *s, unsigned *line)
{
    char        *copy;
    const char  *why;

    copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);
    memset(s, 0xff, sizeof(*s));
    *line = 0;

    why = paylock_signers_read(copy, len, s, line);

    free(copy);

    return why;
}


static void
test_read(void **state)
{
    unsigned                 line;
    paylock_signers_t        s;
    const paylock_signer_t  *found;

    static const char  text[] =
        "# who counts\n"
        "\n"
        "  alice\t" ALICE "   # \xc3\xa9l\xc3\xa8ve\n"
        "bob@example.org " BOB " until=1234:" HASH1 "\n"
        "pin 9223372036854775807:" HASH2 " #\n"
        "whm_c-s.1 " CAROL " may=lock,unlock,notice from=2000"
        " until=2000:" HASH2 ":" CHAIN "\n"
        "pin 1234:" HASH1 ":" CHAIN "\n"
        "pin 1234:" HASH1;

    (void) state;

    assert_null(parse(text, sizeof(text) - 1, &s, &line));
    assert_int_equal(s.n, 3);
    assert_int_equal(s.n_pins, 3);

    assert_string_equal(s.signer[0].name, "alice");
    assert_string_equal(s.signer[0].key, ALICE);
    assert_non_null(s.signer[0].public);
    assert_int_equal(s.signer[0].from, 0);
    assert_int_equal(s.signer[0].until.seq, 0);
    assert_int_equal(s.signer[0].may, 0);
    assert_int_equal(s.signer[0].line, 3);

    assert_string_equal(s.signer[1].name, "bob@example.org");
    assert_int_equal(s.signer[1].until.seq, 1234);
    assert_string_equal(s.signer[1].until.hash, HASH1);
    assert_string_equal(s.signer[1].until.chain, "");
    assert_int_equal(s.signer[1].until.line, 4);

    assert_string_equal(s.signer[2].name, "whm_c-s.1");
    assert_int_equal(s.signer[2].from, 2000);
    assert_int_equal(s.signer[2].until.seq, 2000);
    assert_string_equal(s.signer[2].until.hash, HASH2);
    assert_string_equal(s.signer[2].until.chain, CHAIN);

    assert_int_equal(s.pin[0].seq, INT64_MAX);
    assert_string_equal(s.pin[0].hash, HASH2);
    assert_string_equal(s.pin[0].chain, "");
    assert_int_equal(s.pin[0].line, 5);
    assert_string_equal(s.pin[1].chain, CHAIN);

    found = paylock_signers_find(&s, BOB);
    assert_ptr_equal(found, &s.signer[1]);
    assert_ptr_equal(paylock_signers_find(&s, ALICE), &s.signer[0]);
    assert_ptr_equal(paylock_signers_find(&s, CAROL), &s.signer[2]);
    assert_null(paylock_signers_find(&s, HASH1));

    paylock_signers_free(&s);
    assert_null(paylock_signers_find(&s, BOB));
}


static void
test_nobody(void **state)
{
    size_t             i;
    unsigned           line;
    paylock_signers_t  s;

    static const char *const  text[] = { "", "\n\n", "#", " \t", "#\n  # x" };

    (void) state;

    for (i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
        assert_null(parse(text[i], strlen(text[i]), &s, &line));
        assert_int_equal(s.n, 0);
        assert_int_equal(s.n_pins, 0);
        assert_null(paylock_signers_find(&s, ALICE));
        paylock_signers_free(&s);
    }

    assert_null(paylock_signers_read(NULL, 0, &s, &line));
    paylock_signers_free(&s);
}


static void
test_may(void **state)
{
    size_t              i;
    unsigned            line;
    paylock_str_t       action;
    paylock_signers_t   s;

    static const char  text[] =
        "alice " ALICE "\n"
        "bob " BOB " may=adopt\n"
        "carol " CAROL " may=init,lock,unlock,reset,import,protect,unprotect,"
        "notice,pass-issue,pass-revoke,adopt,archive,token-create,"
        "token-revoke\n";

    (void) state;

    assert_null(parse(text, sizeof(text) - 1, &s, &line));

    for (i = 0; paylock_signer_actions[i]; i++) {
        action.data = paylock_signer_actions[i];
        action.len = strlen(action.data);

        assert_true(paylock_signer_may(&s.signer[0], action));
        assert_int_equal(paylock_signer_may(&s.signer[1], action),
                         strcmp(action.data, "adopt") == 0);
        assert_true(paylock_signer_may(&s.signer[2], action));
    }

    assert_int_equal(i, 14);

    /* what a limit does not name is not allowed, whatever comes later */

    action = paylock_string("another");
    assert_true(paylock_signer_may(&s.signer[0], action));
    assert_false(paylock_signer_may(&s.signer[2], action));
    assert_false(paylock_signer_may(&s.signer[1], paylock_string("")));
    assert_false(paylock_signer_may(&s.signer[1], paylock_string("adop")));

    paylock_signers_free(&s);
}


static void
test_refused(void **state)
{
    size_t              i;
    unsigned            line;
    const char         *why;
    paylock_signers_t   s;

#define N64  "abcdefghijklmnopqrstuvwxyz.abcdefghijklmnopqrstuvwxyz@0123456789"

    static const struct {
        const char  *text;
        unsigned     line;
        const char  *why;              /* is a part of it */
    } bad[] = {
        { "alice", 1, "no key" },
        { "alice # " ALICE, 1, "no key" },
        { "\n\nalice 12", 3, "not 64 hex digits" },
        { "alice " ALICE "0", 1, "not 64 hex digits" },
        { "alice " ALICE "#", 1, "not 64 hex digits" },
        { "alice g" Z31 "0", 1, "not 64 hex digits" },
        { "alice " "D75A980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68"
          "f707511a", 1, "lower case" },
        { ALICE, 1, "no key" },
        { "al!ce " ALICE, 1, "A-Z" },
        { "\xc3\xa9lise " ALICE, 1, "A-Z" },
        { "alice#x " ALICE, 1, "A-Z" },
        { N64 "x " ALICE, 1, "64 bytes" },
        { "alice " ALICE " from=1 from=1", 1, "two limits \"from\"" },
        { "alice " ALICE " until=1:" HASH1 " until=1:" HASH1, 1,
          "two limits \"until\"" },
        { "alice " ALICE " may=lock may=unlock", 1, "two limits \"may\"" },
        { "alice " ALICE " From=1", 1, "unknown limit" },
        { "alice " ALICE " x", 1, "unknown limit" },
        { "alice " ALICE " =1", 1, "unknown limit" },
        { "alice " ALICE " from", 1, "number" },
        { "alice " ALICE " from=", 1, "number" },
        { "alice " ALICE " from=0", 1, "number" },
        { "alice " ALICE " from=01", 1, "number" },
        { "alice " ALICE " from=+1", 1, "number" },
        { "alice " ALICE " from=-1", 1, "number" },
        { "alice " ALICE " from=1x", 1, "number" },
        { "alice " ALICE " from=9223372036854775808", 1, "number" },
        { "alice " ALICE " from=18446744073709551617", 1, "number" },
        { "alice " ALICE " from=184467440737095516170", 1, "number" },
        { "alice " ALICE " from = 1", 1, "number" },
        { "alice " ALICE " until=0:" HASH1, 1, "number" },
        { "alice " ALICE " until=:" HASH1, 1, "number" },
        { "alice " ALICE " until=5", 1, "SEQ:HASH" },
        { "alice " ALICE " until=", 1, "SEQ:HASH" },
        { "alice " ALICE " until", 1, "SEQ:HASH" },
        { "alice " ALICE " until=5:", 1, "hash" },
        { "alice " ALICE " until=5:" HASH1 "0", 1, "hash" },
        { "alice " ALICE " until=5:" HASH1 ":1", 1, "chain" },
        { "alice " ALICE " until=5:" HASH1 ":", 1, "chain" },
        { "alice " ALICE " until=5::" CHAIN, 1, "hash" },
        { "pin 5:" HASH1 ":" CHAIN "0", 1, "chain" },
        { "pin 5:" HASH1 ":8F1D6a02c94be7305a1c7d9e2b60f4aa", 1, "lower" },
        { "alice " ALICE " until=5:F" Z31 "0", 1, "lower case" },
        { "alice " ALICE " from=6 until=5:" HASH1, 1, "after its \"until\"" },
        { "alice " ALICE " until=5:" HASH1 " from=6", 1,
          "after its \"until\"" },
        { "alice " ALICE " may=", 1, "does not exist" },
        { "alice " ALICE " may", 1, "does not exist" },
        { "alice " ALICE " may=all", 1, "does not exist" },
        { "alice " ALICE " may=Lock", 1, "does not exist" },
        { "alice " ALICE " may=lock,,unlock", 1, "does not exist" },
        { "alice " ALICE " may=,lock", 1, "does not exist" },
        { "alice " ALICE " may=lock,", 1, "comma" },
        { "alice " ALICE " may=lock, unlock", 1, "comma" },
        { "alice " ALICE " may=lock,unlock,lock", 1, "twice" },
        { "pin", 1, "SEQ:HASH" },
        { "pin " ALICE, 1, "SEQ:HASH" },
        { "pin 1:" HASH1 " x", 1, "after the hash" },
        { "pin 1 :" HASH1, 1, "SEQ:HASH" },
        { "alice " ALICE "\nbob " BOB "\nalice " CAROL, 3, "name" },
        { "alice " ALICE "\nbob " BOB "\ncarol " ALICE, 3, "key that" },
        { "pin 1:" HASH1 "\nalice " ALICE "\npin 1:" HASH2, 3,
          "another hash" },
        { "pin 7:" HASH1 "\nalice " ALICE " until=7:" HASH2, 2,
          "another hash" },
        { "bob " BOB " until=7:" HASH1 "\nalice " ALICE " until=7:" HASH2, 2,
          "another hash" },
        { "alice " ALICE "\r\n", 1, "carriage return" },
        { "alice\r " ALICE, 1, "control character" },
        { "# \x1b[2J", 1, "control character" },
        { "# \x7f", 1, "control character" },
        { "# \xc2\x85", 1, "control character" },
        { "# \xff", 1, "UTF-8" },
        { "# \xc3", 1, "UTF-8" },
        { "# \xed\xa0\x80", 1, "UTF-8" },
        { "\xef\xbb\xbf" "alice " ALICE, 1, "A-Z" },
        { "alice\f" ALICE, 1, "control character" },
    };

    (void) state;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        why = parse(bad[i].text, strlen(bad[i].text), &s, &line);

        if (why == NULL || strstr(why, bad[i].why) == NULL
            || line != bad[i].line || s.n || s.n_pins || s.signer || s.by_key)
        {
            fail_msg("\"%s\": line %u %s", bad[i].text, line,
                     why ? why : "is taken");
        }
    }

    assert_non_null(parse("# \0", 3, &s, &line));
    assert_non_null(parse("alice " ALICE "\0", 71, &s, &line));

    assert_null(parse(N64 " " ALICE, 64 + 1 + 64, &s, &line));
    paylock_signers_free(&s);
}


/* Keys for which anybody can sign, and other encodings of good ones. */

static void
test_keys(void **state)
{
    char                text[200], sign;
    size_t              i, len;
    unsigned            line, both;
    const char         *why;
    paylock_signers_t   s;

    static const struct {
        const char  *key;              /* the last two digits are 00 or 7f */
        const char  *why;
    } bad[] = {
        { "00" Z31, "small order" },
        { "01" Z31, "small order" },
        { "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
          "small order" },
        { "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
          "small order" },
        { "ec" F30 "7f", "small order" },
        { "ed" F30 "7f", "RFC 8032" },     /* 0 and 1, once more */
        { "ee" F30 "7f", "RFC 8032" },
        { "ef" F30 "7f", "RFC 8032" },
        { "ff" F30 "7f", "RFC 8032" },
        { "02" Z31, "mistyped" },
        { WRONG, "mistyped" },
    };

    (void) state;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {

        /* with and without the sign of x, the highest bit */

        for (both = 0; both <= 1; both++) {
            len = (size_t) snprintf(text, sizeof(text), "x %s", bad[i].key);
            sign = text[len - 2];
            text[len - 2] = both == 0 ? sign : "89abcdef"[sign - '0'];

            why = parse(text, len, &s, &line);

            if (why == NULL || strstr(why, bad[i].why) == NULL || line != 1) {
                fail_msg("%s: %s", text, why ? why : "is taken");
            }
        }
    }

    assert_null(parse("x " ALICE, 66, &s, &line));
    paylock_signers_free(&s);
}


/* Why they are refused: OpenSSL takes them, and the same signature each. */

static void
test_anybody_signs(void **state)
{
    size_t      i;
    EVP_PKEY   *key;

    static const char *const  small[] = {
        "01" Z31, "0100000000000000000000000000000000000000000000000000000000"
        "000080", "ee" F30 "7f"
    };
    static const char  sig[] = "01" Z31 "00" Z31;

    (void) state;

    for (i = 0; i < sizeof(small) / sizeof(small[0]); i++) {
        key = paylock_sign_key(small[i]);
        assert_non_null(key);
        assert_true(paylock_sign_check(key, "unlock", 6, sig));
        assert_true(paylock_sign_check(key, "adopt", 5, sig));
        assert_non_null(paylock_key_check(key));
        EVP_PKEY_free(key);
    }
}


/* A thousand keys as they are made are points of the curve. */

static void
test_good_keys(void **state)
{
    unsigned        i;
    EVP_PKEY       *key;
    unsigned char   raw[32];

    (void) state;

    for (i = 0; i < 1000; i++) {
        memset(raw, 0, sizeof(raw));
        raw[0] = (unsigned char) i;
        raw[1] = (unsigned char) (i >> 8);

        key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, raw,
                                           sizeof(raw));
        assert_non_null(key);
        assert_null(paylock_key_check(key));
        EVP_PKEY_free(key);
    }
}


static void
test_sizes(void **state)
{
    char               *text;
    size_t              i, len;
    unsigned            line;
    const char         *why;
    paylock_signers_t   s;

    (void) state;

    text = malloc(2 * PAYLOCK_SIGNERS_LINES + 2);
    assert_non_null(text);

    /* the line feed is not of the line */

    memset(text, '#', PAYLOCK_SIGNERS_LINE + 1);
    text[PAYLOCK_SIGNERS_LINE] = '\n';
    assert_null(parse(text, PAYLOCK_SIGNERS_LINE + 1, &s, &line));
    paylock_signers_free(&s);

    text[PAYLOCK_SIGNERS_LINE] = '#';
    why = parse(text, PAYLOCK_SIGNERS_LINE + 1, &s, &line);
    assert_non_null(why);
    assert_non_null(strstr(why, "1,000"));

    for (i = 0, len = 0; i <= PAYLOCK_SIGNERS_LINES; i++) {
        text[len++] = '#';
        text[len++] = '\n';
    }

    assert_null(parse(text, len - 2, &s, &line));
    paylock_signers_free(&s);

    why = parse(text, len, &s, &line);
    assert_non_null(why);
    assert_int_equal(line, PAYLOCK_SIGNERS_LINES + 1);

    free(text);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_may),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_anybody_signs),
        cmocka_unit_test(test_good_keys),
        cmocka_unit_test(test_sizes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
