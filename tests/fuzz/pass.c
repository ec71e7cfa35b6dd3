
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Passes: a letter that says what is read, and the text.
 */


#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "paylock_pass.h"
#include "paylock_pass_strip.h"


#define KEYS  "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"              \
              "k2:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=\n"

#define HOST  "acme.example", sizeof("acme.example") - 1


static void
must(int holds)
{
    if (!holds) {
        abort();
    }
}


/* What is taken is what would be made, to the letter. */

static void
read_token(const char *text, size_t len)
{
    char                    made[PAYLOCK_PASS_TOKEN + 1];
    size_t                  line;
    paylock_pass_t          pass;
    paylock_pass_keys_t     keys;
    paylock_pass_purpose_e  purpose;

    must(paylock_pass_keys(KEYS, sizeof(KEYS) - 1, &keys, &line) == NULL);

    for (purpose = 0; purpose < PAYLOCK_PASS_PURPOSES; purpose++) {

        if (paylock_pass_check(&keys, purpose, HOST, text, len, 1000, &pass)) {
            must(pass.expires > 1000);
            must(paylock_pass_make(&pass, purpose, HOST, made) == len);
            must(memcmp(made, text, len) == 0);

            must(!paylock_pass_check(&keys, !purpose, HOST, text, len, 1000,
                                     &pass));
        }
    }
}


static void
read_keys(const char *text, size_t len)
{
    size_t               i, line;
    paylock_pass_keys_t  keys;

    if (paylock_pass_keys(text, len, &keys, &line) != NULL) {
        must(line >= 1 && line <= len + 1);
        return;
    }

    must(keys.n >= 1 && keys.n <= PAYLOCK_PASS_KEYS);

    for (i = 0; i < keys.n; i++) {
        must(keys.key[i].kid_len >= 1
             && keys.key[i].kid_len <= PAYLOCK_PASS_KID);
    }
}


static void
count(void *data, const char *token, size_t len)
{
    volatile char  last;

    if (len) {
        last = token[len - 1];
        (void) last;
    }

    (*(size_t *) data)++;
}


/* Nothing of ours is left, and nothing else is gone. */

static void
read_cookie(char *text, size_t len)
{
    size_t  found, again, left;

    found = 0;
    left = paylock_pass_strip_cookie(text, len, count, &found);
    must(found ? left < len && text[left] == '\0' : left == len);

    again = 0;
    must(paylock_pass_strip_cookie(text, left, count, &again) == left);
    must(again == 0);
}


static void
read_query(char *text, size_t len)
{
    size_t  found, again, left;

    found = 0;
    left = paylock_pass_strip_query(text, len, text, count, &found);
    must(found ? left < len : left == len);

    again = 0;
    must(paylock_pass_strip_query(text, left, text, count, &again) == left);
    must(again == 0);
}


static void
read_line(const char *text, size_t len)
{
    char    *masked;
    size_t   n, size;

    size = paylock_pass_strip_mask(text, len, NULL);

    if (size == 0) {
        return;
    }

    masked = malloc(size);
    must(masked != NULL);

    n = paylock_pass_strip_mask(text, len, masked);
    must(n <= size);

    free(masked);
}


/* A path, and neither another site's nor the end of a header. */

static void
read_path(const char *text, size_t len)
{
    char    *path;
    size_t   i, n;

    path = malloc(3 * len + 3);
    must(path != NULL);

    n = paylock_pass_strip_path(text, len, path);
    must(n >= 1 && n <= 3 * len + 3 && path[0] == '/');
    must(n == 1 || path[1] != '/');

    for (i = 0; i < n; i++) {
        must(path[i] > ' ' && path[i] < 0x7f
             && strchr("\\?#", path[i]) == NULL);
    }

    free(path);
}


static void
read_cache(char *text, size_t len)
{
    size_t  left;

    left = paylock_pass_strip_public(text, len);
    must(left <= len);
    must(paylock_pass_strip_public(text, left) == left);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char    *text;
    size_t   len;

    if (size == 0) {
        return 0;
    }

    len = size - 1;
    text = malloc(len ? len : 1);
    must(text != NULL);
    memcpy(text, data + 1, len);

    switch (data[0]) {

    case 't':
        read_token(text, len);
        break;

    case 'k':
        read_keys(text, len);
        break;

    case 'c':
        read_cookie(text, len);
        break;

    case 'q':
        read_query(text, len);
        break;

    case 'l':
        read_line(text, len);
        break;

    case 'p':
        read_path(text, len);
        break;

    case 'a':
        read_cache(text, len);
        break;
    }

    free(text);

    return 0;
}
