
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE                    /* strcasestr(), memmem() */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <jansson.h>

#include "paylock_contact.h"
#include "paylock_messages.h"
#include "paylock_page.h"
#include "paylock_record.h"


#define LIMIT  6144


typedef struct {
    paylock_page_options_t   options;
    paylock_str_t            contact;
    const char              *ref;
    uint32_t                 until;
    char                     text[2 * LIMIT];
    size_t                   len;
} page_t;


typedef struct {
    void    *block[8];
    size_t   n;
    size_t   refuse;                   /* this call, counted from one */
} memory_t;


static const char *const  contacts[] = {
    "",
    "mailto:billing@agency.example",
    "MAILTO:billing@agency.example?subject=x&body=y",
    "https://agency.example/reopen?a=1&b=2",
    "tel:+33 1 23 45 67 89",
    "Ann, \"the desk\" <ann@agency.example> & 'co' \\o/",
    "javascript:alert(1)",
    "\"}\n\\\x01\x7f\xff\xc3\xa9\xed\xa0\x80\xf4\x90\x80\x80\xe2\x82",
};

#define UNTIL  1793523600              /* 2026-11-01 09:00 */


/* the file itself */

extern const char  paylock_page_texts[], paylock_page_texts_end[];
extern const char  paylock_page_html[], paylock_page_html_end[];


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


static const char *const  refs[] = { "", "PL-7F3K2M", "0123456789._-AZa" };


static void *
take(void *ctx, size_t size)
{
    memory_t  *m = ctx;

    if (m->n + 1 == m->refuse) {
        return NULL;
    }

    assert_true(m->n < sizeof(m->block) / sizeof(m->block[0]));

    m->block[m->n] = malloc(size);
    assert_non_null(m->block[m->n]);

    return m->block[m->n++];
}


static void
give_back(memory_t *m)
{
    while (m->n) {
        free(m->block[--m->n]);
    }
}


static size_t
languages(void)
{
    size_t    n;
    memory_t  m = { .n = 0 };

    assert_non_null(paylock_page_languages(&n, take, &m));
    give_back(&m);

    return n;
}


/* Strings the parts together as a request does. */

static void
render(page_t *p)
{
    char             date[PAYLOCK_PAGE_DATE], contact[8192];
    size_t           i, room, contacts_len;
    memory_t         m = { .n = 0 };
    paylock_str_t    s;
    paylock_page_t   page;

    p->options.contact = p->contact.len != 0;

    assert_int_equal(paylock_page_build(&page, &p->options, take, &m), 0);
    assert_true(page.n > 0 && page.n <= PAYLOCK_PAGE_PARTS);

    p->len = 0;
    contacts_len = 0;
    room = 0;                          /* for what is longer elsewhere */

    for (i = 0; i < page.n; i++) {
        s = page.part[i].text;

        switch (page.part[i].kind) {

        case PAYLOCK_PART_REF:
            assert_false(p->options.discreet);
            s.data = p->ref;
            s.len = strlen(p->ref);
            room += PAYLOCK_REF_MAX - s.len;
            break;

        case PAYLOCK_PART_UNTIL:
            assert_false(p->options.discreet);
            s.data = date;
            s.len = p->until ? paylock_page_date(date, &page.date, p->until)
                             : 0;
            room += PAYLOCK_PAGE_DATE - s.len;
            break;

        case PAYLOCK_PART_REF_TEXT:
        case PAYLOCK_PART_UNTIL_TEXT:
            assert_false(p->options.discreet);
            if (page.part[i].kind == PAYLOCK_PART_REF_TEXT ? !p->ref[0]
                                                           : !p->until)
            {
                continue;
            }

            /* fall through */

        case PAYLOCK_PART_TEXT:
            assert_true(s.len > 0);
            break;

        case PAYLOCK_PART_CONTACT:
            assert_false(p->options.discreet);
            s.data = contact;
            s.len = paylock_contact(NULL, p->options.format, p->contact);
            assert_true(s.len <= sizeof(contact));
            (void) paylock_contact(contact, p->options.format, p->contact);
            contacts_len += s.len;
            break;

        default:
            fail_msg("a part of unknown kind %d", page.part[i].kind);
        }

        assert_true(p->len + s.len < sizeof(p->text));
        memcpy(p->text + p->len, s.data, s.len);
        p->len += s.len;
    }

    /* so much memory a request takes, whatever is in the record */

    assert_true(page.size + contacts_len >= p->len + room);

    p->text[p->len] = '\0';
    give_back(&m);
}


