
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Passes: tokens with which a client sees a locked site.  The format is written
 * down in docs/passes.md.
 */


#ifndef _PAYLOCK_PASS_H_INCLUDED_
#define _PAYLOCK_PASS_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>

#include "paylock_pass_key.h"


#define PAYLOCK_PASS_NAME    "paylock_pass"    /* of the argument, the cookie */
#define PAYLOCK_PASS_SECURE  "__Host-paylock_pass"

#define PAYLOCK_PASS_TOKEN   76        /* characters, at most */


typedef struct {
    const paylock_pass_key_t  *key;
    uint32_t                   issued;         /* Unix seconds */
    uint32_t                   expires;        /* good until before that */
} paylock_pass_t;


/*
 * Makes a token for a host, in the form of Redis.  Returns its length, or 0
 * if the crypto library fails; it ends with a zero.
 */

size_t paylock_pass_make(const paylock_pass_t *pass,
    paylock_pass_purpose_e purpose, const char *host, size_t host_len,
    char token[PAYLOCK_PASS_TOKEN + 1]);

/*
 * Is it a token for this purpose and host, made with one of the keys, that
 * has not expired by now?  *pass is what it says then.
 */

int paylock_pass_check(const paylock_pass_keys_t *keys,
    paylock_pass_purpose_e purpose, const char *host, size_t host_len,
    const char *token, size_t len, uint32_t now, paylock_pass_t *pass);


#endif /* _PAYLOCK_PASS_H_INCLUDED_ */
