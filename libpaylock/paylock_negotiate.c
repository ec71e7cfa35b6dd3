
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdint.h>
#include <string.h>

#include "paylock_negotiate.h"
#include "paylock_str.h"


#define PAYLOCK_Q_MAX    1000          /* weights are thousandths */
#define PAYLOCK_FORMATS  (PAYLOCK_FORMAT_NONE + 1)


/* How well a format is liked: by the media range that names it closest. */

typedef struct {
    unsigned  closeness;               /* 0: by none */
    unsigned  q;
} paylock_liking_t;


typedef struct {
    paylock_str_t  name;
    unsigned       q;
} paylock_range_t;


static void paylock_negotiate_range(const paylock_range_t *range,
    paylock_liking_t liking[PAYLOCK_FORMATS]);
static void paylock_negotiate_text(paylock_str_t subtype, unsigned q,
    paylock_liking_t liking[PAYLOCK_FORMATS]);
static void paylock_negotiate_application(paylock_str_t subtype, unsigned q,
    paylock_liking_t liking[PAYLOCK_FORMATS]);
static int paylock_negotiate_dest(paylock_str_t dest);
static void paylock_negotiate_like(paylock_liking_t *liking,
    unsigned closeness, unsigned q);
static int paylock_negotiate_next(paylock_str_t *field,
    paylock_range_t *range);
static paylock_str_t paylock_negotiate_part(paylock_str_t *rest, char end);
static size_t paylock_negotiate_unquoted(paylock_str_t s, char end);
static unsigned paylock_negotiate_weight(paylock_str_t parameter,
    unsigned q);
static int paylock_negotiate_space(char c);
static int paylock_negotiate_is(paylock_str_t s, const char *word);
static size_t paylock_negotiate_begins(paylock_str_t s, const char *word);


paylock_format_e
paylock_negotiate_format(const char *accept, size_t accept_len,
    const char *dest, size_t dest_len)
{
    int               said;
    paylock_str_t     field;
    paylock_range_t   range;
    paylock_format_e  f, best;
    paylock_liking_t  liking[PAYLOCK_FORMATS];

    if (dest && paylock_negotiate_dest((paylock_str_t) { dest, dest_len })) {
        return PAYLOCK_FORMAT_NONE;
    }

    memset(liking, 0, sizeof(liking));

    said = 0;
    field.data = accept ? accept : "";
    field.len = accept ? accept_len : 0;

    while (paylock_negotiate_next(&field, &range)) {
        paylock_negotiate_range(&range, liking);
        said = 1;
    }

    if (!said) {
        return PAYLOCK_FORMAT_HTML;
    }

    best = PAYLOCK_FORMAT_HTML;

    for (f = PAYLOCK_FORMAT_JSON; f < PAYLOCK_FORMAT_NONE; f++) {
        if (liking[f].q > liking[best].q
            || (liking[f].q == liking[best].q
                && liking[f].closeness > liking[best].closeness))
        {
            best = f;
        }
    }

    if (liking[PAYLOCK_FORMAT_NONE].q > liking[best].q) {
        return PAYLOCK_FORMAT_NONE;
    }

    return liking[best].q ? best : PAYLOCK_FORMAT_TEXT;
}


size_t
paylock_negotiate_language(const char *data, size_t len,
    const char *const *tags, size_t n)
{
    size_t           i, best;
    unsigned         q, others;
    uint64_t         named;
    paylock_str_t    field, primary, rest;
    paylock_range_t  range;

    best = 0;
    q = 0;
    others = 0;
    named = 0;
    field.data = data ? data : "";
    field.len = data ? len : 0;

    while (paylock_negotiate_next(&field, &range)) {

        if (paylock_negotiate_is(range.name, "*")) {
            others = range.q;
            continue;
        }

        rest = range.name;
        primary = paylock_negotiate_part(&rest, '-');

        for (i = 0; i < n && i < 64; i++) {

            if (!paylock_negotiate_is(primary, tags[i])) {
                continue;
            }

            /* "fr-CA;q=0" is no word against French */

            if (range.q || primary.len == range.name.len) {
                named |= (uint64_t) 1 << i;
            }

            if (range.q > q) {
                q = range.q;
                best = i;
            }
        }
    }

    for (i = 0; i < n && i < 64 && others > q; i++) {
        if (!(named & (uint64_t) 1 << i)) {
            return i;
        }
    }

    return best;
}


