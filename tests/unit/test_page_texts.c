
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE                    /* memmem() */

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "page.h"
#include "paylock_messages.h"
#include "paylock_page_files.h"


/* UNTIL, in the order of the languages */

static const char *const  dates[] = {
    " on 1 November 2026, 09:00 UTC",
    " le 1er novembre 2026 à 09:00 (UTC)",
    " ab 1. November 2026, 09:00 Uhr (UTC)",
    " el 1 de noviembre de 2026 a las 09:00 (UTC)",
    ": 1º novembre 2026, ore 09:00 (UTC)",
    " op 1 november 2026 om 09:00 uur (UTC)",
    " para 1 de novembro de 2026 às 09:00 (UTC)",
    ": 1 listopada 2026, godz. 09:00 (UTC)"
};


static int
same(paylock_str_t a, paylock_str_t b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}


/* Does the page name this text, or what makes a date take it? */

static int
used(paylock_str_t name)
{
    char  marker[64];

    static const char *const  dates_take[] = { "date", "months", "first" };

    size_t  i;

    for (i = 0; i < 3; i++) {
        if (same(name, (paylock_str_t) { dates_take[i],
                                         strlen(dates_take[i]) }))
        {
            return 1;
        }
    }

    if (name.len > 9 && memcmp(name.data, "discreet_", 9) == 0) {
        name.data += 9;
        name.len -= 9;
    }

    snprintf(marker, sizeof(marker), "{{%.*s}}", (int) name.len, name.data);

    return memmem(paylock_page_html.data, paylock_page_html.len, marker,
                  strlen(marker)) != NULL;
}


static int
read_date(paylock_page_date_t *date, const char *texts)
{
    return paylock_page_date_read(date,
                            (paylock_str_t) { texts, strlen(texts) });
}


static void
test_languages(void **state)
{
    size_t              i, j, n;
    memory_t            m = { .n = 0 };
    const char *const  *tags;
    static page_t       page;

    (void) state;

    tags = paylock_page_languages(&n, take, &m);
    assert_non_null(tags);
    assert_int_equal(n, sizeof(dates) / sizeof(dates[0]));
    assert_string_equal(tags[0], "en");

    for (i = 0; i < n; i++) {
        assert_int_equal(strlen(tags[i]), 2);
        assert_int_equal(strspn(tags[i], "abcdefghijklmnopqrstuvwxyz"), 2);

        for (j = 0; j < i; j++) {
            assert_string_not_equal(tags[i], tags[j]);
        }

        memset(&page, 0, sizeof(page));
        page.options.language = i;
        page.ref = "";
        render(&page);
        assert_memory_equal(strstr(page.text, "lang=\"") + 6, tags[i], 2);
        assert_int_equal(strstr(page.text, "lang=\"")[8], '"');
    }

    give_back(&m);

    m.refuse = 1;
    assert_null(paylock_page_languages(&n, take, &m));
}


/* The sections have the same texts, once each, and each one is of use. */

static void
test_texts(void **state)
{
    size_t          i, j, lang, n, names;
    paylock_str_t   file, tag, texts, line, name[32], first[32];

    (void) state;

    file = paylock_texts_txt;
    names = 0;

    for (lang = 0; paylock_messages_language(file, lang, &tag, &texts);
         lang++)
    {

        n = 0;

        while (texts.len) {
            line = paylock_str_cut(&texts, '\n');

            if (line.len == 0 || line.data[0] == '#') {
                continue;
            }

            assert_true(n < sizeof(name) / sizeof(name[0]));
            name[n] = paylock_str_cut(&line, ' ');

            for (j = 0; j < n; j++) {
                assert_false(same(name[j], name[n]));
            }

            if (line.len < 4 || memchr(line.data, '=', line.len) == NULL) {
                fail_msg("[%.*s] %.*s is empty", (int) tag.len, tag.data,
                         (int) name[n].len, name[n].data);
            }

            n++;
        }

        if (lang == 0) {
            names = n;
            memcpy(first, name, sizeof(first));
        }

        for (i = 0; i < names; i++) {
            for (j = 0; j < n && !same(first[i], name[j]); j++) { /* void */ }

            if (j == n) {
                fail_msg("[%.*s] has no %.*s", (int) tag.len, tag.data,
                         (int) first[i].len, first[i].data);
            }
        }

        if (n > names) {
            fail_msg("[%.*s] has texts that [en] has not",
                     (int) tag.len, tag.data);
        }
    }

    for (i = 0; i < names; i++) {
        if (!used(first[i])) {
            fail_msg("%.*s is of no use", (int) first[i].len, first[i].data);
        }
    }
}


/* "1 November" and "2 November", at a second that is not a minute's first */

