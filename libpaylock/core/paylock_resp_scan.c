
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "paylock_resp_scan.h"


#define PAYLOCK_RESP_LINE  65536


static void paylock_resp_scan_type(paylock_resp_scan_t *scan, char c);
static void paylock_resp_scan_line(paylock_resp_scan_t *scan, char c);
static void paylock_resp_scan_announced(paylock_resp_scan_t *scan);
static void paylock_resp_scan_string(paylock_resp_scan_t *scan, long long n);
static void paylock_resp_scan_array(paylock_resp_scan_t *scan, long long n);
static void paylock_resp_scan_item(paylock_resp_scan_t *scan);
static int paylock_resp_scan_number(const char *s, size_t len,
    long long *value);
static void paylock_resp_scan_refuse(paylock_resp_scan_t *scan,
    const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));


void
paylock_resp_scan(paylock_resp_scan_t *scan, char c)
{
    scan->bytes++;

    switch (scan->state) {

    case PAYLOCK_RESP_TYPE:
        paylock_resp_scan_type(scan, c);
        return;

    case PAYLOCK_RESP_IN_LINE:
        paylock_resp_scan_line(scan, c);
        return;

    case PAYLOCK_RESP_LINE_LF:

        if (c == '\n') {
            paylock_resp_scan_announced(scan);
            return;
        }

        break;

    case PAYLOCK_RESP_BODY_CR:

        if (c == '\r') {
            scan->state = PAYLOCK_RESP_BODY_LF;
            return;
        }

        break;

    default: /* PAYLOCK_RESP_BODY_LF */

        if (c == '\n') {
            paylock_resp_scan_item(scan);
            return;
        }
    }

    scan->why = "a line or a string does not end in CR LF";
}


size_t
paylock_resp_scan_body(paylock_resp_scan_t *scan, size_t len)
{
    len = len < scan->body ? len : scan->body;
    scan->body -= len;

    if (scan->body == 0 && scan->cut) {
        scan->body = scan->cut;
        scan->cut = 0;
        scan->state = PAYLOCK_RESP_CUT;

    } else if (scan->body == 0) {
        scan->state = PAYLOCK_RESP_BODY_CR;
    }

    return len;
}


static void
paylock_resp_scan_type(paylock_resp_scan_t *scan, char c)
{
    if (c == '\0' || strchr("+-:$*", c) == NULL) {
        paylock_resp_scan_refuse(scan, (c >= ' ' && c <= '~')
                                 ? "a reply begins with '%c': is this a "
                                   "Redis?"
                                 : "a reply begins with \\x%02X: is this a "
                                   "Redis?", (unsigned char) c);
        return;
    }

    if (scan->bytes > scan->max_bytes) {
        paylock_resp_scan_refuse(scan, "a reply is larger than %zu bytes",
                                 scan->max_bytes);
        return;
    }

    scan->type = c;
    scan->line = 0;
    scan->state = PAYLOCK_RESP_IN_LINE;
}


static void
paylock_resp_scan_line(paylock_resp_scan_t *scan, char c)
{
    if (c == '\r') {
        scan->state = PAYLOCK_RESP_LINE_LF;
        return;
    }

    if (c == '\n') {
        scan->why = "a line ends in LF alone";
        return;
    }

    if (scan->type == '+' || scan->type == '-') {

        if (++scan->line > PAYLOCK_RESP_LINE) {
            paylock_resp_scan_refuse(scan, "a line is longer than %d bytes",
                                     PAYLOCK_RESP_LINE);
        }

        return;
    }

    if (scan->line == PAYLOCK_RESP_DIGITS) {
        scan->why = "a number or a length has too many digits";
        return;
    }

    scan->number[scan->line++] = c;
}


/* The line is complete: of a string or an array it is the length. */

static void
paylock_resp_scan_announced(paylock_resp_scan_t *scan)
{
    long long  n;

    if (scan->type == '+' || scan->type == '-') {
        paylock_resp_scan_item(scan);
        return;
    }

    if (!paylock_resp_scan_number(scan->number, scan->line, &n)) {
        scan->why = "a number or a length is not one";
        return;
    }

    switch (scan->type) {

    case '$':
        paylock_resp_scan_string(scan, n);
        return;

    case '*':
        paylock_resp_scan_array(scan, n);
        return;

    default: /* ':' */
        paylock_resp_scan_item(scan);
    }
}


static void
paylock_resp_scan_string(paylock_resp_scan_t *scan, long long n)
{
    if (n == -1) {
        paylock_resp_scan_item(scan);
        return;
    }

    if (n < 0) {
        scan->why = "a string of negative length is announced";
        return;
    }

    if (scan->max && (unsigned long long) n > scan->max) {
        scan->cut = (size_t) n - scan->max;
        n = (long long) scan->max;
    }

    if ((size_t) n > scan->max_bytes
        || scan->bytes + n > scan->max_bytes)
    {
        paylock_resp_scan_refuse(scan, "a string of %lld bytes is announced, "
                                 "a reply is to have at most %zu", n,
                                 scan->max_bytes);
        return;
    }

    scan->bytes += n;
    scan->body = n;
    scan->state = n ? PAYLOCK_RESP_BODY : PAYLOCK_RESP_BODY_CR;
}


static void
paylock_resp_scan_array(paylock_resp_scan_t *scan, long long n)
{
    if (n == -1 || n == 0) {
        paylock_resp_scan_item(scan);
        return;
    }

    if (n < 0) {
        scan->why = "an array of negative length is announced";
        return;
    }

    if ((size_t) n > scan->max_elements
        || scan->elements + n > scan->max_elements)
    {
        paylock_resp_scan_refuse(scan, "an array of %lld elements is "
                                 "announced, a reply is to have at most %zu",
                                 n, scan->max_elements);
        return;
    }

    if (scan->depth == PAYLOCK_RESP_DEPTH) {
        paylock_resp_scan_refuse(scan, "arrays are nested more than %d deep",
                                 PAYLOCK_RESP_DEPTH);
        return;
    }

    scan->elements += n;
    scan->left[scan->depth++] = n;
    scan->state = PAYLOCK_RESP_TYPE;
    scan->fresh = 1;
}


/* An item is complete, and so are the arrays that it was the last of. */

static void
paylock_resp_scan_item(paylock_resp_scan_t *scan)
{
    scan->state = PAYLOCK_RESP_TYPE;
    scan->fresh = 1;

    while (scan->depth) {

        if (--scan->left[scan->depth - 1]) {
            return;
        }

        scan->depth--;
    }

    scan->whole++;
    scan->elements = 0;
    scan->bytes = 0;
}


/* As strict as hiredis: no "+", no leading zero, no "-0". */

static int
paylock_resp_scan_number(const char *s, size_t len, long long *value)
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
paylock_resp_scan_refuse(paylock_resp_scan_t *scan, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    vsnprintf(scan->text, sizeof(scan->text), fmt, args);
    va_end(args);

    scan->why = scan->text;
}
