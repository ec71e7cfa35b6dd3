
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "paylock_resp.h"


/*
 * A scanner walks over the bytes before hiredis sees them: it knows where
 * each reply ends and refuses what hiredis would wait or spin for.  It
 * depends on nothing inside hiredis, which differs between 0.14 and 1.x.
 */

#define PAYLOCK_RESP_DEPTH   7         /* hiredis 0.14 takes no more */
#define PAYLOCK_RESP_LINE    65536
#define PAYLOCK_RESP_DIGITS  20        /* of INT64_MIN, and its sign */


typedef enum {
    PAYLOCK_RESP_TYPE = 0,
    PAYLOCK_RESP_IN_LINE,
    PAYLOCK_RESP_LINE_LF,
    PAYLOCK_RESP_BODY,
    PAYLOCK_RESP_CUT,                  /* what of it hiredis does not see */
    PAYLOCK_RESP_BODY_CR,
    PAYLOCK_RESP_BODY_LF
} paylock_resp_state_e;


struct paylock_resp_s {
    redisReader           *reader;
    const char            *why;        /* once set, the stream is dead */
    char                   text[128];

    paylock_resp_state_e   state;
    char                   type;
    char                   number[PAYLOCK_RESP_DIGITS];
    size_t                 line;       /* its bytes so far */
    size_t                 body;       /* bytes of the string to come */
    size_t                 cut;        /* ... and behind these */
    size_t                 max;        /* of a string; 0: see above */

    size_t                 max_elements;
    size_t                 max_bytes;
    size_t                 left[PAYLOCK_RESP_DEPTH];   /* elements to come */
    size_t                 depth;
    size_t                 elements;   /* of the reply under way */
    size_t                 bytes;

    size_t                 whole;      /* replies not handed out yet */
    unsigned               fresh:1;    /* something for hiredis to decode */
    unsigned               held:1;     /* a length that may become another */
};


static const char *paylock_resp_body(paylock_resp_t *resp, const char *p,
    const char *end, const char **from);
static void paylock_resp_give(paylock_resp_t *resp, const char *from,
    const char *to);
static void paylock_resp_length(paylock_resp_t *resp);
static void paylock_resp_byte(paylock_resp_t *resp, char c);
static void paylock_resp_type(paylock_resp_t *resp, char c);
static void paylock_resp_line(paylock_resp_t *resp, char c);
static void paylock_resp_announced(paylock_resp_t *resp);
static void paylock_resp_string(paylock_resp_t *resp, long long n);
static void paylock_resp_array(paylock_resp_t *resp, long long n);
static void paylock_resp_item(paylock_resp_t *resp);
static int paylock_resp_number(const char *s, size_t len, long long *value);
static void paylock_resp_refuse(paylock_resp_t *resp, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));


paylock_resp_t *
paylock_resp_create(void)
{
    paylock_resp_t  *resp;

    resp = calloc(1, sizeof(paylock_resp_t));

    if (resp == NULL) {
        return NULL;
    }

    resp->reader = redisReaderCreate();

    if (resp->reader == NULL) {
        free(resp);
        return NULL;
    }

    resp->max_elements = PAYLOCK_RESP_ELEMENTS;
    resp->max_bytes = PAYLOCK_RESP_BYTES;

    return resp;
}


void
paylock_resp_expect(paylock_resp_t *resp, size_t elements, size_t bytes)
{
    if (elements > resp->max_elements) {
        resp->max_elements = elements;
    }

    if (bytes > resp->max_bytes) {
        resp->max_bytes = bytes;
    }
}


void
paylock_resp_free(paylock_resp_t *resp)
{
    if (resp == NULL) {
        return;
    }

    redisReaderFree(resp->reader);
    free(resp);
}


void
paylock_resp_trim(paylock_resp_t *resp, size_t max)
{
    resp->max = max;
}


/* Where strings are cut hiredis is told another length than Redis told. */

const char *
paylock_resp_feed(paylock_resp_t *resp, const char *data, size_t len)
{
    const char  *p, *from, *end;

    p = data;
    from = data;
    end = data + len;

    while (p < end && resp->why == NULL) {

        if (resp->state == PAYLOCK_RESP_BODY
            || resp->state == PAYLOCK_RESP_CUT)
        {
            p = paylock_resp_body(resp, p, end, &from);
            continue;
        }

        if (resp->max && resp->state == PAYLOCK_RESP_TYPE && *p == '$') {
            paylock_resp_give(resp, from, p);
            resp->held = 1;
        }

        paylock_resp_byte(resp, *p++);

        if (resp->held) {
            from = p;

            if (resp->state != PAYLOCK_RESP_IN_LINE
                && resp->state != PAYLOCK_RESP_LINE_LF)
            {
                paylock_resp_length(resp);
            }
        }
    }

    paylock_resp_give(resp, from, end);

    return resp->why;
}


