
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
static const char *paylock_signers_limit(paylock_signer_t *signer,
    paylock_str_t limit);
static const char *paylock_signers_from(paylock_signer_t *signer,
    paylock_str_t value);
static const char *paylock_signers_may(paylock_signer_t *signer,
    paylock_str_t value);
static unsigned paylock_signers_action(paylock_str_t action);
static const char *paylock_signers_entry(paylock_pin_t *pin,
    paylock_str_t value, unsigned line);
static const char *paylock_signers_seq(paylock_str_t text, uint64_t *seq);
static const char *paylock_signers_hex(paylock_str_t text, size_t len,
    const char *wrong, const char *upper);
static void *paylock_signers_grow(void *array, size_t n, size_t size);


const char *const  paylock_signer_actions[] = {
    "init", "lock", "unlock", "reset", "import", "protect", "unprotect",
    "notice", "pass-issue", "pass-revoke", "adopt", "archive", NULL
};


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


static const char *
paylock_signers_limit(paylock_signer_t *signer, paylock_str_t limit)
{
    paylock_str_t  name;

    /* without a "=" limit becomes empty, and so no value of any limit */

    name = paylock_str_cut(&limit, '=');

    if (paylock_str_is(name, "from")) {
        return paylock_signers_from(signer, limit);
    }

    if (paylock_str_is(name, "until")) {
        return signer->until.seq
               ? "has two limits \"until\""
               : paylock_signers_entry(&signer->until, limit, signer->line);
    }

    if (paylock_str_is(name, "may")) {
        return paylock_signers_may(signer, limit);
    }

    return "has an unknown limit: there are from=SEQ, until=SEQ:HASH and "
           "may=ACTION,...";
}


static const char *
paylock_signers_from(paylock_signer_t *signer, paylock_str_t value)
{
    return signer->from ? "has two limits \"from\""
                        : paylock_signers_seq(value, &signer->from);
}


static const char *
paylock_signers_may(paylock_signer_t *signer, paylock_str_t value)
{
    unsigned       action, twice;
    paylock_str_t  name;

    if (signer->may) {
        return "has two limits \"may\"";
    }

    if (value.len && value.data[value.len - 1] == ',') {
        return "has a comma at the end of \"may\"";
    }

    twice = 0;

    do {
        name = paylock_str_cut(&value, ',');
        action = paylock_signers_action(name);

        if (action == 0) {
            return "has an action in \"may\" that does not exist: there are "
                   "init, lock, unlock, reset, import, protect, unprotect, "
                   "notice, pass-issue, pass-revoke, adopt and archive";
        }

        twice |= signer->may & action;
        signer->may |= action;

    } while (value.len);

    return twice ? "has an action twice in \"may\"" : NULL;
}


/* The bit of an action; 0: there is no such action. */

static unsigned
paylock_signers_action(paylock_str_t action)
{
    size_t  i;

    for (i = 0; paylock_signer_actions[i]; i++) {
        if (paylock_str_is(action, paylock_signer_actions[i])) {
            return 1u << i;
        }
    }

    return 0;
}


static const char *
paylock_signers_entry(paylock_pin_t *pin, paylock_str_t value, unsigned line)
{
    const char     *why;
    paylock_str_t   seq;

    if (value.len == 0 || memchr(value.data, ':', value.len) == NULL) {
        return "lacks the entry, SEQ:HASH, of a pin or an \"until\"";
    }

    seq = paylock_str_cut(&value, ':');
    why = paylock_signers_hex(value, PAYLOCK_HASH_LEN,
                              "has a hash that is not 64 hex digits",
                              "has a hash in upper case: write it in lower "
                              "case");
    if (why) {
        return why;
    }

    memcpy(pin->hash, value.data, PAYLOCK_HASH_LEN);
    pin->hash[PAYLOCK_HASH_LEN] = '\0';
    pin->line = line;

    return paylock_signers_seq(seq, &pin->seq);
}


static const char *
paylock_signers_seq(paylock_str_t text, uint64_t *seq)
{
    size_t    i;
    uint64_t  n;

    for (n = 0, i = 0; i < text.len; i++) {

        if (text.data[i] < '0' || text.data[i] > '9'
            || n > (INT64_MAX - (uint64_t) (text.data[i] - '0')) / 10)
        {
            n = 0;
            break;
        }

        n = n * 10 + (uint64_t) (text.data[i] - '0');
    }

    if (n == 0 || text.data[0] == '0') {
        return "has a number of an entry that is not 1 to "
               "9223372036854775807 without leading zeros";
    }

    *seq = n;

    return NULL;
}


static const char *
paylock_signers_hex(paylock_str_t text, size_t len, const char *wrong,
    const char *upper)
{
    char    c;
    size_t  i;
    int     is_upper;

    if (text.len != len) {
        return wrong;
    }

    is_upper = 0;

    for (i = 0; i < len; i++) {
        c = text.data[i];
        is_upper |= c >= 'A' && c <= 'F';

        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')
            && !(c >= 'A' && c <= 'F'))
        {
            return wrong;
        }
    }

    return is_upper ? upper : NULL;
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


int
paylock_signer_may(const paylock_signer_t *signer, paylock_str_t action)
{
    return signer->may == 0
           || (signer->may & paylock_signers_action(action)) != 0;
}