static void
paylock_negotiate_range(const paylock_range_t *range,
    paylock_liking_t liking[PAYLOCK_FORMATS])
{
    unsigned       q;
    const char    *slash;
    paylock_str_t  type, subtype;

    slash = memchr(range->name.data, '/', range->name.len);

    if (slash == NULL) {
        return;
    }

    q = range->q;
    type.data = range->name.data;
    type.len = slash - type.data;
    subtype.data = slash + 1;
    subtype.len = range->name.len - type.len - 1;

    if (paylock_negotiate_is(type, "text")) {
        paylock_negotiate_text(subtype, q, liking);

    } else if (paylock_negotiate_is(type, "application")) {
        paylock_negotiate_application(subtype, q, liking);

    } else if (paylock_negotiate_is(type, "*")) {

        if (paylock_negotiate_is(subtype, "*")) {
            paylock_negotiate_like(&liking[PAYLOCK_FORMAT_HTML], 1, q);
            paylock_negotiate_like(&liking[PAYLOCK_FORMAT_JSON], 1, q);
            paylock_negotiate_like(&liking[PAYLOCK_FORMAT_TEXT], 1, q);
        }

    } else if (paylock_negotiate_is(type, "image")
               || paylock_negotiate_is(type, "font")
               || paylock_negotiate_is(type, "audio")
               || paylock_negotiate_is(type, "video"))
    {
        paylock_negotiate_like(&liking[PAYLOCK_FORMAT_NONE], 3, q);
    }
}


static void
paylock_negotiate_text(paylock_str_t subtype, unsigned q,
    paylock_liking_t liking[PAYLOCK_FORMATS])
{
    if (paylock_negotiate_is(subtype, "html")) {
        paylock_negotiate_like(&liking[PAYLOCK_FORMAT_HTML], 3, q);

    } else if (paylock_negotiate_is(subtype, "plain")) {
        paylock_negotiate_like(&liking[PAYLOCK_FORMAT_TEXT], 3, q);

    } else if (paylock_negotiate_is(subtype, "*")) {
        paylock_negotiate_like(&liking[PAYLOCK_FORMAT_HTML], 2, q);
        paylock_negotiate_like(&liking[PAYLOCK_FORMAT_TEXT], 2, q);

    } else if (paylock_negotiate_is(subtype, "css")
               || paylock_negotiate_is(subtype, "javascript"))
    {
        paylock_negotiate_like(&liking[PAYLOCK_FORMAT_NONE], 3, q);
    }
}


static void
paylock_negotiate_application(paylock_str_t subtype, unsigned q,
    paylock_liking_t liking[PAYLOCK_FORMATS])
{
    paylock_str_t  end;

    end = subtype;

    if (end.len > sizeof("+json") - 1) {
        end.data += end.len - (sizeof("+json") - 1);
        end.len = sizeof("+json") - 1;
    }

    if (paylock_negotiate_is(subtype, "json")
        || (end.len < subtype.len && paylock_negotiate_is(end, "+json")))
    {
        paylock_negotiate_like(&liking[PAYLOCK_FORMAT_JSON], 3, q);

    } else if (paylock_negotiate_is(subtype, "*")) {
        paylock_negotiate_like(&liking[PAYLOCK_FORMAT_JSON], 2, q);

    } else if (paylock_negotiate_is(subtype, "javascript")
               || paylock_negotiate_is(subtype, "x-javascript")
               || paylock_negotiate_is(subtype, "ecmascript")
               || paylock_negotiate_begins(subtype, "font-"))
    {
        paylock_negotiate_like(&liking[PAYLOCK_FORMAT_NONE], 3, q);
    }
}


/* https://www.w3.org/TR/fetch-metadata/ */

static int
paylock_negotiate_dest(paylock_str_t dest)
{
    size_t         i;
    paylock_str_t  word;

    static const char *const  assets[] = {
        "image", "style", "script", "font", "audio", "video", "track",
        "worker", "sharedworker", "serviceworker", "audioworklet",
        "paintworklet"
    };

    word = paylock_negotiate_part(&dest, ';');

    for (i = 0; i < sizeof(assets) / sizeof(assets[0]); i++) {
        if (paylock_negotiate_is(word, assets[i])) {
            return 1;
        }
    }

    return 0;
}


