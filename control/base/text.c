
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/text.h"
#include "paylock_utf8.h"


static int text_is_control(uint32_t rune);
static int text_is_invisible(uint32_t rune);


const char *
text_check(const char *text, size_t len, size_t max)
{
    size_t    n;
    uint32_t  rune;

    if (len > max) {
        return "is too long";
    }

    while (len) {
        n = paylock_utf8(text, len, &rune);

        if (n == 0) {
            return "is not valid UTF-8";
        }

        if (text_is_control(rune)) {
            return "has a control character";
        }

        text += n;
        len -= n;
    }

    return NULL;
}


void
text_print(FILE *f, const char *text, size_t len)
{
    size_t    i, n;
    uint32_t  rune;

    while (len) {
        n = paylock_utf8(text, len, &rune);

        if (n && !text_is_control(rune) && !text_is_invisible(rune)) {
            (void) fwrite(text, 1, n, f);

        } else {
            n = n ? n : 1;

            for (i = 0; i < n; i++) {
                (void) fprintf(f, "\\x%02x", (unsigned char) text[i]);
            }
        }

        text += n;
        len -= n;
    }
}


char *
text_safe(const char *text, size_t len)
{
    char    *safe;
    FILE    *f;
    size_t   size;

    f = open_memstream(&safe, &size);

    if (f == NULL) {
        return NULL;
    }

    text_print(f, text, len);

    if (fclose(f) != 0) {
        free(safe);
        return NULL;
    }

    return safe;
}


size_t
text_cells(const char *text, size_t most, size_t *bytes)
{
    int          width;
    size_t       n, len, cells;
    uint32_t     rune;
    const char  *p;

    len = strlen(text);
    cells = 0;

    for (p = text; len; p += n, len -= n) {
        n = paylock_utf8(p, len, &rune);
        width = n ? wcwidth((wchar_t) rune) : 1;
        width = width < 0 ? 1 : width;
        n = n ? n : 1;

        if (cells + (size_t) width > most) {
            break;
        }

        cells += (size_t) width;
    }

    if (bytes) {
        *bytes = (size_t) (p - text);
    }

    return cells;
}


json_t *
text_json(const char *text, size_t len)
{
    char    *safe;
    json_t  *json;

    if (len == 0) {
        return json_null();
    }

    json = json_stringn(text, len);

    if (json) {
        return json;
    }

    safe = text_safe(text, len);
    json = safe ? json_string(safe) : NULL;

    free(safe);

    return json;
}


json_t *
text_member(const json_t *object, const char *name)
{
    const json_t  *member;

    member = json_object_get(object, name);

    return text_json(json_string_value(member), json_string_length(member));
}


static int
text_is_control(uint32_t rune)
{
    return rune < 0x20 || (rune >= 0x7f && rune < 0xa0)
           || rune == 0x2028 || rune == 0x2029;
}


/* Characters that change the direction of writing or are invisible. */

static int
text_is_invisible(uint32_t rune)
{
    return (rune >= 0x200b && rune <= 0x200f)
           || (rune >= 0x202a && rune <= 0x202e)
           || (rune >= 0x2060 && rune <= 0x206f)
           || (rune >= 0xfff9 && rune <= 0xfffb)
           || (rune >= 0xe0000 && rune <= 0xe0fff)
           || rune == 0xad || rune == 0x61c || rune == 0x180e
           || rune == 0xfeff;
}


json_t *
number_json(uint64_t n)
{
    return n ? json_integer((json_int_t) n) : json_null();
}
