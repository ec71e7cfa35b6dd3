
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdint.h>
#include <string.h>

#include "paylock_http_list.h"
#include "paylock_negotiate.h"


#define PAYLOCK_FORMATS  (PAYLOCK_FORMAT_NONE + 1)

/* how closely a media range names a format; 0: not at all */

#define PAYLOCK_ANY      1             /* any type */
#define PAYLOCK_TYPE     2             /* any of its type */
#define PAYLOCK_NAMED    3


/* The weight of a format: that of the media range that names it closest. */

typedef struct {
    unsigned  closeness;
    unsigned  q;
} paylock_liking_t;


static void paylock_negotiate_range(const paylock_member_t *range,
    paylock_liking_t liking[PAYLOCK_FORMATS]);
static void paylock_negotiate_text(paylock_str_t subtype, unsigned q,
    paylock_liking_t liking[PAYLOCK_FORMATS]);
static void paylock_negotiate_application(paylock_str_t subtype, unsigned q,
    paylock_liking_t liking[PAYLOCK_FORMATS]);
static int paylock_negotiate_dest(paylock_str_t dest);
static void paylock_negotiate_like(paylock_liking_t *liking,
    unsigned closeness, unsigned q);


paylock_format_e
paylock_negotiate_format(const char *accept, size_t accept_len,
    const char *dest, size_t dest_len)
{
    int               said;
    paylock_str_t     field;
    paylock_format_e  f, best;
    paylock_member_t  range;
    paylock_liking_t  liking[PAYLOCK_FORMATS];

    if (dest && paylock_negotiate_dest((paylock_str_t) { dest, dest_len })) {
        return PAYLOCK_FORMAT_NONE;
    }

    memset(liking, 0, sizeof(liking));

    said = 0;
    field.data = accept ? accept : "";
    field.len = accept ? accept_len : 0;

    while (paylock_http_list_next(&field, &range)) {
        paylock_negotiate_range(&range, liking);
        said = 1;

        /* so browsers begin, and nothing that follows can be liked better */

        if (liking[PAYLOCK_FORMAT_HTML].closeness == PAYLOCK_NAMED
            && liking[PAYLOCK_FORMAT_HTML].q == PAYLOCK_HTTP_LIST_Q_MAX)
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
    size_t             i, best;
    unsigned           q, others;
    uint64_t           named;
    const char        *dash;
    paylock_str_t      field, primary;
    paylock_member_t   range;

    best = 0;
    q = 0;
    others = 0;
    named = 0;
    field.data = data ? data : "";
    field.len = data ? len : 0;

    while (paylock_http_list_next(&field, &range)) {

        if (paylock_http_list_is(range.name, "*")) {
            others = range.q;
            continue;
        }

        dash = memchr(range.name.data, '-', range.name.len);
        primary = dash ? paylock_http_list_trim(range.name.data, dash)
                       : range.name;

        for (i = 0; i < n && i < 64; i++) {

            if (!paylock_http_list_is(primary, tags[i])) {
                continue;
            }

            /* nothing that follows can be liked better */

            if (range.q == PAYLOCK_HTTP_LIST_Q_MAX) {
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
paylock_negotiate_range(const paylock_member_t *range,
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

    if (paylock_http_list_is(type, "text")) {
        paylock_negotiate_text(subtype, q, liking);

    } else if (paylock_http_list_is(type, "application")) {
        paylock_negotiate_application(subtype, q, liking);

    } else if (paylock_http_list_is(type, "*")) {

        if (paylock_http_list_is(subtype, "*")) {
            paylock_negotiate_like(&liking[PAYLOCK_FORMAT_HTML], PAYLOCK_ANY,
                                   q);
            paylock_negotiate_like(&liking[PAYLOCK_FORMAT_JSON], PAYLOCK_ANY,
                                   q);
            paylock_negotiate_like(&liking[PAYLOCK_FORMAT_TEXT], PAYLOCK_ANY,
                                   q);
        }

    } else if (paylock_http_list_is(type, "image")
               || paylock_http_list_is(type, "font")
               || paylock_http_list_is(type, "audio")
               || paylock_http_list_is(type, "video"))
    {
        paylock_negotiate_like(&liking[PAYLOCK_FORMAT_NONE], PAYLOCK_NAMED, q);
    }
}


static void
paylock_negotiate_text(paylock_str_t subtype, unsigned q,
    paylock_liking_t liking[PAYLOCK_FORMATS])
{
    if (paylock_http_list_is(subtype, "html")) {
        paylock_negotiate_like(&liking[PAYLOCK_FORMAT_HTML], PAYLOCK_NAMED, q);

    } else if (paylock_http_list_is(subtype, "plain")) {
        paylock_negotiate_like(&liking[PAYLOCK_FORMAT_TEXT], PAYLOCK_NAMED, q);

    } else if (paylock_http_list_is(subtype, "*")) {
        paylock_negotiate_like(&liking[PAYLOCK_FORMAT_HTML], PAYLOCK_TYPE, q);
        paylock_negotiate_like(&liking[PAYLOCK_FORMAT_TEXT], PAYLOCK_TYPE, q);

    } else if (paylock_http_list_is(subtype, "css")
               || paylock_http_list_is(subtype, "javascript"))
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

    if (paylock_http_list_is(subtype, "json")
        || (end.len < subtype.len && paylock_http_list_is(end, "+json")))
    {
        paylock_negotiate_like(&liking[PAYLOCK_FORMAT_JSON], PAYLOCK_NAMED, q);

    } else if (paylock_http_list_is(subtype, "*")) {
        paylock_negotiate_like(&liking[PAYLOCK_FORMAT_JSON], PAYLOCK_TYPE, q);

    } else if (paylock_http_list_is(subtype, "javascript")
               || paylock_http_list_is(subtype, "x-javascript")
               || paylock_http_list_is(subtype, "ecmascript")
               || paylock_http_list_begins(subtype, "font-"))
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

    if (paylock_http_list_part(&dest, &word) == ',') {
        return 0;
    }

    for (i = 0; i < sizeof(assets) / sizeof(assets[0]); i++) {
        if (paylock_http_list_is(word, assets[i])) {
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
