
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

#include "paylock_record.h"


#define BIT(t)  (1u << PAYLOCK_##t)


/* Parses from memory of its own, without a zero behind it. */

static const char *
parse(const char *value, size_t len, paylock_record_t *rec)
{
    char        *copy;
    const char  *why;

    copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, value, len);

    why = paylock_record_parse(copy, len, rec);

    free(copy);

    return why;
}


static void
load(const char *value, size_t len, const char *expected)
{
    char        *text;
    json_t      *json;
    const char  *why;

    json = paylock_record_load(value, len, &why);

    if (json == NULL) {
        fail_msg("\"%s\" %s", value, why);
    }

    assert_null(why);

    text = paylock_record_dump(json);

    assert_non_null(text);
    assert_string_equal(text, expected);

    free(text);
    json_decref(json);
}


static void
test_times(void **state)
{
    size_t            i;
    paylock_record_t  rec;

    static const struct {
        const char  *value;
        unsigned     set;
        uint32_t     time[PAYLOCK_TIMES];
    } cases[] = {
        { "{}", 0, { 0 } },
        { " { } ", 0, { 0 } },
        { "{\"lock_at\":0}", BIT(LOCK_AT), { 0 } },
        { "{\"lock_at\":1}", BIT(LOCK_AT), { [PAYLOCK_LOCK_AT] = 1 } },
        { "{\"lock_at\":4294967295}", BIT(LOCK_AT),
          { [PAYLOCK_LOCK_AT] = 4294967295u } },
        { "{\"at\":1793491200,\"lock_at\":1793491200}",
          BIT(AT) | BIT(LOCK_AT),
          { [PAYLOCK_AT] = 1793491200, [PAYLOCK_LOCK_AT] = 1793491200 } },
        { "{\"at\":1,\"open_at\":2,\"notice_at\":3,\"readonly_at\":4,"
          "\"lock_at\":5,\"pass_after\":6}",
          BIT(AT) | BIT(OPEN_AT) | BIT(NOTICE_AT) | BIT(READONLY_AT)
          | BIT(LOCK_AT) | BIT(PASS_AFTER),
          { [PAYLOCK_AT] = 1, [PAYLOCK_OPEN_AT] = 2, [PAYLOCK_NOTICE_AT] = 3,
            [PAYLOCK_READONLY_AT] = 4, [PAYLOCK_LOCK_AT] = 5,
            [PAYLOCK_PASS_AFTER] = 6 } },
        { "{\"tariff\":{\"lock_at\":7},\"Lock_at\":\"x\",\"open_at\":8}",
          BIT(OPEN_AT), { [PAYLOCK_OPEN_AT] = 8 } },
        { "1", BIT(AT) | BIT(LOCK_AT), { 0 } },
        { "true", BIT(AT) | BIT(LOCK_AT), { 0 } },
        { "locked", BIT(AT) | BIT(LOCK_AT), { 0 } },
        { "\"locked\"", BIT(AT) | BIT(LOCK_AT), { 0 } },
        { " locked\r\n", BIT(AT) | BIT(LOCK_AT), { 0 } },
        { "\"locked\"\n", BIT(AT) | BIT(LOCK_AT), { 0 } },
        { "1\n", BIT(AT) | BIT(LOCK_AT), { 0 } },
        { "0", BIT(AT) | BIT(OPEN_AT), { 0 } },
        { "false", BIT(AT) | BIT(OPEN_AT), { 0 } },
        { "open", BIT(AT) | BIT(OPEN_AT), { 0 } },
        { "\"open\"", BIT(AT) | BIT(OPEN_AT), { 0 } }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memset(&rec, 0xff, sizeof(rec));

        if (parse(cases[i].value, strlen(cases[i].value), &rec) != NULL) {
            fail_msg("%s is refused", cases[i].value);
        }

        assert_int_equal(rec.set, cases[i].set);
        assert_int_equal(rec.ref_len, 0);
        assert_memory_equal(rec.time, cases[i].time, sizeof(rec.time));
    }
}


/* Is the value read as its JSON is? */

static void
as_json(const char *value, size_t len)
{
    json_t            *json;
    const char        *why, *other;
    paylock_record_t   rec, same;

    why = parse(value, len, &rec);
    json = paylock_record_load(value, len, &other);

    if ((why == NULL) != (json != NULL)) {
        fail_msg("%.*s %s", (int) len, value, why ? why : "is taken");
    }

    if (json == NULL) {
        assert_string_equal(why, other);
        return;
    }

    assert_null(paylock_record_from_json(json, &same));
    json_decref(json);

    if (memcmp(&rec, &same, sizeof(rec)) != 0) {
        fail_msg("%.*s is read otherwise", (int) len, value);
    }
}


