
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "paylock_escape.h"
#include "paylock_utf8.h"


static paylock_str_t paylock_escape_special(paylock_format_e format, char ch);


size_t
paylock_escape(char *dst, paylock_format_e format, paylock_str_t text)
{
    size_t         n, len;
    paylock_str_t  out;

    len = 0;

    while (text.len) {
        n = paylock_utf8(text.data, text.len, NULL);
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
    if ((unsigned char) ch < 0x20 || ch == 0x7f) {
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
