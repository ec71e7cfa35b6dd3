
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "paylock_messages.h"


static paylock_str_t paylock_messages_trim(paylock_str_t s);


int
paylock_messages_language(paylock_str_t file, size_t i, paylock_str_t *tag,
    paylock_str_t *texts)
{
    paylock_str_t  line;

    tag->len = 0;

    while (file.len) {
        line = paylock_str_cut(&file, '\n');

        if (line.len < 3 || line.data[0] != '[') {
            continue;
        }

        if (tag->len) {
            texts->len = line.data - texts->data;
            return 1;
        }

        if (i-- == 0) {
            (void) paylock_str_cut(&line, '[');
            *tag = paylock_str_cut(&line, ']');
            *texts = file;
        }
    }

    return tag->len != 0;
}


paylock_str_t
paylock_messages_find(paylock_str_t texts, const char *prefix,
    paylock_str_t name)
{
    size_t         n;
    paylock_str_t  line, key;

    n = strlen(prefix);

    while (texts.len) {
        line = paylock_str_cut(&texts, '\n');
        key = paylock_messages_trim(paylock_str_cut(&line, '='));

        if (key.len == n + name.len
            && memcmp(key.data, prefix, n) == 0
            && memcmp(key.data + n, name.data, name.len) == 0)
        {
            return paylock_messages_trim(line);
        }
    }

    return texts;
}


static paylock_str_t
paylock_messages_trim(paylock_str_t s)
{
    while (s.len && s.data[0] == ' ') {
        s.data++;
        s.len--;
    }

    while (s.len && s.data[s.len - 1] == ' ') {
        s.len--;
    }

    return s;
}
