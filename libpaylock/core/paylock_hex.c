
/*
 * Copyright (C) 2026 paylock contributors
 */


#include "paylock_hex.h"


void
paylock_hex(const unsigned char *bytes, size_t n, char *hex)
{
    static const char  digits[] = "0123456789abcdef";

    while (n--) {
        *hex++ = digits[*bytes >> 4];
        *hex++ = digits[*bytes++ & 15];
    }

    *hex = '\0';
}


int
paylock_hex_check(const paylock_str_t *s, size_t len)
{
    size_t  i;

    for (i = 0; i < s->len; i++) {
        if ((s->data[i] < '0' || s->data[i] > '9')
            && (s->data[i] < 'a' || s->data[i] > 'f'))
        {
            return 0;
        }
    }

    return s->len == len;
}
