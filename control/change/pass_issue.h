
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The change "pass issue": an entry that a pass is issued.  No record changes.
 */


#ifndef _PASS_ISSUE_H_INCLUDED_
#define _PASS_ISSUE_H_INCLUDED_


#include "change/change_batch.h"
#include "change/pass_entry.h"


#define CHANGE_PASS_PATH  1000         /* bytes of a path, at most */


typedef struct {
    uint32_t                    ttl;       /* seconds, not 0 */
    const char                 *reason;    /* NULL: none */
    const char                 *path;      /* of the link; NULL: / */
    const paylock_pass_keys_t  *keys;      /* the first one signs */

    /* results */

    paylock_pass_t              pass;
    char                        reference[PASS_ENTRY_REFERENCE];
} change_pass_issue_t;


/* args of the batch: a change_pass_issue_t, which is changed */

extern const change_kind_t  change_pass_issue;

/*
 * pass_link.c: the pass that such a batch has issued, as a new object: its
 * link, the times, the key, the entry.  A dry run has the host alone.  A
 * request that is repeated gives the same link.  Returns a status.
 */

int pass_link(const change_batch_t *b, json_t **link);


#endif /* _PASS_ISSUE_H_INCLUDED_ */
