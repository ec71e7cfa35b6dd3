
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The head (the last entry) of the audit trail in Redis.
 */


#ifndef _HEAD_H_INCLUDED_
#define _HEAD_H_INCLUDED_


#include "context/control.h"
#include "trail/head_type.h"


typedef struct {
    int          there;                /* the stream exists */
    head_t       head;                 /* last entry; seq 0: none */
    uint64_t     last;                 /* seq of the last id ever used */
    const char  *broken;               /* completes 'its last entry …' */
    unsigned     lost:1;               /* later entries were deleted */
} stream_t;


/*
 * Watches the keys, until the next EXEC, and reads the end of the stream.
 * All functions return a status, where nothing else is said.
 */

int head_read(control_t *ctl, stream_t *s);

/* The same without watching, for who may not write. */

int head_look(control_t *ctl, stream_t *s);

/*
 * The same in two halves, so that the caller can send other commands with it:
 * head_queue() queues, head_take() takes the replies.
 */

int head_queue(control_t *ctl);
int head_take(control_t *ctl, stream_t *s);

/* head_judge.c: fails if the end of the stream is not that of a trail. */

int head_sound(control_t *ctl, const stream_t *s);

/*
 * Fails unless the stream continues the trail that this machine remembers, or
 * was adopted since.  With signers trust_follow() has the last word on that.
 */

int head_judge(control_t *ctl, const head_t *known, const stream_t *s);

/* Reads the hash of an entry; empty if there is no such entry. */

int head_hash(control_t *ctl, uint64_t seq, char hash[PAYLOCK_HASH_LEN + 1]);

/*
 * The first queues the XRANGE for an entry, the second asks and takes the
 * reply: the entry points into *reply, to be freed by the caller; NULL:
 * there is no such entry.
 */

int head_entry_queue(control_t *ctl, uint64_t seq);
int head_entry_read(control_t *ctl, uint64_t seq, redisReply **reply,
    paylock_entry_t *e);

/* Makes an entry a head. */

void head_of(const paylock_entry_t *e, head_t *head);

/* Reads the newest valid entry; seq 0: there is none. */

int head_newest(control_t *ctl, head_t *head);

/* The last id ever used, in a reply to XINFO STREAM; NULL: not in it. */

const char *head_generated(const redisReply *reply);


#endif /* _HEAD_H_INCLUDED_ */