/* Returns where the string ends that p is in, or what there is of it. */

static const char *
paylock_resp_body(paylock_resp_t *resp, const char *p, const char *end,
    const char **from)
{
    size_t  n;

    n = (size_t) (end - p) < resp->body ? (size_t) (end - p) : resp->body;

    resp->body -= n;
    p += n;

    if (resp->state == PAYLOCK_RESP_CUT) {
        *from = p;
    }

    if (resp->body) {
        return p;
    }

    if (resp->cut == 0) {
        resp->state = PAYLOCK_RESP_BODY_CR;
        return p;
    }

    paylock_resp_give(resp, *from, p);
    *from = p;

    resp->body = resp->cut;
    resp->cut = 0;
    resp->state = PAYLOCK_RESP_CUT;

    return p;
}


static void
paylock_resp_give(paylock_resp_t *resp, const char *from, const char *to)
{
    if (resp->why == NULL && from < to
        && redisReaderFeed(resp->reader, from, (size_t) (to - from))
           != REDIS_OK)
    {
        resp->why = resp->reader->errstr;
    }
}


static void
paylock_resp_length(paylock_resp_t *resp)
{
    int   n;
    char  line[PAYLOCK_RESP_DIGITS + 8];

    resp->held = 0;

    n = resp->state == PAYLOCK_RESP_TYPE
        ? snprintf(line, sizeof(line), "$-1\r\n")
        : snprintf(line, sizeof(line), "$%zu\r\n", resp->body);

    paylock_resp_give(resp, line, line + n);
}


const char *
paylock_resp_next(paylock_resp_t *resp, redisReply **reply)
{
    void  *object;

    *reply = NULL;

    if (resp->why || !resp->fresh) {
        return resp->why;
    }

    if (redisReaderGetReply(resp->reader, &object) != REDIS_OK) {
        resp->why = resp->reader->errstr;
        return resp->why;
    }

    if ((object != NULL) != (resp->whole != 0)) {
        freeReplyObject(object);
        resp->why = "hiredis sees the end of a reply elsewhere than paylock";
        return resp->why;
    }

    if (object == NULL) {
        resp->fresh = 0;
        return NULL;
    }

    resp->whole--;
    *reply = object;

    return NULL;
}


int
paylock_resp_pending(const paylock_resp_t *resp)
{
    return resp->whole != 0 || resp->bytes != 0;
}


static void
paylock_resp_byte(paylock_resp_t *resp, char c)
{
    resp->bytes++;

    switch (resp->state) {

    case PAYLOCK_RESP_TYPE:
        paylock_resp_type(resp, c);
        return;

    case PAYLOCK_RESP_IN_LINE:
        paylock_resp_line(resp, c);
        return;

    case PAYLOCK_RESP_LINE_LF:

        if (c == '\n') {
            paylock_resp_announced(resp);
            return;
        }

        break;

    case PAYLOCK_RESP_BODY_CR:

        if (c == '\r') {
            resp->state = PAYLOCK_RESP_BODY_LF;
            return;
        }

        break;

    default: /* PAYLOCK_RESP_BODY_LF */

        if (c == '\n') {
            paylock_resp_item(resp);
            return;
        }
    }

    resp->why = "a line or a string does not end in CR LF";
}


static void
paylock_resp_type(paylock_resp_t *resp, char c)
{
    if (c == '\0' || strchr("+-:$*", c) == NULL) {
        paylock_resp_refuse(resp,
                            (c >= ' ' && c <= '~')
                            ? "a reply begins with '%c': is this a Redis?"
                            : "a reply begins with \\x%02X: is this a Redis?",
                            (unsigned char) c);
        return;
    }

    if (resp->bytes > resp->max_bytes) {
        paylock_resp_refuse(resp, "a reply is larger than %zu bytes",
                            resp->max_bytes);
        return;
    }

    resp->type = c;
    resp->line = 0;
    resp->state = PAYLOCK_RESP_IN_LINE;
}