static void
test_dates(void **state)
{
    size_t         i;
    static page_t  p;

    (void) state;

    for (i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
        memset(&p, 0, sizeof(p));
        p.options.format = PAYLOCK_FORMAT_TEXT;
        p.options.language = i;
        p.ref = "";
        p.until = UNTIL - 59;
        render(&p);
        assert_has(&p, dates[i]);
        p.until = UNTIL + 1;
        render(&p);
        assert_has_not(&p, dates[i]);
        p.options.format = PAYLOCK_FORMAT_HTML;
        p.until = UNTIL;
        render(&p);
        assert_has(&p, strpbrk(dates[i], "1"));
    }
}


static void
test_calendar(void **state)
{
    char                 got[PAYLOCK_PAGE_DATE + 1], want[64];
    size_t               len;
    time_t               t;
    uint32_t             when;
    struct tm            tm;
    paylock_page_date_t  date = { .rfc3339 = 1 };

    (void) state;

    /* a step that is no part of a day */

    for (when = 0; when < UINT32_MAX - 40000; when += 40000 - 7) {
        t = when;
        assert_non_null(gmtime_r(&t, &tm));
        strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%SZ", &tm);

        len = paylock_page_date(got, &date, when);
        got[len] = '\0';
        assert_string_equal(got, want);
    }

    len = paylock_page_date(got, &date, UINT32_MAX);
    got[len] = '\0';
    assert_string_equal(got, "2106-02-07T06:28:15Z");
}


/* Every date there can be fits, the last one there is too. */

static void
test_long_dates(void **state)
{
    char            got[PAYLOCK_PAGE_DATE];
    size_t          lang, day;
    memory_t        m = { .n = 0 };
    paylock_page_t  page;

    (void) state;

    paylock_page_options_t  options = { .format = PAYLOCK_FORMAT_HTML };

    for (lang = 0; lang < languages(); lang++) {
        options.language = lang;
        assert_int_equal(paylock_page_build(&page, &options, take, &m), 0);

        for (day = 0; day < 366; day++) {
            assert_in_range(paylock_page_date(got, &page.date,
                                              UNTIL + day * 86400),
                            10, PAYLOCK_PAGE_DATE);
        }

        assert_in_range(paylock_page_date(got, &page.date, UINT32_MAX),
                        10, PAYLOCK_PAGE_DATE);
        give_back(&m);
    }
}


static void
test_wrong_dates(void **state)
{
    size_t               i;
    paylock_page_date_t  date;

    static const char  months[] = "months = a b c d e f g h i j k l\n";

    static const char *const  wrong[] = {
        "date = {{day}} {{month}} {{year}} {{time}}\nfirst = 1\n",
        "date = {{day}} {{month}} {{year}} UTC\nfirst = 1\n",
        "date = {{day}} {{month}} {{time}} UTC\nfirst = 1\n",
        "date = {{day}} {{year}} {{time}} UTC\nfirst = 1\n",
        "date = {{month}} {{year}} {{time}} UTC\nfirst = 1\n",
        "date = {{day}} {{month}} {{year}} {{time}} {{x}} UTC\nfirst = 1\n",
        "date = {{day}} {{month}} {{year}} {{time}} {UTC\nfirst = 1\n",
        "date = {{day}} {{month}} {{year}} {{year}} {{time}} UTC\nfirst = 1\n",
        "date = {{day}} {{month}} {{year}} {{time}} <UTC>\nfirst = 1\n",
        "date = {{day}} {{month}} {{year}} {{time}} UTC\n",
        "date = {{day}} {{month}} {{year}} {{time}} UTC ------------------"
        "----------------------------------------------------\nfirst = 1\n",
        "first = 1\n"
    };

    char  text[256];

    (void) state;

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        snprintf(text, sizeof(text), "%s%s", months, wrong[i]);
        assert_int_equal(read_date(&date, text), -1);
    }

    assert_int_equal(read_date(&date, "months = a b c d e f g h i j k l\n"
                                      "first = 1\ndate = {{day}} {{month}} "
                                      "{{year}} {{time}} UTC\n"), 0);
    assert_int_equal(read_date(&date, "months = a b c d e f g h i j k l m\n"
                                      "first = 1\ndate = {{day}} {{month}} "
                                      "{{year}} {{time}} UTC\n"), -1);
    assert_int_equal(read_date(&date, "months = a b c d e f g h i j k\n"
                                      "first = 1\ndate = {{day}} {{month}} "
                                      "{{year}} {{time}} UTC\n"), -1);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_languages),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_calendar),
        cmocka_unit_test(test_long_dates),
        cmocka_unit_test(test_wrong_dates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
