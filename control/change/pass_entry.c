
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>
#include <string.h>

#include "change/pass_entry.h"
#include "paylock_verify.h"


void
pass_entry_write(const paylock_pass_t *pass,
    char reference[PASS_ENTRY_REFERENCE])
{
    char  from[TIME_TEXT], to[TIME_TEXT];

    time_utc(pass->issued, from);
    time_utc(pass->expires, to);

    (void) snprintf(reference, PASS_ENTRY_REFERENCE, "%.*s %s %s",
                    pass->key->kid_len, pass->key->kid, from, to);
}


int
pass_entry_read(const paylock_entry_t *e, pass_entry_t *issued)
{
    char  text[PASS_ENTRY_REFERENCE], *from, *to;

    if (!paylock_verify_is(e, "pass-issue")
        || !pass_entry_text(&e->field[PAYLOCK_AUDIT_REFERENCE], text,
                            sizeof(text)))
    {
        return 0;
    }

    from = strchr(text, ' ');
    to = from ? strchr(from + 1, ' ') : NULL;

    if (to == NULL || from - text > PAYLOCK_PASS_KID) {
        return 0;
    }

    *from++ = '\0';
    *to++ = '\0';
    strcpy(issued->kid, text);

    return time_parse(from, 0, &issued->issued) == NULL
           && time_parse(to, 0, &issued->expires) == NULL;
}


int
pass_entry_text(const paylock_str_t *s, char *text, size_t size)
{
    if (s->len == 0 || s->len >= size) {
        return 0;
    }

    memcpy(text, s->data, s->len);
    text[s->len] = '\0';

    return 1;
}