static void
paylock_resp_line(paylock_resp_t *resp, char c)
{
    if (c == '\r') {
        resp->state = PAYLOCK_RESP_LINE_LF;
        return;
    }

    if (c == '\n') {
        resp->why = "a line ends in LF alone";
        return;
    }

    if (resp->type == '+' || resp->type == '-') {

        if (++resp->line > PAYLOCK_RESP_LINE) {
            paylock_resp_refuse(resp, "a line is longer than %d bytes",
                                PAYLOCK_RESP_LINE);
        }

        return;
    }

    if (resp->line == PAYLOCK_RESP_DIGITS) {
        resp->why = "a number or a length has too many digits";
        return;
    }

    resp->number[resp->line++] = c;
}


/* A line is whole. */

static void
paylock_resp_announced(paylock_resp_t *resp)
{
    long long  n;

    if (resp->type == '+' || resp->type == '-') {
        paylock_resp_item(resp);
        return;
    }

    if (!paylock_resp_number(resp->number, resp->line, &n)) {
        resp->why = "a number or a length is not one";
        return;
    }

    switch (resp->type) {

    case '$':
        paylock_resp_string(resp, n);
        return;

    case '*':
        paylock_resp_array(resp, n);
        return;

    default: /* ':' */
        paylock_resp_item(resp);
    }
}


static void
paylock_resp_string(paylock_resp_t *resp, long long n)
{
    if (n == -1) {
        paylock_resp_item(resp);
        return;
    }

    if (n < 0) {
        resp->why = "a string of negative length is announced";
        return;
    }

    if (resp->max && (unsigned long long) n > resp->max) {
        resp->cut = (size_t) n - resp->max;
        n = (long long) resp->max;
    }

    if ((size_t) n > resp->max_bytes
        || resp->bytes + n > resp->max_bytes)
    {
        paylock_resp_refuse(resp, "a string of %lld bytes is announced, "
                            "a reply is to have at most %zu", n,
                            resp->max_bytes);
        return;
    }

    resp->bytes += n;
    resp->body = n;
    resp->state = n ? PAYLOCK_RESP_BODY : PAYLOCK_RESP_BODY_CR;
}


static void
paylock_resp_array(paylock_resp_t *resp, long long n)
{
    if (n == -1 || n == 0) {
        paylock_resp_item(resp);
        return;
    }

    if (n < 0) {
        resp->why = "an array of negative length is announced";
        return;
    }

    if ((size_t) n > resp->max_elements
        || resp->elements + n > resp->max_elements)
    {
        paylock_resp_refuse(resp, "an array of %lld elements is announced, "
                            "a reply is to have at most %zu", n,
                            resp->max_elements);
        return;
    }

    if (resp->depth == PAYLOCK_RESP_DEPTH) {
        paylock_resp_refuse(resp, "arrays are nested more than %d deep",
                            PAYLOCK_RESP_DEPTH);
        return;
    }

    resp->elements += n;
    resp->left[resp->depth++] = n;
    resp->state = PAYLOCK_RESP_TYPE;
    resp->fresh = 1;
}


/* An item is whole, and maybe the arrays that it was the last of. */

static void
paylock_resp_item(paylock_resp_t *resp)
{
    resp->state = PAYLOCK_RESP_TYPE;
    resp->fresh = 1;

    while (resp->depth) {

        if (--resp->left[resp->depth - 1]) {
            return;
        }

        resp->depth--;
    }

    resp->whole++;
    resp->elements = 0;
    resp->bytes = 0;
}


/* As strict as hiredis: no "+", no leading zero, no "-0". */

static int
paylock_resp_number(const char *s, size_t len, long long *value)
{
    size_t              i, sign;
    unsigned long long  n, digit, max;

    sign = len && s[0] == '-';
    max = (unsigned long long) LLONG_MAX + sign;
    n = 0;

    if (len == sign || (s[sign] == '0' && len != 1)) {
        return 0;
    }

    for (i = sign; i < len; i++) {

        if (s[i] < '0' || s[i] > '9') {
            return 0;
        }

        digit = s[i] - '0';

        if (n > (max - digit) / 10) {
            return 0;
        }

        n = n * 10 + digit;
    }

    *value = sign ? (long long) (0 - n) : (long long) n;

    return 1;
}


static void
paylock_resp_refuse(paylock_resp_t *resp, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    vsnprintf(resp->text, sizeof(resp->text), fmt, args);
    va_end(args);

    resp->why = resp->text;
}
