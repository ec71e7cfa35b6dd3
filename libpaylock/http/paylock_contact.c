
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>
#include <strings.h>

#include "paylock_contact.h"
#include "paylock_escape.h"


static int paylock_contact_link(paylock_str_t contact, paylock_str_t *shown);
static int paylock_contact_skip(paylock_str_t *s, paylock_str_t scheme);
static size_t paylock_contact_put(char *dst, size_t len, paylock_str_t s);


size_t
paylock_contact(char *dst, paylock_format_e format, paylock_str_t contact)
{
    size_t         len;
    paylock_str_t  shown;

    if (format == PAYLOCK_FORMAT_JSON
        || !paylock_contact_link(contact, &shown))
    {
        return paylock_escape(dst, format, contact);
    }

    if (format == PAYLOCK_FORMAT_TEXT) {
        return paylock_escape(dst, format, shown);
    }

    len = paylock_contact_put(dst, 0, paylock_string("<a href=\""));
    len += paylock_escape(dst ? dst + len : NULL, format, contact);
    len = paylock_contact_put(dst, len, paylock_string("\">"));
    len += paylock_escape(dst ? dst + len : NULL, format, shown);

    return paylock_contact_put(dst, len, paylock_string("</a>"));
}


/* Is it a link?  *shown is what people see of it. */

static int
paylock_contact_link(paylock_str_t contact, paylock_str_t *shown)
{
    paylock_str_t  rest;

    rest = contact;

    if (paylock_contact_skip(&rest, paylock_string("https:"))) {
        *shown = contact;

    } else if (paylock_contact_skip(&rest, paylock_string("mailto:"))) {
        *shown = paylock_str_cut(&rest, '?');

    } else if (paylock_contact_skip(&rest, paylock_string("tel:"))) {
        *shown = rest;

    } else {
        return 0;
    }

    return shown->len != 0;
}


static int
paylock_contact_skip(paylock_str_t *s, paylock_str_t scheme)
{
    if (s->len < scheme.len
        || strncasecmp(s->data, scheme.data, scheme.len) != 0)
    {
        return 0;
    }

    s->data += scheme.len;
    s->len -= scheme.len;

    return 1;
}


static size_t
paylock_contact_put(char *dst, size_t len, paylock_str_t s)
{
    if (dst) {
        memcpy(dst + len, s.data, s.len);
    }

    return len + s.len;
}
