
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
#include <time.h>

#include <cmocka.h>

#include "paylock_resp.h"


typedef struct {
    char    data[8192];
    size_t  len;
} out_t;


static void
put(out_t *out, const char *s, size_t len)
{
    assert_true(out->len + len < sizeof(out->data));

    for ( /* void */ ; len; len--, s++) {
        out->data[out->len++] = *s ? *s : '?';
    }

    out->data[out->len] = '\0';
}


/* A reply as text: 's:abc', '[i:1 nil]'. */

static void
print(out_t *out, const redisReply *reply)
{
    char    number[32];
    size_t  i;

    switch (reply->type) {

    case REDIS_REPLY_ARRAY:
        put(out, "[", 1);

        for (i = 0; i < reply->elements; i++) {
            if (i) {
                put(out, " ", 1);
            }

            print(out, reply->element[i]);
        }

        put(out, "]", 1);
        return;

    case REDIS_REPLY_NIL:
        put(out, "nil", 3);
        return;

    case REDIS_REPLY_INTEGER:
        snprintf(number, sizeof(number), "i:%lld", reply->integer);
        put(out, number, strlen(number));
        return;

    default:
        put(out, reply->type == REDIS_REPLY_ERROR ? "e:"
                 : reply->type == REDIS_REPLY_STATUS ? "+:" : "s:", 2);
        put(out, reply->str, reply->len);
    }
}


/* Feeds in pieces of this size; prints the replies, each with a ';'. */

static const char *
decode_trimmed(size_t max, const char *bytes, size_t len, size_t piece,
    out_t *out)
{
    char            *copy;
    size_t           n;
    const char      *why;
    static char      text[256];
    redisReply      *reply;
    paylock_resp_t  *resp;

    resp = paylock_resp_create();
    assert_non_null(resp);
    paylock_resp_trim(resp, max);

    out->len = 0;
    out->data[0] = '\0';
    why = NULL;

    while (len && why == NULL) {
        n = len < piece ? len : piece;

        copy = malloc(n);
        assert_non_null(copy);
        memcpy(copy, bytes, n);
        why = paylock_resp_feed(resp, copy, n);
        free(copy);

        bytes += n;
        len -= n;

        while (why == NULL) {
            why = paylock_resp_next(resp, &reply);

            if (why || reply == NULL) {
                assert_null(reply);
                break;
            }

            print(out, reply);
            put(out, ";", 1);
            freeReplyObject(reply);
        }
    }

    if (why) {
        assert_ptr_equal(paylock_resp_feed(resp, "+OK\r\n", 5), why);
        assert_ptr_equal(paylock_resp_next(resp, &reply), why);
        assert_null(reply);
        snprintf(text, sizeof(text), "%s", why);
        why = text;

    } else if (paylock_resp_pending(resp)) {
        put(out, "...", 3);
    }

    paylock_resp_free(resp);

    return why;
}


static const char *
decode(const char *bytes, size_t len, size_t piece, out_t *out)
{
    return decode_trimmed(0, bytes, len, piece, out);
}


#define BYTES(s)  s, sizeof(s) - 1

