
/*
 * Copyright (C) 2026 paylock contributors
 */


#include "paylock_utf8.h"


size_t
paylock_utf8(const void *text, size_t left, uint32_t *code)
{
    size_t                i, n;
    uint32_t              c;
    const unsigned char  *p;

    /* the least code point by the length of its sequence */

    static const uint32_t  least[] = { 0, 0, 0x80, 0x800, 0x10000 };

    p = text;

    if (p[0] < 0x80) {
        n = 1;
        c = p[0];

    } else {
        n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

        if (p[0] < 0xc2 || p[0] > 0xf4 || n > left) {
            return 0;
        }

        c = p[0] & (0x7f >> n);

        for (i = 1; i < n; i++) {

            if ((p[i] & 0xc0) != 0x80) {
                return 0;
            }

            c = (c << 6) | (p[i] & 0x3f);
        }

        if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
            return 0;
        }
    }

    if (code) {
        *code = c;
    }

    return n;
}


int
paylock_utf8_check(const char *text, size_t len)
{
    size_t  n;

    for ( /* void */ ; len; text += n, len -= n) {
        n = paylock_utf8(text, len, NULL);

        if (n == 0 || *text == '\0') {
            return 0;
        }
    }

    return 1;
}