static void
render_with(page_t *p, paylock_format_e format, const char *contact,
    const char *ref)
{
    memset(p, 0, sizeof(page_t));

    p->options.format = format;
    p->options.status = 503;
    p->contact.data = contact;
    p->contact.len = strlen(contact);
    p->ref = ref;

    render(p);
}


/* Calls check on every page of this format that there can be. */

static void
each(paylock_format_e format, void (*check)(page_t *p))
{
    size_t         i, contacts_n, refs_n, n;
    static page_t  p;

    contacts_n = sizeof(contacts) / sizeof(contacts[0]);
    refs_n = sizeof(refs) / sizeof(refs[0]);
    n = languages() * contacts_n * refs_n * 4;

    for (i = 0; i < n; i++) {
        memset(&p, 0, sizeof(p));
        p.options.format = format;
        p.options.status = 503;
        p.options.discreet = i & 1;
        p.until = i & 2 ? UNTIL : 0;
        p.ref = refs[i / 4 % refs_n];
        p.contact.data = contacts[i / 4 / refs_n % contacts_n];
        p.contact.len = strlen(p.contact.data);
        p.options.language = i / 4 / refs_n / contacts_n;
        render(&p);
        check(&p);
    }
}


static size_t
count(const char *text, const char *what)
{
    size_t  n;

    for (n = 0; (text = strstr(text, what)) != NULL; n++) {
        text += strlen(what);
    }

    return n;
}


static void
assert_has(const page_t *p, const char *what)
{
    if (strstr(p->text, what) == NULL) {
        fail_msg("\"%s\" is missing in: %s", what, p->text);
    }
}


static void
assert_has_not(const page_t *p, const char *what)
{
    if (strcasestr(p->text, what) != NULL) {
        fail_msg("\"%s\" is in: %s", what, p->text);
    }
}


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

    return memmem(paylock_page_html, paylock_page_html_end - paylock_page_html,
                  marker, strlen(marker)) != NULL;
}


static int
read_date(paylock_page_date_t *date, const char *texts)
{
    return paylock_page_date_read(date,
                            (paylock_str_t) { texts, strlen(texts) });
}


static void
check_common(page_t *p)
{
    static const char *const  telling[] = {
        "paylock", "PL-", "agency", "href=\"m", "href=\"h", "javascript",
        "2026", "contact", "suspen", "gesperrt", "sospes", "opgeschort",
        "zawiesz", "pay", "pai", "pago", "pagamento", "zahlung", "betaling",
        "płatno", "owner", "votre", "hosting", "provider", "erence", "erenz",
        "férence", "numer"
    };

    size_t  i;

    assert_true(p->len < LIMIT);
    assert_int_equal(strlen(p->text), p->len);
    assert_has_not(p, "{{");
    assert_has_not(p, "}}");
    assert_int_equal(p->text[p->len - 1], '\n');

    if (!p->options.discreet) {
        assert_has(p, p->ref);
        return;
    }

    for (i = 0; i < sizeof(telling) / sizeof(telling[0]); i++) {
        assert_has_not(p, telling[i]);
    }
}


static void
check_html(page_t *p)
{
    const char  *style, *end;

    static char  same[LIMIT];

    check_common(p);

    assert_has(p, "<!DOCTYPE html>\n<html lang=\"");
    assert_has(p, "<meta charset=\"utf-8\">");
    assert_has(p, "<meta name=\"viewport\"");
    assert_has(p, "<meta name=\"robots\" content=\"noindex\">");
    assert_int_equal(count(p->text, "<h1>"), 1);
    assert_int_equal(count(p->text, "<main>"), 1);
    assert_int_equal(count(p->text, "class=\"until\""),
                     p->until && !p->options.discreet ? 1 : 0);
    assert_int_equal(count(p->text, "<code>"),
                     p->ref[0] && !p->options.discreet ? 1 : 0);

    /* nothing is fetched and nothing is run */

    assert_has_not(p, "<script");
    assert_has_not(p, "<iframe");
    assert_has_not(p, "<img");
    assert_has_not(p, "src=");
    assert_has_not(p, "url(");
    assert_has_not(p, "@import");
    assert_has_not(p, " style=");
    assert_has_not(p, " onload=");
    assert_has_not(p, "http:");
    assert_has_not(p, "href=\"javascript");
    assert_int_equal(count(p->text, "<link "), 1);
    assert_has(p, "<link rel=\"icon\" href=\"data:,\">");

    assert_int_equal(count(p->text, "//"),
                     count(p->text, "https://agency.example/"));

    /* one style for all, so that one hash in a policy allows it */

    style = strstr(p->text, "<style>");
    assert_non_null(style);
    end = strstr(style, "</style>");
    assert_non_null(end);

    if (same[0] == '\0') {
        memcpy(same, style, end - style);
    }

    assert_int_equal(strlen(same), end - style);
    assert_memory_equal(same, style, end - style);
}