static void
test_good(void **state)
{
    out_t        out;
    size_t       i, piece;
    const char  *why;

    static const struct {
        const char  *bytes;
        size_t       len;
        const char  *text;             /* a NUL in it is a '?' */
    } cases[] = {
        { BYTES(""), "" },
        { BYTES("+OK\r\n"), "+:OK;" },
        { BYTES("+\r\n"), "+:;" },
        { BYTES("-ERR unknown\r\n"), "e:ERR unknown;" },
        { BYTES(":0\r\n:-1\r\n:12\r\n"), "i:0;i:-1;i:12;" },
        { BYTES(":9223372036854775807\r\n:-9223372036854775808\r\n"),
          "i:9223372036854775807;i:-9223372036854775808;" },
        { BYTES("$-1\r\n*-1\r\n"), "nil;nil;" },
        { BYTES("$0\r\n\r\n"), "s:;" },
        { BYTES("$3\r\nabc\r\n"), "s:abc;" },
        { BYTES("$4\r\n\r\n\r\n\r\n"), "s:\r\n\r\n;" },
        { BYTES("$5\r\n$1\r\na\r\n"), "s:$1\r\na;" },
        { BYTES("$3\r\na\0b\r\n"), "s:a?b;" },
        { BYTES("*0\r\n*0\r\n"), "[];[];" },
        { BYTES("*2\r\n*2\r\n:1\r\n*0\r\n*1\r\n$-1\r\n+OK\r\n"),
          "[[i:1 []] [nil]];+:OK;" },
        { BYTES("*3\r\n$1\r\na\r\n*-1\r\n-E\r\n"), "[s:a nil e:E];" },
        { BYTES("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"),
          "[[[[[[[i:1]]]]]]];" },
        { BYTES("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*0\r\n"),
          "[[[[[[[[]]]]]]]];" },
        { BYTES("+O"), "..." },
        { BYTES("+OK\r"), "..." },
        { BYTES("+OK\r\n+"), "+:OK;..." },
        { BYTES("$3\r\nabc"), "..." },
        { BYTES("$3\r\nabc\r"), "..." },
        { BYTES("$16777000\r\n"), "..." },
        { BYTES("*2\r\n:1\r\n"), "..." },
        { BYTES("*65536\r\n"), "..." }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (piece = 1; piece <= cases[i].len + 1; piece++) {
            why = decode(cases[i].bytes, cases[i].len, piece, &out);

            if (why || strcmp(out.data, cases[i].text) != 0) {
                fail_msg("case %zu by %zu: %s, %s", i, piece, out.data, why);
            }
        }
    }
}