static void
paylock_negotiate_like(paylock_liking_t *liking, unsigned closeness,
    unsigned q)
{
    if (closeness < liking->closeness
        || (closeness == liking->closeness && q <= liking->q))
    {
        return;
    }

    liking->closeness = closeness;
    liking->q = q;
}


/* The next member of a list, empty ones passed over; 0 at the end. */

static int
paylock_negotiate_next(paylock_str_t *field, paylock_range_t *range)
{
    paylock_str_t  member, part;

    while (field->len) {
        member = paylock_negotiate_part(field, ',');
        range->name = paylock_negotiate_part(&member, ';');
        range->q = PAYLOCK_Q_MAX;

        while (member.len) {
            part = paylock_negotiate_part(&member, ';');
            range->q = paylock_negotiate_weight(part, range->q);
        }

        if (range->name.len) {
            return 1;
        }
    }

    return 0;
}


/*
 * Takes off what stands before the first end outside of quotes, and the end;
 * gives it without the space around it.
 */

static paylock_str_t
paylock_negotiate_part(paylock_str_t *rest, char end)
{
    size_t         i;
    const char    *p;
    paylock_str_t  part;

    p = memchr(rest->data, end, rest->len);
    i = p ? (size_t) (p - rest->data) : rest->len;

    if (memchr(rest->data, '"', i)) {
        i = paylock_negotiate_unquoted(*rest, end);
    }

    part.data = rest->data;
    part.len = i;

    i += i < rest->len;
    rest->data += i;
    rest->len -= i;

    while (part.len && paylock_negotiate_space(part.data[part.len - 1])) {
        part.len--;
    }

    while (part.len && paylock_negotiate_space(part.data[0])) {
        part.data++;
        part.len--;
    }

    return part;
}


/* Where the first end outside of quotes is, or the end of all. */

static size_t
paylock_negotiate_unquoted(paylock_str_t s, char end)
{
    int     quoted;
    size_t  i;

    quoted = 0;

    for (i = 0; i < s.len; i++) {

        if (s.data[i] == '"') {
            quoted = !quoted;

        } else if (quoted && s.data[i] == '\\') {
            i++;

        } else if (!quoted && s.data[i] == end) {
            break;
        }
    }

    return i < s.len ? i : s.len;
}


/* The weight by a parameter, if it is one and can be read, else q. */

static unsigned
paylock_negotiate_weight(paylock_str_t parameter, unsigned q)
{
    size_t         i;
    unsigned       weight, unit;
    paylock_str_t  name, value;

    name = paylock_negotiate_part(&parameter, '=');
    value = paylock_negotiate_part(&parameter, ';');

    if (!paylock_negotiate_is(name, "q") || value.len == 0) {
        return q;
    }

    weight = 0;
    unit = PAYLOCK_Q_MAX;

    for (i = 0; i < value.len; i++) {

        if (value.data[i] == '.' && (i == 0 || unit == PAYLOCK_Q_MAX / 10)) {
            unit = PAYLOCK_Q_MAX / 10;
            continue;
        }

        if (value.data[i] < '0' || value.data[i] > '9') {
            return q;
        }

        weight += unit * (value.data[i] - '0');
        unit /= 10;
    }

    return weight < PAYLOCK_Q_MAX ? weight : PAYLOCK_Q_MAX;
}


static int
paylock_negotiate_space(char c)
{
    return c == ' ' || c == '\t';
}


static int
paylock_negotiate_is(paylock_str_t s, const char *word)
{
    return paylock_negotiate_begins(s, word) == s.len && s.len;
}


/* The length of the lower-case word that s begins with, or 0. */

static size_t
paylock_negotiate_begins(paylock_str_t s, const char *word)
{
    char    ch;
    size_t  i;

    for (i = 0; word[i]; i++) {

        if (i == s.len) {
            return 0;
        }

        ch = s.data[i];

        if (ch >= 'A' && ch <= 'Z') {
            ch |= 0x20;
        }

        if (ch != word[i]) {
            return 0;
        }
    }

    return i;
}
