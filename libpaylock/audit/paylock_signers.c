
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>

#include "paylock_key_check.h"
#include "paylock_sign.h"
#include "paylock_signers_parts.h"
#include "paylock_utf8.h"


#define PAYLOCK_SIGNERS_PIN  "pin"


static const char *paylock_signers_line(paylock_signers_t *s,
    paylock_str_t text, unsigned line);
static const char *paylock_signers_text(paylock_str_t text);
static const char *paylock_signers_pin(paylock_signers_t *s,
    paylock_str_t text, unsigned line);
static const char *paylock_signers_signer(paylock_signers_t *s,
    paylock_str_t name, paylock_str_t text, unsigned line);
static const char *paylock_signers_key(paylock_signer_t *signer,
    paylock_str_t key);
static void *paylock_signers_grow(void *array, size_t n, size_t size);


const char *
paylock_signers_read(const char *text, size_t len, paylock_signers_t *s,
    unsigned *line)
{
    const char     *why;
    paylock_str_t   left;

    memset(s, 0, sizeof(paylock_signers_t));

    why = NULL;
    left.data = text;
    left.len = len;

    for (*line = 0; why == NULL && left.len; /* void */ ) {
        (*line)++;
        why = *line > PAYLOCK_SIGNERS_LINES
              ? "is one too many: there may be 10,000"
              : paylock_signers_line(s, paylock_str_cut(&left, '\n'), *line);
    }

    if (why == NULL) {
        why = paylock_signers_unique(s, line);
    }

    if (why) {
        paylock_signers_free(s);
    }

    return why;
}


static const char *
paylock_signers_line(paylock_signers_t *s, paylock_str_t text, unsigned line)
{
    const char     *why;
    paylock_str_t   word;

    why = paylock_signers_text(text);

    if (why) {
        return why;
    }

    word = paylock_signers_word(&text);

    if (word.len == 0) {
        return NULL;
    }

    return paylock_str_is(word, PAYLOCK_SIGNERS_PIN)
           ? paylock_signers_pin(s, text, line)
           : paylock_signers_signer(s, word, text, line);
}


static const char *
paylock_signers_text(paylock_str_t text)
{
    size_t    n;
    uint32_t  code;

    if (text.len > PAYLOCK_SIGNERS_LINE) {
        return "has more than 1,000 bytes";
    }

    for ( /* void */ ; text.len; text.data += n, text.len -= n) {
        n = paylock_utf8(text.data, text.len, &code);

        if (n == 0) {
            return "is not UTF-8";
        }

        if (code == '\r' && text.len == 1) {
            return "ends with a carriage return: lines must end with a line "
                   "feed alone";
        }

        if ((code < 0x20 && code != '\t') || (code >= 0x7f && code < 0xa0)) {
            return "has a control character";
        }
    }

    return NULL;
}


paylock_str_t
paylock_signers_word(paylock_str_t *line)
{
    size_t         n;
    paylock_str_t  word;

    while (line->len && (*line->data == ' ' || *line->data == '\t')) {
        line->data++;
        line->len--;
    }

    for (n = 0; n < line->len && line->data[n] != ' '
                && line->data[n] != '\t'; n++)
    {
        /* void */
    }

    word.data = line->data;
    word.len = n && *line->data == '#' ? 0 : n;

    line->data += word.len;
    line->len -= word.len;

    return word;
}


static const char *
paylock_signers_pin(paylock_signers_t *s, paylock_str_t text, unsigned line)
{
    const char     *why;
    paylock_pin_t  *grown;
    paylock_str_t   word;

    word = paylock_signers_word(&text);
    grown = paylock_signers_grow(s->pin, s->n_pins, sizeof(paylock_pin_t));

    if (grown == NULL) {
        return PAYLOCK_SIGNERS_MEM;
    }

    s->pin = grown;
    why = paylock_signers_entry(&s->pin[s->n_pins], word, line);

    if (why) {
        return why;
    }

    s->n_pins++;

    return paylock_signers_word(&text).len
           ? "has something after the hash of its pin" : NULL;
}


static const char *
paylock_signers_signer(paylock_signers_t *s, paylock_str_t name,
    paylock_str_t text, unsigned line)
{
    const char        *why;
    paylock_str_t      word;
    paylock_signer_t  *grown, *signer;

    grown = paylock_signers_grow(s->signer, s->n, sizeof(paylock_signer_t));

    if (grown == NULL) {
        return PAYLOCK_SIGNERS_MEM;
    }

    s->signer = grown;
    signer = &s->signer[s->n++];
    memset(signer, 0, sizeof(paylock_signer_t));
    signer->line = line;

    why = paylock_signer_name(name);

    if (why == NULL) {
        memcpy(signer->name, name.data, name.len);
        why = paylock_signers_key(signer, paylock_signers_word(&text));
    }

    while (why == NULL && (word = paylock_signers_word(&text)).len) {
        why = paylock_signers_limit(signer, word);
    }

    if (why == NULL && signer->until.seq && signer->from > signer->until.seq) {
        why = "has a \"from\" after its \"until\"";
    }

    return why;
}


const char *
paylock_signer_name(paylock_str_t name)
{
    size_t  i;
    char    c;

    if (name.len == 0) {
        return "has no name";
    }

    if (name.len > PAYLOCK_SIGNER_NAME) {
        return "has a name of more than 64 bytes";
    }

    if (paylock_str_is(name, PAYLOCK_SIGNERS_PIN)) {
        return "has the name \"pin\", which is a word of this file";
    }

    for (i = 0; i < name.len; i++) {
        c = name.data[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z')
            && !(c >= '0' && c <= '9') && memchr("._@-", c, 4) == NULL)
        {
            return "has a name with other characters than A-Z a-z 0-9 . _ @ -";
        }
    }

    return NULL;
}


static const char *
paylock_signers_key(paylock_signer_t *signer, paylock_str_t key)
{
    const char  *why;

    if (key.len == 0) {
        return "has a name, but no key";
    }

    why = paylock_signers_hex(key, PAYLOCK_KEY_LEN,
                              "has a key that is not 64 hex digits",
                              "has a key in upper case: write it in lower "
                              "case");
    if (why) {
        return why;
    }

    memcpy(signer->key, key.data, PAYLOCK_KEY_LEN);
    signer->public = paylock_sign_key(signer->key);

    if (signer->public == NULL) {
        return PAYLOCK_SIGNERS_MEM;
    }

    return paylock_key_check(signer->public);
}


/* Makes room for one more of n: where n is a power of 2, or 0, it is full. */

static void *
paylock_signers_grow(void *array, size_t n, size_t size)
{
    return n & (n - 1) ? array : realloc(array, (n ? 2 * n : 1) * size);
}


void
paylock_signers_free(paylock_signers_t *s)
{
    size_t  i;

    for (i = 0; i < s->n; i++) {
        EVP_PKEY_free(s->signer[i].public);
    }

    free(s->signer);
    free(s->pin);
    free(s->by_key);
    memset(s, 0, sizeof(paylock_signers_t));
}
