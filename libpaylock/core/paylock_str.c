
/*
 * Copyright (C) 2026 paylock contributors
 */


#include "paylock_str.h"


paylock_str_t
paylock_str_cut(paylock_str_t *s, char end)
{
    const char     *p;
    paylock_str_t   head;

    head = *s;
    p = memchr(s->data, end, s->len);

    if (p) {
        head.len = p - s->data;
        s->len -= head.len + 1;
        s->data = p + 1;

    } else {
        s->data += s->len;
        s->len = 0;
    }

    return head;
}
