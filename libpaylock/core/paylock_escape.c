
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "paylock_escape.h"


static paylock_str_t paylock_escape_special(paylock_format_e format, char ch);


size_t
paylock_escape(char *dst, paylock_format_e format, paylock_str_t text)
{
    size_t         n, len;
    paylock_str_t  out;

    len = 0;

    while (text.len) {
        n = paylock_escape_utf8((const unsigned char *) text.data, text.len);
        out = paylock_escape_special(format, text.data[0]);

        if (n == 0) {
            n = 1;
            out = paylock_string("\xef\xbf\xbd");

        } else if (out.len == 0) {
            out.data = text.data;
            out.len = n;
        }

        if (dst) {
            memcpy(dst + len, out.data, out.len);
        }

        len += out.len;
        text.data += n;
        text.len -= n;
    }

    return len;
}


static paylock_str_t
paylock_escape_special(paylock_format_e format, char ch)
{
    if ((ch >= 0 && ch < 0x20) || ch == 0x7f) {
        return paylock_string(" ");
    }

    if (format == PAYLOCK_FORMAT_JSON) {
        switch (ch) {
        case '"':
            return paylock_string("\\\"");
        case '\\':
            return paylock_string("\\\\");
        }

    } else if (format == PAYLOCK_FORMAT_HTML) {
        switch (ch) {
        case '&':
            return paylock_string("&amp;");
        case '<':
            return paylock_string("&lt;");
        case '>':
            return paylock_string("&gt;");
        case '"':
            return paylock_string("&quot;");
        case '\'':
            return paylock_string("&#39;");
        }
    }

    return (paylock_str_t) { NULL, 0 };
}


size_t
paylock_escape_utf8(const unsigned char *p, size_t left)
{
    size_t  i, n;

    if (p[0] < 0x80) {
        return 1;
    }

    n = p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

    if (n == 0 || n > left || p[0] > 0xf4
        || (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f)
        || (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
    {
        return 0;
    }

    for (i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }

    return n;
}