static void
check_json(page_t *p)
{
    json_t        *root;
    const char    *contact, *type, *until;
    json_error_t   error;

    check_common(p);

    root = json_loadb(p->text, p->len, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        fail_msg("%s: %s", error.text, p->text);
    }

    type = json_string_value(json_object_get(root, "type"));
    assert_non_null(type);
    assert_string_equal(type, p->options.discreet ? "about:blank"
                                                  : "urn:paylock:locked");
    assert_true(json_is_string(json_object_get(root, "title")));
    assert_true(json_is_string(json_object_get(root, "detail")));
    assert_int_equal(json_integer_value(json_object_get(root, "status")), 503);

    contact = json_string_value(json_object_get(root, "contact"));

    if (p->options.discreet) {
        assert_int_equal(json_object_size(root), 4);

    } else {
        assert_int_equal(contact != NULL, p->contact.len != 0);
        assert_int_equal(json_object_get(root, "ref") != NULL,
                         p->ref[0] != '\0');
        until = json_string_value(json_object_get(root, "until"));
        assert_int_equal(until != NULL, p->until != 0);
        assert_true(!until || !strcmp(until, "2026-11-01T09:00:00Z"));
    }

    if (contact && p->contact.data[0] != '"') {
        assert_string_equal(contact, p->contact.data);
    }

    json_decref(root);
}


static void
check_text(page_t *p)
{
    check_common(p);
    assert_has_not(p, "&amp;");
    assert_has_not(p, "<p>");
    assert_has_not(p, "\x01");
}


static void
test_html(void **state)
{
    (void) state;
    each(PAYLOCK_FORMAT_HTML, check_html);
}


static void
test_json(void **state)
{
    (void) state;
    each(PAYLOCK_FORMAT_JSON, check_json);
}


static void
test_text(void **state)
{
    (void) state;
    each(PAYLOCK_FORMAT_TEXT, check_text);
}


