
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE

#include <string.h>
#include <strings.h>

#include "paylock_pass.h"
#include "paylock_pass_strip.h"


static const char *paylock_pass_strip_token(const char *text, const char *last,
    const char *name);
static size_t paylock_pass_strip_directive(const char *value, size_t len);
static int paylock_pass_strip_shares(const char *directive, size_t len);


size_t
paylock_pass_strip_cookie(char *value, size_t len, paylock_pass_found_pt found,
    void *data)
{
    char        *dst, *p, *last, *end, *start;
    const char  *token;

    dst = value;
    last = value + len;

    for (p = value; p < last; p = end) {
        end = memchr(p, ';', (size_t) (last - p));
        end = end ? end + 1 : last;

        for (start = p; start < end && (*start == ' ' || *start == '\t');
             start++)
        {
            /* void */
        }

        token = paylock_pass_strip_token(start, end, PAYLOCK_PASS_NAME);

        if (token == NULL) {
            token = paylock_pass_strip_token(start, end, PAYLOCK_PASS_SECURE);
        }

        if (token) {
            found(data, token,
                  (size_t) (end - token) - (end[-1] == ';'));
            continue;
        }

        /* what comes to stand at the beginning needs no space before it */

        if (dst == value && p != value) {
            p = start;
        }

        memmove(dst, p, (size_t) (end - p));
        dst += end - p;
    }

    if (dst == last) {
        return len;
    }

    /* the last cookie was ours: the "; " before it goes, too */

    if (dst > value && dst[-1] == ';' && value[len - 1] != ';') {
        dst--;
    }

    *dst = '\0';

    return (size_t) (dst - value);
}


size_t
paylock_pass_strip_query(const char *args, size_t len, char *dst,
    paylock_pass_found_pt found, void *data)
{
    char        *start;
    const char  *p, *last, *end, *token;

    start = dst;
    last = args + len;

    for (p = args; p <= last; p = end + 1) {
        end = memchr(p, '&', (size_t) (last - p));
        end = end ? end : last;

        token = paylock_pass_strip_token(p, end, PAYLOCK_PASS_NAME);

        if (token) {
            found(data, token, (size_t) (end - token));
            continue;
        }

        memmove(dst, p, (size_t) (end - p));
        dst += end - p;

        if (end < last) {
            *dst++ = '&';
        }
    }

    if (dst > start && dst[-1] == '&' && len && args[len - 1] != '&') {
        dst--;
    }

    return (size_t) (dst - start);
}


size_t
paylock_pass_strip_mask(const char *text, size_t len, char *dst)
{
    size_t       n;
    char        *start;
    const char  *p, *last, *token;

    static const char  name[] = PAYLOCK_PASS_NAME "=";

    start = dst;
    last = text + len;

    token = memmem(text, len, name, sizeof(name) - 1);

    if (token == NULL || dst == NULL) {
        return token ? PAYLOCK_PASS_STRIP_MASKED(len) : 0;
    }

    for (p = text; token; ) {
        token += sizeof(name) - 1;

        memcpy(dst, p, (size_t) (token - p));
        dst += token - p;

        memcpy(dst, "***", 3);
        dst += 3;

        for (p = token; p < last && memchr("& #;\"", *p, 5) == NULL; p++) {
            /* void */
        }

        n = (size_t) (last - p);
        token = memmem(p, n, name, sizeof(name) - 1);
    }

    memcpy(dst, p, (size_t) (last - p));
    dst += last - p;

    return (size_t) (dst - start);
}


size_t
paylock_pass_strip_path(const char *path, size_t len, char *dst)
{
    char           *start;
    size_t          i;
    unsigned char   ch;

    static const char  hex[] = "0123456789ABCDEF";

    start = dst;

    /* "//other.example" would be another site */

    if (len == 0 || path[0] != '/') {
        *dst++ = '/';

    } else if (len > 1 && path[1] == '/') {
        *dst++ = '/';
        *dst++ = '.';
    }

    for (i = 0; i < len; i++) {
        ch = (unsigned char) path[i];

        if (ch <= ' ' || ch >= 0x7f || memchr("\"#<>?\\^`{|}", ch, 11)) {
            *dst++ = '%';
            *dst++ = hex[ch >> 4];
            *dst++ = hex[ch & 15];

        } else {
            *dst++ = (char) ch;
        }
    }

    return (size_t) (dst - start);
}


size_t
paylock_pass_strip_public(char *value, size_t len)
{
    char    *dst, *p, *last;
    size_t   n;

    dst = value;
    last = value + len;

    for (p = value; p < last; p++) {

        if (*p == ' ' || *p == '\t' || *p == ',') {
            continue;
        }

        n = paylock_pass_strip_directive(p, (size_t) (last - p));

        if (!paylock_pass_strip_shares(p, n)) {

            if (dst > value) {
                *dst++ = ',';
            }

            memmove(dst, p, n);
            dst += n;
        }

        p += n;
    }

    return (size_t) (dst - value);
}


/* The value of "name=value" if text begins so; else NULL. */

static const char *
paylock_pass_strip_token(const char *text, const char *last, const char *name)
{
    size_t  len;

    len = strlen(name);

    return (size_t) (last - text) > len && memcmp(text, name, len) == 0
           && text[len] == '='
           ? text + len + 1 : NULL;
}


/* The length of a directive, which may hold a comma in quotes. */

static size_t
paylock_pass_strip_directive(const char *value, size_t len)
{
    int     quoted;
    size_t  i, n;

    quoted = 0;

    for (i = 0, n = 0; i < len && (quoted || value[i] != ','); i++) {

        if (value[i] == '"') {
            quoted = !quoted;

        } else if (quoted && value[i] == '\\' && i + 1 < len) {
            i++;
        }

        if (value[i] != ' ' && value[i] != '\t') {
            n = i + 1;
        }
    }

    return n;
}


static int
paylock_pass_strip_shares(const char *directive, size_t len)
{
    size_t  i, n;

    static const char *const  names[] = { "public", "s-maxage", "private" };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        n = strlen(names[i]);

        if (len >= n && strncasecmp(directive, names[i], n) == 0
            && (len == n || memchr("= \t", directive[n], 3)))
        {
            return 1;
        }
    }

    return 0;
}
