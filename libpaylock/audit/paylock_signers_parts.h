
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What the files of the signers file share.
 */


#ifndef _PAYLOCK_SIGNERS_PARTS_H_INCLUDED_
#define _PAYLOCK_SIGNERS_PARTS_H_INCLUDED_


#include "paylock_signers.h"


#define PAYLOCK_SIGNERS_MEM  "cannot be kept: out of memory"


/*
 * paylock_signers_unique.c: sorts s->by_key.  Returns NULL, or why the lines
 * do not go together: a name or a key twice, one entry with two hashes.  *line
 * is set only on errors, to the later one of two lines.
 */

const char *paylock_signers_unique(paylock_signers_t *s, unsigned *line);

/*
 * paylock_signers_limit.c: read a word "NAME=VALUE", "SEQ:HASH", and len hex
 * digits; the last returns wrong, or upper if only upper case is wrong.  All
 * return NULL, or why not, as paylock_signers_read() does.
 */

const char *paylock_signers_limit(paylock_signer_t *signer,
    paylock_str_t limit);
const char *paylock_signers_entry(paylock_pin_t *pin, paylock_str_t value,
    unsigned line);
const char *paylock_signers_hex(paylock_str_t text, size_t len,
    const char *wrong, const char *upper);


#endif /* _PAYLOCK_SIGNERS_PARTS_H_INCLUDED_ */
