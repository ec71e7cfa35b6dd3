
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>

#include "page.h"


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


static void
test_links(void **state)
{
    static page_t  p;

    (void) state;

    render_with(&p, PAYLOCK_FORMAT_HTML, contacts[MAIL], "");
    assert_has(&p, "<a href=\"mailto:billing@agency.example\">"
                   "billing@agency.example</a>");

    render_with(&p, PAYLOCK_FORMAT_HTML, contacts[MAIL_QUERY], "");
    assert_has(&p, "<a href=\"MAILTO:billing@agency.example"
                   "?subject=x&amp;body=y\">billing@agency.example</a>");

    render_with(&p, PAYLOCK_FORMAT_HTML, contacts[LINK], "");
    assert_has(&p, "<a href=\"https://agency.example/reopen?a=1&amp;b=2\">"
                   "https://agency.example/reopen?a=1&amp;b=2</a>");

    render_with(&p, PAYLOCK_FORMAT_HTML, contacts[PHONE], "");
    assert_has(&p, "<a href=\"tel:+33 1 23 45 67 89\">+33 1 23 45 67 89</a>");

    render_with(&p, PAYLOCK_FORMAT_TEXT, contacts[MAIL_QUERY], "");
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

    render_with(&p, PAYLOCK_FORMAT_HTML, contacts[PLAIN], "");
    assert_has(&p, "<b>Ann, &quot;the desk&quot; &lt;ann@agency.example&gt; "
                   "&amp; &#39;co&#39; \\o/</b>");

    render_with(&p, PAYLOCK_FORMAT_HTML, "https:\"><script>", "");
    assert_has_not(&p, "<script");
    assert_has(&p, "href=\"https:&quot;&gt;&lt;script&gt;\"");

    render_with(&p, PAYLOCK_FORMAT_TEXT, contacts[PLAIN], "");
    assert_has(&p, contacts[PLAIN]);

    render_with(&p, PAYLOCK_FORMAT_JSON, contacts[PLAIN], "");
    assert_has(&p, "Ann, \\\"the desk\\\" <ann@agency.example> & 'co' "
                   "\\\\o/\"");

    /* each byte that is no UTF-8 is replaced for itself */

    render_with(&p, PAYLOCK_FORMAT_TEXT, contacts[BROKEN], "");
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

    for (i = 1; i < sizeof(contacts) / sizeof(contacts[NO_CONTACT]); i++) {
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


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_no_links),
        cmocka_unit_test(test_escaping),
        cmocka_unit_test(test_contact_at_the_end_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
