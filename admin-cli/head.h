
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The head of the audit trail as it stands in Redis, watched until the next
 * EXEC.
 */


#ifndef _HEAD_H_INCLUDED_
#define _HEAD_H_INCLUDED_


#include "chain.h"
#include "command.h"


/*
 * Queues the commands that watch the keys and read the head and, unless seq
 * is 0, the entry seq.
 */

int head_queue(admin_t *a, uint64_t seq);

/*
 * Takes the replies.  head->seq is 0 if there is no stream; hash is that of
 * the entry seq, empty if it is not there.
 */

int head_take(admin_t *a, uint64_t seq, head_t *head,
    char hash[PAYLOCK_HASH_LEN + 1]);

/* Does the head carry on the chain remembered?  hash as above, of known. */

int head_judge(admin_t *a, const head_t *known, const head_t *head,
    const char *hash);


#endif /* _HEAD_H_INCLUDED_ */
