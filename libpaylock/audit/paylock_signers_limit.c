
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The limits of a signer, and what they and pins are made of.
 */


#include <string.h>

#include "paylock_signers_parts.h"


static const char *paylock_signers_from(paylock_signer_t *signer,
    paylock_str_t value);
static const char *paylock_signers_may(paylock_signer_t *signer,
    paylock_str_t value);
static unsigned paylock_signers_action(paylock_str_t action);
static const char *paylock_signers_seq(paylock_str_t text, uint64_t *seq);


const char *const  paylock_signer_actions[] = {
    "init", "lock", "unlock", "reset", "import", "protect", "unprotect",
    "notice", "pass-issue", "pass-revoke", "adopt", "archive",
    "token-create", "token-revoke", NULL
};


const char *
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

    return "has an unknown limit: there are from=SEQ, until=SEQ:HASH:CHAIN "
           "and may=ACTION,...";
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
                   "notice, pass-issue, pass-revoke, adopt, archive, "
                   "token-create and token-revoke";
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


const char *
paylock_signers_entry(paylock_pin_t *pin, paylock_str_t value, unsigned line)
{
    const char     *why;
    paylock_str_t   seq, hash;

    if (value.len == 0 || memchr(value.data, ':', value.len) == NULL) {
        return "lacks the entry, SEQ:HASH:CHAIN, of a pin or an \"until\"";
    }

    seq = paylock_str_cut(&value, ':');
    pin->chain[0] = '\0';

    if (memchr(value.data, ':', value.len)) {
        hash = paylock_str_cut(&value, ':');
        why = paylock_signers_hex(value, PAYLOCK_CHAIN_LEN,
                                  "has a chain that is not 32 hex digits",
                                  "has a chain in upper case: write it in "
                                  "lower case");
        if (why) {
            return why;
        }

        memcpy(pin->chain, value.data, PAYLOCK_CHAIN_LEN);
        pin->chain[PAYLOCK_CHAIN_LEN] = '\0';
        value = hash;
    }

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


const char *
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


int
paylock_signer_may(const paylock_signer_t *signer, paylock_str_t action)
{
    return signer->may == 0
           || (signer->may & paylock_signers_action(action)) != 0;
}
