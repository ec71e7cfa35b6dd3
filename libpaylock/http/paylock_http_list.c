
/*
 * Copyright (C) 2026 paylock contributors
 */


#include "paylock_http_list.h"


static const char *paylock_http_list_unquote(const char *p, const char *end);
static unsigned paylock_http_list_weight(paylock_str_t parameter, unsigned q);
static int paylock_http_list_space(char c);


int
paylock_http_list_next(paylock_str_t *field, paylock_member_t *member)
{
    char           end;
    paylock_str_t  parameter;

    while (field->len) {
        end = paylock_http_list_part(field, &member->name);
        member->q = PAYLOCK_HTTP_LIST_Q_MAX;

        while (end == ';') {
            end = paylock_http_list_part(field, &parameter);
            member->q = paylock_http_list_weight(parameter, member->q);
        }

        if (member->name.len) {
            return 1;
        }
    }

    return 0;
}


char
paylock_http_list_part(paylock_str_t *field, paylock_str_t *part)
{
    char         ch;
    const char  *p, *end;

    p = field->data;
    end = p + field->len;

    while (p < end && *p != ',' && *p != ';') {
        p = *p == '"' ? paylock_http_list_unquote(p, end) : p + 1;
    }

    *part = paylock_http_list_trim(field->data, p);
    ch = '\0';

    if (p < end) {
        ch = *p++;
    }

    field->len = end - p;
    field->data = p;

    return ch;
}


/* From the quote at p to behind the closing one, or to the end. */

static const char *
paylock_http_list_unquote(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++) {
        p += *p == '\\' && p + 1 < end;
    }

    return p < end ? p + 1 : end;
}


/* The weight that a parameter gives; q if it gives none. */

static unsigned
paylock_http_list_weight(paylock_str_t parameter, unsigned q)
{
    size_t         i;
    unsigned       weight, unit;
    const char    *sign;
    paylock_str_t  value;

    sign = memchr(parameter.data, '=', parameter.len);

    if (sign == NULL
        || !paylock_http_list_is(paylock_http_list_trim(parameter.data, sign),
                                 "q"))
    {
        return q;
    }

    value = paylock_http_list_trim(sign + 1, parameter.data + parameter.len);

    if (value.len == 0) {
        return q;
    }

    weight = 0;
    unit = PAYLOCK_HTTP_LIST_Q_MAX;

    for (i = 0; i < value.len; i++) {

        if (value.data[i] == '.'
            && (i == 0 || unit == PAYLOCK_HTTP_LIST_Q_MAX / 10))
        {
            unit = PAYLOCK_HTTP_LIST_Q_MAX / 10;
            continue;
        }

        if (value.data[i] < '0' || value.data[i] > '9') {
            return q;
        }

        weight += unit * (value.data[i] - '0');
        unit /= 10;
    }

    return weight < PAYLOCK_HTTP_LIST_Q_MAX ? weight : PAYLOCK_HTTP_LIST_Q_MAX;
}


paylock_str_t
paylock_http_list_trim(const char *data, const char *end)
{
    while (end > data && paylock_http_list_space(end[-1])) {
        end--;
    }

    while (data < end && paylock_http_list_space(*data)) {
        data++;
    }

    return (paylock_str_t) { data, (size_t) (end - data) };
}


static int
paylock_http_list_space(char c)
{
    return c == ' ' || c == '\t';
}


int
paylock_http_list_begins(paylock_str_t s, const char *word)
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
