
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "paylock_audit.h"
#include "paylock_words.h"


int
paylock_words_number(paylock_str_t *text, uint64_t *n)
{
    size_t         i;
    paylock_str_t  word;

    word = paylock_str_cut(text, ' ');
    *n = 0;

    for (i = 0; i < word.len; i++) {

        if (word.data[i] < '0' || word.data[i] > '9'
            || *n > (INT64_MAX - 9) / 10)
        {
            return 0;
        }

        *n = *n * 10 + (uint64_t) (word.data[i] - '0');
    }

    return word.len && word.data[0] != '0';
}


int
paylock_words_hex(paylock_str_t *text, size_t len, char *hex)
{
    paylock_str_t  word;

    word = paylock_str_cut(text, ' ');

    if (!paylock_hex_check(&word, len)) {
        return 0;
    }

    memcpy(hex, word.data, len);
    hex[len] = '\0';

    return 1;
}