/* What is short of the plain form by a byte is read with the same result. */

static void
test_plain(void **state)
{
    int     c;
    char    value[256];
    size_t  i, n, len;

    static const char *const  plain[] = {
        "{\"at\":1793491200,\"lock_at\":4294967295,\"ref\":\"PL-7F3K2M\","
            "\"reason\":\"overdue\",\"invoice\":\"F-2026-017\","
            "\"actor\":\"alice\"}",
        "{\"at\":0,\"open_at\":1,\"notice_at\":20,\"readonly_at\":300,"
            "\"lock_at\":4000,\"pass_after\":4294967296}",
        "{\"ref\":\"12345678901234567\",\"ref\":\"1\",\"at\":10}",
        "{\"amount\":\"1.00\",\"currency\":\"EUR\",\"due\":\"\","
            "\"since\":1,\"at\":7}"
    };

    (void) state;

    for (n = 0; n < sizeof(plain) / sizeof(plain[0]); n++) {
        len = strlen(plain[n]);

        for (i = 0; i <= len; i++) {

            /* cut off, left out, said twice, another */

            as_json(plain[n], i);

            memcpy(value, plain[n], i);
            memcpy(value + i, plain[n] + i + (i < len), len - i);
            as_json(value, len - (i < len));

            memcpy(value + i + 1, plain[n] + i, len - i);

            for (c = 0; c < 256; c++) {
                value[i] = (char) c;
                as_json(value, len + 1);
            }

            memcpy(value, plain[n], len);

            for (c = 0; c < 256 && i < len; c++) {
                value[i] = (char) c;
                as_json(value, len);
            }
        }
    }
}


