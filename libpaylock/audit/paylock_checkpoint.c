
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "paylock_checkpoint.h"
#include "paylock_sign.h"


#define PAYLOCK_CHECKPOINT_SIG  (sizeof("sig ") - 1 + PAYLOCK_SIG_LEN + 1)


static size_t paylock_checkpoint_text(const paylock_checkpoint_t *c,
    char text[PAYLOCK_CHECKPOINT_MAX]);
static int paylock_checkpoint_realm(const char **p, paylock_checkpoint_t *c);
static int paylock_checkpoint_line(const char **p, const char *name,
    size_t len, char *value);
static int paylock_checkpoint_number(const char **p, const char *name,
    uint64_t *value);


size_t
paylock_checkpoint_write(const paylock_checkpoint_t *c, EVP_PKEY *key,
    char text[PAYLOCK_CHECKPOINT_MAX])
{
    char    sig[PAYLOCK_SIG_LEN + 1];
    size_t  len;

    len = paylock_checkpoint_text(c, text);

    if (paylock_sign(key, text, len, sig) != 0) {
        return 0;
    }

    return len + (size_t) sprintf(text + len, "sig %s\n", sig);
}


/*
 * What was read is written again and compared, so that nothing passes that is
 * not covered by the signature.
 */

const char *
paylock_checkpoint_read(const char *text, size_t len, paylock_checkpoint_t *c)
{
    int          good;
    char         copy[PAYLOCK_CHECKPOINT_MAX], again[PAYLOCK_CHECKPOINT_MAX];
    char         sig[PAYLOCK_SIG_LEN + 1];
    size_t       n;
    EVP_PKEY    *key;
    const char  *p;

    static const char  why[] = "is not of the form that \"paylock-admin "
                               "audit checkpoint\" writes";

    memset(c, 0, sizeof(paylock_checkpoint_t));

    if (len >= sizeof(copy)) {
        return why;
    }

    memcpy(copy, text, len);
    copy[len] = '\0';

    p = strchr(copy, '\n');

    if (p == NULL) {
        return why;
    }

    p++;

    if (!paylock_checkpoint_realm(&p, c)
        || !paylock_checkpoint_line(&p, "chain ", PAYLOCK_CHAIN_LEN, c->chain)
        || !paylock_checkpoint_number(&p, "seq ", &c->seq)
        || !paylock_checkpoint_line(&p, "hash ", PAYLOCK_HASH_LEN, c->hash)
        || !paylock_checkpoint_number(&p, "time ", &c->time)
        || !paylock_checkpoint_line(&p, "key ", PAYLOCK_KEY_LEN, c->key)
        || !paylock_checkpoint_line(&p, "sig ", PAYLOCK_SIG_LEN, sig)
        || c->seq == 0)
    {
        return why;
    }

    n = paylock_checkpoint_text(c, again);

    if (len != n + PAYLOCK_CHECKPOINT_SIG || memcmp(again, text, n) != 0) {
        return why;
    }

    key = paylock_sign_key(c->key);
    good = key && paylock_sign_check(key, text, n, sig);
    EVP_PKEY_free(key);

    return good ? NULL : "does not carry a good signature";
}


static size_t
paylock_checkpoint_text(const paylock_checkpoint_t *c,
    char text[PAYLOCK_CHECKPOINT_MAX])
{
    return (size_t) snprintf(text, PAYLOCK_CHECKPOINT_MAX,
                             "paylock audit checkpoint 2\nrealm %s\n"
                             "chain %s\nseq %" PRIu64 "\nhash %s\n"
                             "time %" PRIu64 "\nkey %s\n", c->realm, c->chain,
                             c->seq, c->hash, c->time, c->key);
}


static int
paylock_checkpoint_realm(const char **p, paylock_checkpoint_t *c)
{
    size_t  len;

    if (strncmp(*p, "realm ", 6) != 0) {
        return 0;
    }

    *p += 6;
    len = strcspn(*p, "\n");

    if (len > PAYLOCK_REALM_MAX) {
        return 0;
    }

    memcpy(c->realm, *p, len);
    c->realm[len] = '\0';
    *p += len + ((*p)[len] == '\n');

    return paylock_realm_check(c->realm);
}


static int
paylock_checkpoint_line(const char **p, const char *name, size_t len,
    char *value)
{
    paylock_str_t  hex;

    if (strncmp(*p, name, strlen(name)) != 0) {
        return 0;
    }

    hex.data = *p + strlen(name);
    hex.len = strcspn(hex.data, "\n");

    if (!paylock_hex_check(&hex, len) || hex.data[len] != '\n') {
        return 0;
    }

    memcpy(value, hex.data, len);
    value[len] = '\0';
    *p = hex.data + len + 1;

    return 1;
}


static int
paylock_checkpoint_number(const char **p, const char *name, uint64_t *value)
{
    char  *end;

    if (strncmp(*p, name, strlen(name)) != 0) {
        return 0;
    }

    *value = strtoull(*p + strlen(name), &end, 10);

    if (*end != '\n') {
        return 0;
    }

    *p = end + 1;

    return 1;
}