static void
test_hostile(void **state)
{
    out_t        out;
    size_t       i, piece;
    const char  *why;

    static const struct {
        const char  *bytes;
        size_t       len;
        const char  *why;
    } cases[] = {
        { BYTES("*2147483647\r\n"), "2147483647 elements" },
        { BYTES("*65537\r\n"), "65537 elements" },
        { BYTES("*4294967296\r\n"), "4294967296 elements" },
        { BYTES("*9223372036854775807\r\n"), "elements" },
        { BYTES("*9223372036854775808\r\n"), "not one" },
        { BYTES("*-5\r\n"), "negative" },
        { BYTES("*-2\r\n"), "negative" },
        { BYTES("*\r\n"), "not one" },
        { BYTES("*a\r\n"), "not one" },
        { BYTES("*01\r\n"), "not one" },
        { BYTES("*+1\r\n"), "not one" },
        { BYTES("* 1\r\n"), "not one" },
        { BYTES("*1 \r\n"), "not one" },
        { BYTES("*-\r\n"), "not one" },
        { BYTES("*1\r\n*65536\r\n"), "65536 elements" },
        { BYTES("*3\r\n*1\r\n:1\r\n*65533\r\n"), "65533 elements" },
        { BYTES("$9223372036854775807\r\n"), "9223372036854775807 bytes" },
        { BYTES("$-9223372036854775808\r\n"), "negative" },
        { BYTES("$18446744073709551615\r\n"), "not one" },
        { BYTES("$99999999999999999999999\r\n"), "digits" },
        { BYTES("$16777217\r\n"), "16777217 bytes" },
        { BYTES("$16777216\r\n"), "16777216 bytes" },
        { BYTES("$-2\r\n"), "negative" },
        { BYTES("$\r\n"), "not one" },
        { BYTES("$3x\r\n"), "not one" },
        { BYTES("$-0\r\n"), "not one" },
        { BYTES("$3\r\nabcd\r\n"), "CR LF" },
        { BYTES("$3\r\nabc\rx"), "CR LF" },
        { BYTES("$0\r\nx"), "CR LF" },
        { BYTES(":\r\n"), "not one" },
        { BYTES(":1.5\r\n"), "not one" },
        { BYTES(":9223372036854775808\r\n"), "not one" },
        { BYTES(":-9223372036854775809\r\n"), "not one" },
        { BYTES("+OK\rx"), "CR LF" },
        { BYTES("+OK\n"), "LF alone" },
        { BYTES("\r\n"), "\\x0D" },
        { BYTES("HTTP/1.1 400 Bad Request\r\n"), "'H'" },
        { BYTES("220 mail.example ESMTP\r\n"), "'2'" },
        { BYTES("\x15\x03\x01"), "\\x15" },
        { BYTES("\0"), "\\x00" },
        { BYTES("\xff"), "\\xFF" },
        { BYTES("%1\r\n"), "'%'" },
        { BYTES("~1\r\n"), "'~'" },
        { BYTES("_\r\n"), "'_'" },
        { BYTES(">2\r\n"), "'>'" },
        { BYTES("*2\r\n:1\r\nx"), "'x'" },
        { BYTES("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"),
          "nested" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {

        for (piece = 1; piece <= cases[i].len; piece++) {
            why = decode(cases[i].bytes, cases[i].len, piece, &out);

            if (why == NULL || strstr(why, cases[i].why) == NULL) {
                fail_msg("case %zu by %zu: %s", i, piece,
                         why ? why : "is taken");
            }
        }
    }
}


static void
test_limits(void **state)
{
    int              n;
    char             line[PAYLOCK_RESP_ELEMENTS];
    const char      *why;
    redisReply      *reply;
    paylock_resp_t  *resp;

    (void) state;

    /* as many elements as may be, and then once more */

    resp = paylock_resp_create();
    assert_non_null(resp);

    for (n = 0; n < 2; n++) {
        assert_null(paylock_resp_feed(resp, "*65536\r\n", 8));

        for (size_t i = 0; i < PAYLOCK_RESP_ELEMENTS; i++) {
            assert_null(paylock_resp_next(resp, &reply));
            assert_null(reply);
            assert_null(paylock_resp_feed(resp, ":1\r\n", 4));
        }

        assert_null(paylock_resp_next(resp, &reply));
        assert_non_null(reply);
        assert_int_equal(reply->elements, PAYLOCK_RESP_ELEMENTS);
        freeReplyObject(reply);
        assert_int_equal(paylock_resp_pending(resp), 0);
    }

    paylock_resp_free(resp);

    /* a line that never ends, by a byte at a time */

    resp = paylock_resp_create();
    assert_non_null(resp);
    why = NULL;

    for (n = 0; why == NULL && n < 70000; n++) {
        why = paylock_resp_feed(resp, "-", 1);

        if (why == NULL) {
            assert_null(paylock_resp_next(resp, &reply));
        }
    }

    assert_int_equal(n, 1 + 65536 + 1);
    assert_non_null(strstr(why, "65536"));
    paylock_resp_free(resp);

    /* many lines, each of a length that is allowed, do not add up */

    resp = paylock_resp_create();
    assert_non_null(resp);
    memset(line, 'x', sizeof(line));
    memcpy(line, "\r\n+", 3);
    why = paylock_resp_feed(resp, "*65536\r\n+", 9);

    for (n = 0; why == NULL && n < 1000; n++) {
        why = paylock_resp_feed(resp, line, sizeof(line));
    }

    assert_in_range(n, 256, 258);
    assert_non_null(strstr(why, "larger"));
    paylock_resp_free(resp);

    paylock_resp_free(NULL);
}


/* A reply of the largest size in small pieces takes no seconds. */

static void
feed_large(size_t piece, const char *head, const char *item, size_t items,
    const char *tail)
{
    char            *bytes, *p;
    size_t           i, n, len;
    clock_t          start;
    redisReply      *reply;
    paylock_resp_t  *resp;

    len = strlen(head) + items * strlen(item) + strlen(tail);
    bytes = malloc(len);
    assert_non_null(bytes);

    memcpy(bytes, head, strlen(head));
    p = bytes + strlen(head);

    for (i = 0; i < items; i++) {
        memcpy(p, item, strlen(item));
        p += strlen(item);
    }

    memcpy(p, tail, strlen(tail));

    resp = paylock_resp_create();
    assert_non_null(resp);
    reply = NULL;
    start = clock();

    for (i = 0; i < len; i += n) {
        assert_null(reply);
        n = len - i < piece ? len - i : piece;
        assert_null(paylock_resp_feed(resp, bytes + i, n));
        assert_null(paylock_resp_next(resp, &reply));
    }

    assert_true(clock() - start < 2 * CLOCKS_PER_SEC);
    assert_non_null(reply);
    assert_int_equal(paylock_resp_pending(resp), 0);

    freeReplyObject(reply);
    paylock_resp_free(resp);
    free(bytes);
}


static void
test_linear(void **state)
{
    char  item[256];

    (void) state;

    feed_large(4096, "$16000000\r\n", "0123456789abcdef", 1000000,
               "\r\n");
    feed_large(4096, "*1\r\n$16000000\r\n", "0123456789abcdef", 1000000,
               "\r\n");

    memset(item, 'x', sizeof(item));
    memcpy(item, "$240\r\n", 6);
    memcpy(item + 6 + 240, "\r\n", 3);

    feed_large(4096, "*60000\r\n", item, 60000, "");
    feed_large(60, "*60000\r\n", item, 60000, "");
}


/* Bytes at random, and replies with bytes changed at random: no harm. */

static void
test_random(void **state)
{
    char             bytes[200];
    size_t           i, n, len;
    unsigned         seed;
    out_t            out;

    static const char  start[] = "*3\r\n$5\r\nhello\r\n*2\r\n:1\r\n$-1\r\n"
                                 "+OK\r\n-ERR no\r\n:12\r\n";
    static const char  alphabet[] = "+-:$*0123456789\r\n\r\n\r\nab";

    (void) state;

    seed = 1;

    for (i = 0; i < 200000; i++) {

        if (i % 2) {
            len = sizeof(start) - 1;
            memcpy(bytes, start, len);

            for (n = 0; n < 1 + i % 3; n++) {
                seed = seed * 1103515245 + 12345;
                bytes[(seed >> 8) % len] = alphabet[(seed >> 16)
                                                    % (sizeof(alphabet) - 1)];
            }

        } else {
            len = i % sizeof(bytes);

            for (n = 0; n < len; n++) {
                seed = seed * 1103515245 + 12345;
                bytes[n] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
            }
        }

        (void) decode(bytes, len, 1 + i % 17, &out);
        (void) decode_trimmed(1 + i % 5, bytes, len, 1 + i % 17, &out);
    }
}


/* Strings of more than three bytes are cut, whatever else there is. */

static void
test_trim(void **state)
{
    out_t        out;
    size_t       i, piece;
    const char  *why;

    static const struct {
        const char  *bytes;
        size_t       len;
        const char  *text;
    } cases[] = {
        { BYTES("$3\r\nabc\r\n"), "s:abc;" },
        { BYTES("$4\r\nabcd\r\n"), "s:abc;" },
        { BYTES("$0\r\n\r\n$-1\r\n+abcdef\r\n:12345\r\n"),
          "s:;nil;+:abcdef;i:12345;" },
        { BYTES("*4\r\n$7\r\n$5\r\n\r\n$\r\n$1\r\na\r\n$-1\r\n$9\r\n123456789"
                "\r\n:1\r\n"), "[s:$5\r s:a nil s:123];i:1;" },
        { BYTES("*1\r\n*2\r\n$12\r\naaaaaaaaaaaa\r\n-ERR long\r\n"),
          "[[s:aaa e:ERR long]];" },
        { BYTES("$9223372036854775807\r\nabcdefghij"), "..." },
        { BYTES("*2\r\n$99999999999\r\nabc"), "..." }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (piece = 1; piece <= cases[i].len + 1; piece++) {
            why = decode_trimmed(3, cases[i].bytes, cases[i].len, piece,
                                 &out);

            if (why || strcmp(out.data, cases[i].text) != 0) {
                fail_msg("case %zu by %zu: %s, %s", i, piece, out.data, why);
            }
        }
    }

    why = decode_trimmed(3, BYTES("$5\r\nabcdexy"), 4, &out);
    assert_non_null(why);
}


/* Who expects more gets it, and not more than that. */

static void
test_expected(void **state)
{
    char             line[32];
    paylock_resp_t  *resp;

    (void) state;

    for (int more = 0; more <= 1; more++) {
        resp = paylock_resp_create();
        assert_non_null(resp);

        paylock_resp_expect(resp, 100000, 1);

        snprintf(line, sizeof(line), "*%d\r\n", 100000 + more);

        assert_int_equal(paylock_resp_feed(resp, line, strlen(line)) != NULL,
                         more);
        paylock_resp_free(resp);
    }

    for (int more = 0; more <= 1; more++) {
        resp = paylock_resp_create();
        assert_non_null(resp);

        paylock_resp_expect(resp, 1, 20 * 1024 * 1024);

        snprintf(line, sizeof(line), "$%d\r\n", 20 * 1024 * 1024 - 20
                                                 + 40 * more);

        assert_int_equal(paylock_resp_feed(resp, line, strlen(line)) != NULL,
                         more);
        paylock_resp_free(resp);
    }
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_linear),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_expected),
        cmocka_unit_test(test_trim)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
