
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE                    /* strcasestr() */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "paylock_page.h"


#define LIMIT  6144


typedef struct {
    paylock_page_options_t   options;
    const char              *ref;
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
    size_t           i;
    memory_t         m = { .n = 0 };
    paylock_str_t    s;
    paylock_page_t   page;

    assert_int_equal(paylock_page_build(&page, &p->options, take, &m), 0);
    assert_true(page.n > 0 && page.n <= PAYLOCK_PAGE_PARTS);

    p->len = 0;

    for (i = 0; i < page.n; i++) {
        s = page.part[i].text;

        switch (page.part[i].kind) {

        case PAYLOCK_PART_REF:
            assert_false(p->options.discreet);
            s.data = p->ref;
            s.len = strlen(p->ref);
            break;

        case PAYLOCK_PART_REF_TEXT:
            assert_false(p->options.discreet);
            if (p->ref[0] == '\0') {
                continue;
            }

            /* fall through */

        case PAYLOCK_PART_TEXT:
            assert_true(s.len > 0);
            break;

        default:
            fail_msg("a part of unknown kind %d", page.part[i].kind);
        }

        assert_true(p->len + s.len < sizeof(p->text));
        memcpy(p->text + p->len, s.data, s.len);
        p->len += s.len;
    }

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
    p->options.contact.data = contact;
    p->options.contact.len = strlen(contact);
    p->ref = ref;

    render(p);
}


/* Calls check on every page of this format that there can be. */

static void
each(paylock_format_e format, void (*check)(page_t *p))
{
    size_t           lang, contact, ref, discreet;
    static page_t    p;

    for (lang = 0; lang < languages(); lang++) {
        for (contact = 0; contact < 8; contact++) {
            for (ref = 0; ref < 3; ref++) {
                for (discreet = 0; discreet < 2; discreet++) {
                    memset(&p, 0, sizeof(p));
                    p.options.format = format;
                    p.options.language = lang;
                    p.options.status = 503;
                    p.options.discreet = discreet;
                    p.options.contact.data = contacts[contact];
                    p.options.contact.len = strlen(contacts[contact]);
                    p.ref = refs[ref];
                    render(&p);
                    check(&p);
                }
            }
        }
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


static void
check_common(page_t *p)
{
    static const char *const  telling[] = {
        "paylock", "suspen", "pay", "pai", "owner", "votre", "erence", "PL-",
        "agency", "href=\"m", "href=\"h", "javascript", "contact"
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
    const char    *contact, *type;
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
        assert_int_equal(contact != NULL, p->options.contact.len != 0);
        assert_int_equal(json_object_get(root, "ref") != NULL,
                         p->ref[0] != '\0');
    }

    if (contact && p->options.contact.data[0] != '"') {
        assert_string_equal(contact, p->options.contact.data);
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
    assert_true(n >= 2 && n <= PAYLOCK_PAGE_LANGUAGES);
    assert_string_equal(tags[0], "en");
    assert_string_equal(tags[1], "fr");

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
            p.options.contact.data = copy;
            p.options.contact.len = len;
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
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_no_links),
        cmocka_unit_test(test_escaping),
        cmocka_unit_test(test_contact_at_the_end_of_memory),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
