
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE                    /* strcasestr() */

#include <stdlib.h>
#include <string.h>

#include "page.h"
#include "paylock_contact.h"
#include "paylock_record.h"


const char *const  contacts[CONTACTS] = {
    [NO_CONTACT] = "",
    [MAIL]       = "mailto:billing@agency.example",
    [MAIL_QUERY] = "MAILTO:billing@agency.example?subject=x&body=y",
    [LINK]       = "https://agency.example/reopen?a=1&b=2",
    [PHONE]      = "tel:+33 1 23 45 67 89",
    [PLAIN]      = "Ann, \"the desk\" <ann@agency.example> & 'co' \\o/",
    [SCRIPT]     = "javascript:alert(1)",
    [BROKEN]     = "\"}\n\\\x01\x7f\xff\xc3\xa9\xed\xa0\x80\xf4\x90\x80"
                   "\x80\xe2\x82",
};


void *
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


void
give_back(memory_t *m)
{
    while (m->n) {
        free(m->block[--m->n]);
    }
}


size_t
languages(void)
{
    size_t    n;
    memory_t  m = { .n = 0 };

    assert_non_null(paylock_page_languages(&n, take, &m));
    give_back(&m);

    return n;
}


/* Strings the parts together as a request does. */

void
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


void
assert_has(const page_t *p, const char *what)
{
    if (strstr(p->text, what) == NULL) {
        fail_msg("\"%s\" is missing in: %s", what, p->text);
    }
}


void
assert_has_not(const page_t *p, const char *what)
{
    if (strcasestr(p->text, what) != NULL) {
        fail_msg("\"%s\" is in: %s", what, p->text);
    }
}
