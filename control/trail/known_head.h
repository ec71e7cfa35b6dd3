
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What this machine remembers of an audit trail, so that it notices a Redis
 * that lost its data: the last head seen of each chain, by which signers file
 * it was verified, and what was given up before it; and of each URL and prefix
 * which chain was last seen there.
 */


#ifndef _KNOWN_HEAD_H_INCLUDED_
#define _KNOWN_HEAD_H_INCLUDED_


#include "context/control.h"
#include "trail/head_type.h"


/*
 * Loads the signers file, unless it is there, and the head that is remembered
 * of the chain last seen at the Redis and prefix of the settings; if none was,
 * and if there is a connection, of the chain that is there.  Begins ctl->trust:
 * at that head, if it was verified by the same signers; else before the first
 * entry.  Returns a status.
 */

int known_head_load(control_t *ctl, head_t *known);

/*
 * Loads only the head that is remembered of this chain.  Returns a status.
 */

int known_head_of(control_t *ctl, const char *chain, head_t *known);

/* Creates the directory and checks that it is writable.  Returns a status. */

int known_head_check(control_t *ctl);

/*
 * Remembers a head, up to which ctl->trust is verified, unless a later one of
 * this chain is remembered already; and that its chain is the one there.
 * Returns a status.
 */

int known_head_save(control_t *ctl, const head_t *head);


#endif /* _KNOWN_HEAD_H_INCLUDED_ */