static void
test_none(void **state)
{
    memory_t                m = { .refuse = 1 };
    paylock_page_t          page;
    paylock_page_options_t  options = { .format = PAYLOCK_FORMAT_NONE };

    (void) state;

    assert_int_equal(paylock_page_build(&page, &options, take, &m), 0);
    assert_int_equal(page.n, 0);
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


static void
test_no_such_language(void **state)
{
    memory_t                m = { .n = 0 };
    paylock_page_t          page;
    paylock_page_options_t  options = { .format = PAYLOCK_FORMAT_TEXT };

    (void) state;

    options.language = languages();
    assert_int_equal(paylock_page_build(&page, &options, take, &m), -1);
    assert_int_equal(m.n, 0);
}


/* The sections have the same texts, once each, and each one is of use. */

static void
test_texts(void **state)
{
    size_t          i, j, lang, n, names;
    paylock_str_t   file, tag, texts, line, name[32], first[32];

    (void) state;

    file = (paylock_str_t) { paylock_page_texts,
                             paylock_page_texts_end - paylock_page_texts };
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


static void
test_links(void **state)
{
    static page_t  p;

    (void) state;

    render_with(&p, PAYLOCK_FORMAT_HTML, contacts[1], "");
    assert_has(&p, "<a href=\"mailto:billing@agency.example\">"
                   "billing@agency.example</a>");

    render_with(&p, PAYLOCK_FORMAT_HTML, contacts[2], "");
    assert_has(&p, "<a href=\"MAILTO:billing@agency.example"
                   "?subject=x&amp;body=y\">billing@agency.example</a>");

    render_with(&p, PAYLOCK_FORMAT_HTML, contacts[3], "");
    assert_has(&p, "<a href=\"https://agency.example/reopen?a=1&amp;b=2\">"
                   "https://agency.example/reopen?a=1&amp;b=2</a>");

    render_with(&p, PAYLOCK_FORMAT_HTML, contacts[4], "");
    assert_has(&p, "<a href=\"tel:+33 1 23 45 67 89\">+33 1 23 45 67 89</a>");

    render_with(&p, PAYLOCK_FORMAT_TEXT, contacts[2], "");
    assert_has(&p, " billing@agency.example\n");
}


static void
test_no_links(void **state)
{
    size_t         i;
    static page_t  p;

    static const char *const  plain[] = {
        "javascript:alert(1)", " https://agency.example/", "http://a.example",
        "HTTP:https:", "data:text/html,x", "//a.example", "mailto:",
        "mailto:?subject=x", "tel:", "xhttps:", "mail", "Ann"
    };

    (void) state;

    for (i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        render_with(&p, PAYLOCK_FORMAT_HTML, plain[i], "");
        assert_has_not(&p, "<a ");
        assert_has(&p, plain[i]);
    }
}


static void
test_escaping(void **state)
{
    static page_t  p;

    (void) state;

    render_with(&p, PAYLOCK_FORMAT_HTML, contacts[5], "");
    assert_has(&p, "<b>Ann, &quot;the desk&quot; &lt;ann@agency.example&gt; "
                   "&amp; &#39;co&#39; \\o/</b>");

    render_with(&p, PAYLOCK_FORMAT_HTML, "https:\"><script>", "");
    assert_has_not(&p, "<script");
    assert_has(&p, "href=\"https:&quot;&gt;&lt;script&gt;\"");

    render_with(&p, PAYLOCK_FORMAT_TEXT, contacts[5], "");
    assert_has(&p, contacts[5]);

    render_with(&p, PAYLOCK_FORMAT_JSON, contacts[5], "");
    assert_has(&p, "Ann, \\\"the desk\\\" <ann@agency.example> & 'co' "
                   "\\\\o/\"");

    /* each byte that is no UTF-8 is replaced for itself */

    render_with(&p, PAYLOCK_FORMAT_TEXT, contacts[7], "");
    assert_has(&p, "\"} \\  \xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd"
                   "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
                   "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\n");
}


/* contacts come from the configuration: without a terminating zero */

static void
test_contact_at_the_end_of_memory(void **state)
{
    char           *copy;
    size_t          i, len;
    static page_t   p;

    (void) state;

    for (i = 1; i < sizeof(contacts) / sizeof(contacts[0]); i++) {
        for (len = 1; len <= strlen(contacts[i]); len++) {
            copy = malloc(len);
            assert_non_null(copy);
            memcpy(copy, contacts[i], len);

            memset(&p, 0, sizeof(p));
            p.options.format = PAYLOCK_FORMAT_HTML;
            p.contact.data = copy;
            p.contact.len = len;
            p.ref = "";
            render(&p);

            free(copy);
        }
    }
}


static void
test_status(void **state)
{
    static page_t  p;

    (void) state;

    p.options.format = PAYLOCK_FORMAT_JSON;
    p.options.status = 402;
    p.ref = "";
    render(&p);
    assert_has(&p, "\"status\": 402");
}


static void
test_out_of_memory(void **state)
{
    size_t                  calls;
    memory_t                m;
    paylock_page_t          page;
    paylock_page_options_t  options;

    (void) state;

    memset(&options, 0, sizeof(options));

    for (calls = 1; calls < 8; calls++) {
        memset(&m, 0, sizeof(m));
        m.refuse = calls;

        if (paylock_page_build(&page, &options, take, &m) == 0) {
            break;
        }

        give_back(&m);
    }

    assert_true(calls > 1 && calls < 8);
    give_back(&m);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_html),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_languages),
        cmocka_unit_test(test_no_such_language),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_calendar),
        cmocka_unit_test(test_long_dates),
        cmocka_unit_test(test_wrong_dates),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_no_links),
        cmocka_unit_test(test_escaping),
        cmocka_unit_test(test_contact_at_the_end_of_memory),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
