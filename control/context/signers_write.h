
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Changes the signers file.  All comments, the order, the mode and the owner
 * stay; the file is replaced as a whole, or not at all, after it was read once
 * more, by one writer at a time.  What would not be read again is not written.
 */


#ifndef _SIGNERS_WRITE_H_INCLUDED_
#define _SIGNERS_WRITE_H_INCLUDED_


#include "context/control.h"


/*
 * The first two change the file of ctl->signers, and read it into ctl->signers
 * again; *changed is 0 if it says so already.  With ctl->dry_run nothing is
 * written.  They return a status.
 *
 * signers_revoke() adds "until=SEQ:HASH:CHAIN" to the signer with that name,
 * unless there is an "until"; signers_pin() adds a line "pin SEQ:HASH:CHAIN".
 */

int signers_revoke(control_t *ctl, const char *name,
    const paylock_pin_t *until, int *changed);
int signers_pin(control_t *ctl, const paylock_pin_t *pin, int *changed);

/* The entry of a pin, as it is written. */

#define SIGNERS_PIN  (32 + PAYLOCK_HASH_LEN + PAYLOCK_CHAIN_LEN)

void signers_pin_text(const paylock_pin_t *pin, char text[SIGNERS_PIN]);

/*
 * Fails if nobody else may adopt by entry next: nothing would mend a loss then.
 * signers_revoke() fails, too.  Returns a status.
 */

int signers_revocable(const signers_t *s, const paylock_signer_t *signer,
    uint64_t next, error_info_t *error);

/*
 * Adds a line "NAME KEY" to a file, whose directory exists; a new one gets the
 * mode 0644.  Returns a status.
 */

int signers_add(control_t *ctl, const char *path, const char *name,
    const char *key);


#endif /* _SIGNERS_WRITE_H_INCLUDED_ */
