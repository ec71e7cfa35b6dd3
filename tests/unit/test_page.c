
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include <jansson.h>

#include "page.h"


static const char *const  refs[] = { "", "PL-7F3K2M", "0123456789._-AZa" };


/* Calls check on every page of this format that there can be. */

static void
each(paylock_format_e format, void (*check)(page_t *p))
{
    size_t         i, refs_n, n;
    static page_t  p;

    refs_n = sizeof(refs) / sizeof(refs[0]);
    n = languages() * CONTACTS * refs_n * 4;

    for (i = 0; i < n; i++) {
        memset(&p, 0, sizeof(p));
        p.options.format = format;
        p.options.status = 503;
        p.options.discreet = i & 1;
        p.until = i & 2 ? UNTIL : 0;
        p.ref = refs[i / 4 % refs_n];
        p.contact.data = contacts[i / 4 / refs_n % CONTACTS];
        p.contact.len = strlen(p.contact.data);
        p.options.language = i / 4 / refs_n / CONTACTS;
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
        cmocka_unit_test(test_no_such_language),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