static void
test_refused(void **state)
{
    size_t            i;
    const char       *why;
    paylock_record_t  rec;

    static const struct {
        const char  *value;
        const char  *why;
    } cases[] = {
        { "", "not JSON" },
        { " ", "not JSON" },
        { "garbage", "not JSON" },
        { "{", "not JSON" },
        { "{\"lock_at\":1", "not JSON" },
        { "{\"lock_at\":1}}", "not JSON" },
        { "{\"lock_at\":1} {}", "not JSON" },
        { "{\"lock_at\":01}", "not JSON" },
        { "{lock_at:1}", "not JSON" },
        { "{'lock_at':1}", "not JSON" },
        { "01", "not JSON" },
        { "lockedx", "not JSON" },
        { "LOCKED", "not JSON" },
        { "True", "not JSON" },
        { "{\"reason\":\"\xff\"}", "UTF-8" },
        { "{\"reason\":\"\xc0\x80\"}", "UTF-8" },
        { "{\"reason\":\"\xed\xa0\x80\"}", "UTF-8" },
        { "{\"reason\":\"\\ud800\"}", "not JSON" },
        { "{\"reason\":\"a\\u0000b\"}", "NUL" },
        { "{\"reason\\u0000\":1}", "NUL" },
        { "{\"lock_at\":1,\"lock_at\":2}", "twice" },
        { "{\"x\":{\"y\":1,\"y\":1}}", "twice" },
        { "{\"lock_at\":99999999999999999999999}", "too large" },
        { "{\"x\":1e999}", "too large" },
        { "2", "neither" },
        { "-1", "neither" },
        { "1.0", "neither" },
        { "0.0", "neither" },
        { "null", "neither" },
        { "[]", "neither" },
        { "[1]", "neither" },
        { "\"\"", "neither" },
        { "\"Locked\"", "neither" },
        { "\" locked\"", "neither" },
        { "\"notice\"", "neither" },
        { "{\"lock_at\":4294967296}", "\"lock_at\"" },
        { "{\"lock_at\":9223372036854775807}", "\"lock_at\"" },
        { "{\"lock_at\":-1}", "\"lock_at\"" },
        { "{\"lock_at\":1.5}", "\"lock_at\"" },
        { "{\"lock_at\":1.0}", "\"lock_at\"" },
        { "{\"lock_at\":1e3}", "\"lock_at\"" },
        { "{\"lock_at\":\"1\"}", "\"lock_at\"" },
        { "{\"lock_at\":true}", "\"lock_at\"" },
        { "{\"lock_at\":null}", "\"lock_at\"" },
        { "{\"lock_at\":[]}", "\"lock_at\"" },
        { "{\"at\":{}}", "\"at\"" },
        { "{\"at\":5,\"open_at\":\"\"}", "\"open_at\"" },
        { "{\"notice_at\":false}", "\"notice_at\"" },
        { "{\"readonly_at\":-0.0}", "\"readonly_at\"" },
        { "{\"pass_after\":4294967296}", "\"pass_after\"" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        why = parse(cases[i].value, strlen(cases[i].value), &rec);

        if (why == NULL || strstr(why, cases[i].why) == NULL) {
            fail_msg("%s %s", cases[i].value, why ? why : "is taken");
        }

        why = NULL;
        assert_null(paylock_record_load(cases[i].value,
                                        strlen(cases[i].value), &why));
        assert_non_null(strstr(why, cases[i].why));
    }

    assert_non_null(parse("locked\0", 7, &rec));
    assert_non_null(parse("{}\0", 3, &rec));
    assert_non_null(parse("\0", 1, &rec));
}


static void
test_ref(void **state)
{
    size_t            i;
    paylock_record_t  rec;

    static const struct {
        const char  *value;
        const char  *ref;
    } cases[] = {
        { "{\"ref\":\"PL-7F3K2M\"}", "PL-7F3K2M" },
        { "{\"ref\":\"a\"}", "a" },
        { "{\"ref\":\"aZ09._-aZ09._-xy\"}", "aZ09._-aZ09._-xy" },
        { "{\"ref\":\"0123456789abcdefg\"}", "" },
        { "{\"ref\":\"\"}", "" },
        { "{\"ref\":\"a b\"}", "" },
        { "{\"ref\":\"<b>\"}", "" },
        { "{\"ref\":\"\xc3\xa9\"}", "" },
        { "{\"ref\":7}", "" },
        { "{\"ref\":null}", "" },
        { "{\"ref\":[\"x\"]}", "" },
        { "{\"Ref\":\"a\"}", "" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_null(parse(cases[i].value, strlen(cases[i].value), &rec));
        assert_int_equal(rec.ref_len, strlen(cases[i].ref));
        assert_memory_equal(rec.ref, cases[i].ref, rec.ref_len);
    }

    /* a bad ref costs nothing but the ref */

    assert_null(parse("{\"lock_at\":9,\"ref\":\"a b\"}", 25, &rec));
    assert_int_equal(rec.set, BIT(LOCK_AT));
    assert_int_equal(rec.time[PAYLOCK_LOCK_AT], 9);

    assert_int_equal(paylock_ref_check("a\0b", 3), 0);
    assert_int_equal(paylock_ref_check("a", 0), 0);
}


static void
test_load(void **state)
{
    size_t  i;

    static const struct {
        const char  *value;
        const char  *dump;
    } cases[] = {
        { "{}", "{}" },
        { "1", "{\"at\":0,\"lock_at\":0}" },
        { "true", "{\"at\":0,\"lock_at\":0}" },
        { "locked\n", "{\"at\":0,\"lock_at\":0}" },
        { "\"locked\"", "{\"at\":0,\"lock_at\":0}" },
        { "0", "{\"at\":0,\"open_at\":0}" },
        { "false", "{\"at\":0,\"open_at\":0}" },
        { "open", "{\"at\":0,\"open_at\":0}" },
        { "\"open\"", "{\"at\":0,\"open_at\":0}" },
        { "{ \"lock_at\" : 5 ,\n\"at\": 4 }", "{\"lock_at\":5,\"at\":4}" },
        { "{\"z\":[1,2.5,null],\"lock_at\":1,\"a\":{\"b\":\"c\"}}",
          "{\"z\":[1,2.5,null],\"lock_at\":1,\"a\":{\"b\":\"c\"}}" },
        { "{\"reason\":\"caf\\u00e9 \\\"x\\\"\\n\"}",
          "{\"reason\":\"caf\xc3\xa9 \\\"x\\\"\\n\"}" },
        { "{\"lock_at\":1,\"ref\":\"ok\"}", "{\"lock_at\":1,\"ref\":\"ok\"}" },
        { "{\"lock_at\":1,\"ref\":\"not ok\",\"x\":1}",
          "{\"lock_at\":1,\"x\":1}" },
        { "{\"ref\":5}", "{}" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        load(cases[i].value, strlen(cases[i].value), cases[i].dump);
    }
}


static void
test_from_json(void **state)
{
    json_t            *json;
    paylock_record_t   rec;

    (void) state;

    json = json_pack("{s:i, s:s}", "lock_at", 7, "ref", "R");
    assert_non_null(json);
    assert_null(paylock_record_from_json(json, &rec));
    assert_int_equal(rec.set, BIT(LOCK_AT));
    assert_int_equal(rec.time[PAYLOCK_LOCK_AT], 7);
    assert_int_equal(rec.ref_len, 1);
    assert_int_equal(json->refcount, 1);
    json_decref(json);

    json = json_string("open");
    assert_null(paylock_record_from_json(json, &rec));
    assert_int_equal(rec.set, BIT(AT) | BIT(OPEN_AT));
    json_decref(json);

    assert_non_null(paylock_record_from_json(json_null(), &rec));
}


static void
test_size(void **state)
{
    char              *value;
    size_t             i;
    paylock_record_t   rec;

    (void) state;

    value = malloc(PAYLOCK_RECORD_MAX + 1);
    assert_non_null(value);

    memset(value, ' ', PAYLOCK_RECORD_MAX + 1);
    memcpy(value, "{\"lock_at\":1,\"x\":\"", 18);
    memset(value + 18, 'x', PAYLOCK_RECORD_MAX - 20);
    memcpy(value + PAYLOCK_RECORD_MAX - 2, "\"}", 2);

    assert_null(paylock_record_parse(value, PAYLOCK_RECORD_MAX, &rec));
    assert_int_equal(rec.set, BIT(LOCK_AT));
    assert_non_null(strstr(paylock_record_parse(value, PAYLOCK_RECORD_MAX + 1,
                                                &rec), "65536"));

    /* nothing but depth, and nothing but space */

    for (i = 0; i < PAYLOCK_RECORD_MAX; i++) {
        value[i] = '[';
    }

    assert_non_null(strstr(paylock_record_parse(value, PAYLOCK_RECORD_MAX,
                                                &rec), "deep"));
    memset(value, '\n', PAYLOCK_RECORD_MAX);

    assert_non_null(paylock_record_parse(value, PAYLOCK_RECORD_MAX, &rec));

    free(value);
}


/* The number of the entry, and nothing that only looks like it. */

static void
test_seq(void **state)
{
    size_t  i, n;
    char   *copy;

    static const struct {
        const char  *value;
        uint64_t     seq;
    } values[] = {
        { "{\"lock_at\":1,\"entry\":42}", 42 },
        { "{\"entry\":7,\"lock_at\":1}", 7 },
        { "{\"reason\":\"\\\"entry\\\":9\",\"entry\":3}", 3 },
        { "{\"reason\":\"\\\"entry\\\":9\"}", 0 },
        { "{\"reason\":\"entry\"}", 0 },
        { "{\"entry\":", 0 }, { "{\"entry\":\"5\"}", 0 },
        { "{\"entry\":99999999999999999999999}", 99999999999999999 },
        { "1", 0 }, { "", 0 }, { "\"", 0 }, { "\"locked\"", 0 }
    };

    (void) state;

    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {

        /* without a zero behind it, so that reading on is found */

        n = strlen(values[i].value);
        copy = malloc(n + !n);
        assert_non_null(copy);
        memcpy(copy, values[i].value, n);
        assert_int_equal(paylock_record_seq(copy, n), values[i].seq);
        free(copy);
    }
}


/* Every proper prefix of a record is refused, and no change of a byte harms. */

static void
test_broken(void **state)
{
    char              *copy;
    size_t             i, len;
    paylock_record_t   rec;

    static const char  value[] =
        "{\"at\":1793491200,\"lock_at\":1793491200,\"ref\":\"PL-7F3K2M\","
        "\"reason\":\"d\\u00e9biteur \\ud83d\\ude00\",\"x\":[1,{\"y\":null}]}";

    (void) state;

    len = sizeof(value) - 1;

    assert_null(parse(value, len, &rec));

    for (i = 0; i < len; i++) {
        assert_non_null(parse(value, i, &rec));
    }

    copy = malloc(len);
    assert_non_null(copy);

    for (i = 0; i < len * 256; i++) {
        memcpy(copy, value, len);
        copy[i / 256] = (char) (i % 256);

        if (paylock_record_parse(copy, len, &rec) == NULL) {
            assert_true(rec.ref_len <= PAYLOCK_REF_MAX);
        }
    }

    free(copy);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_ref),
        cmocka_unit_test(test_load),
        cmocka_unit_test(test_from_json),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_seq),
        cmocka_unit_test(test_broken)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
