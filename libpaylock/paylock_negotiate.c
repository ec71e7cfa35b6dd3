
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdint.h>
#include <string.h>

#include "paylock_negotiate.h"
#include "paylock_str.h"


#define PAYLOCK_Q_MAX    1000          /* weights are thousandths */
#define PAYLOCK_FORMATS  (PAYLOCK_FORMAT_NONE + 1)

/* how close a media range comes to a format; 0 is not at all */

#define PAYLOCK_ANY      1             /* any type */
#define PAYLOCK_TYPE     2             /* any of its type */
#define PAYLOCK_NAMED    3


/* How well a format is liked: by the media range that names it closest. */

typedef struct {
    unsigned  closeness;
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
static char paylock_negotiate_part(paylock_str_t *field,
    paylock_str_t *part);
static const char *paylock_negotiate_unquote(const char *p,
    const char *end);
static unsigned paylock_negotiate_weight(paylock_str_t parameter,
    unsigned q);
static paylock_str_t paylock_negotiate_trim(const char *data,
    const char *end);
static int paylock_negotiate_space(char c);
static inline int paylock_negotiate_is(paylock_str_t s, const char *word);
static int paylock_negotiate_begins(paylock_str_t s, const char *word);


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

        /* so browsers begin, and nothing that follows can be liked better */

        if (liking[PAYLOCK_FORMAT_HTML].closeness == PAYLOCK_NAMED
            && liking[PAYLOCK_FORMAT_HTML].q == PAYLOCK_Q_MAX)
        {
            return PAYLOCK_FORMAT_HTML;
        }
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
    const char      *dash;
    paylock_str_t    field, primary;
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

        dash = memchr(range.name.data, '-', range.name.len);
        primary = dash ? paylock_negotiate_trim(range.name.data, dash)
                       : range.name;

        for (i = 0; i < n && i < 64; i++) {

            if (!paylock_negotiate_is(primary, tags[i])) {
                continue;
            }

            /* nothing that follows can be liked better */

            if (range.q == PAYLOCK_Q_MAX) {
                return i;
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
            paylock_negotiate_like(&liking[PAYLOCK_FORMAT_HTML], PAYLOCK_ANY,
                                   q);
            paylock_negotiate_like(&liking[PAYLOCK_FORMAT_JSON], PAYLOCK_ANY,
                                   q);
            paylock_negotiate_like(&liking[PAYLOCK_FORMAT_TEXT], PAYLOCK_ANY,
                                   q);
        }

    } else if (paylock_negotiate_is(type, "image")
               || paylock_negotiate_is(type, "font")
               || paylock_negotiate_is(type, "audio")
               || paylock_negotiate_is(type, "video"))
    {
        paylock_negotiate_like(&liking[PAYLOCK_FORMAT_NONE], PAYLOCK_NAMED, q);
    }
}


static void
paylock_negotiate_text(paylock_str_t subtype, unsigned q,
    paylock_liking_t liking[PAYLOCK_FORMATS])
{
    if (paylock_negotiate_is(subtype, "html")) {
        paylock_negotiate_like(&liking[PAYLOCK_FORMAT_HTML], PAYLOCK_NAMED, q);

    } else if (paylock_negotiate_is(subtype, "plain")) {
        paylock_negotiate_like(&liking[PAYLOCK_FORMAT_TEXT], PAYLOCK_NAMED, q);

    } else if (paylock_negotiate_is(subtype, "*")) {
        paylock_negotiate_like(&liking[PAYLOCK_FORMAT_HTML], PAYLOCK_TYPE, q);
        paylock_negotiate_like(&liking[PAYLOCK_FORMAT_TEXT], PAYLOCK_TYPE, q);

    } else if (paylock_negotiate_is(subtype, "css")
               || paylock_negotiate_is(subtype, "javascript"))
    {
        paylock_negotiate_like(&liking[PAYLOCK_FORMAT_NONE], PAYLOCK_NAMED, q);
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
        paylock_negotiate_like(&liking[PAYLOCK_FORMAT_JSON], PAYLOCK_NAMED, q);

    } else if (paylock_negotiate_is(subtype, "*")) {
        paylock_negotiate_like(&liking[PAYLOCK_FORMAT_JSON], PAYLOCK_TYPE, q);

    } else if (paylock_negotiate_is(subtype, "javascript")
               || paylock_negotiate_is(subtype, "x-javascript")
               || paylock_negotiate_is(subtype, "ecmascript")
               || paylock_negotiate_begins(subtype, "font-"))
    {
        paylock_negotiate_like(&liking[PAYLOCK_FORMAT_NONE], PAYLOCK_NAMED, q);
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

    if (paylock_negotiate_part(&dest, &word) == ',') {
        return 0;
    }

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
    char           end;
    paylock_str_t  parameter;

    while (field->len) {
        end = paylock_negotiate_part(field, &range->name);
        range->q = PAYLOCK_Q_MAX;

        while (end == ';') {
            end = paylock_negotiate_part(field, &parameter);
            range->q = paylock_negotiate_weight(parameter, range->q);
        }

        if (range->name.len) {
            return 1;
        }
    }

    return 0;
}


/*
 * Takes off what stands before the first comma or semicolon outside of
 * quotes, and these; the part comes without the space around it.  Returns
 * what has ended it, 0 if that is the end of the field.
 */

static char
paylock_negotiate_part(paylock_str_t *field, paylock_str_t *part)
{
    char         ch;
    const char  *p, *end;

    p = field->data;
    end = p + field->len;

    while (p < end && *p != ',' && *p != ';') {
        p = *p == '"' ? paylock_negotiate_unquote(p, end) : p + 1;
    }

    *part = paylock_negotiate_trim(field->data, p);
    ch = '\0';

    if (p < end) {
        ch = *p++;
    }

    field->len = end - p;
    field->data = p;

    return ch;
}


/* From the quote at p past the one that closes it, if there is one. */

static const char *
paylock_negotiate_unquote(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++) {
        p += *p == '\\' && p + 1 < end;
    }

    return p < end ? p + 1 : end;
}


/* The weight by a parameter, if it is one and can be read, else q. */

static unsigned
paylock_negotiate_weight(paylock_str_t parameter, unsigned q)
{
    size_t         i;
    unsigned       weight, unit;
    const char    *sign;
    paylock_str_t  value;

    sign = memchr(parameter.data, '=', parameter.len);

    if (sign == NULL
        || !paylock_negotiate_is(paylock_negotiate_trim(parameter.data, sign),
                                 "q"))
    {
        return q;
    }

    value = paylock_negotiate_trim(sign + 1, parameter.data + parameter.len);

    if (value.len == 0) {
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


static paylock_str_t
paylock_negotiate_trim(const char *data, const char *end)
{
    while (end > data && paylock_negotiate_space(end[-1])) {
        end--;
    }

    while (data < end && paylock_negotiate_space(*data)) {
        data++;
    }

    return (paylock_str_t) { data, (size_t) (end - data) };
}


static int
paylock_negotiate_space(char c)
{
    return c == ' ' || c == '\t';
}


/* Inline, since the length of most words is then known to the compiler. */

static inline int
paylock_negotiate_is(paylock_str_t s, const char *word)
{
    return s.len == strlen(word) && paylock_negotiate_begins(s, word);
}


/* Does s begin with the lower-case word? */

static int
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

    return 1;
}
