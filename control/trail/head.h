
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The head of the audit trail as it stands in Redis, watched until the next
 * EXEC.
 */


#ifndef _HEAD_H_INCLUDED_
#define _HEAD_H_INCLUDED_


#include "context/control.h"
#include "trail/known_head.h"


typedef struct {
    int          there;                /* is there a stream? */
    head_t       head;                 /* its last entry; seq 0: none */
    uint64_t     last;                 /* of the last id that it ever had */
    const char  *broken;               /* fits behind 'its last entry ' */
    unsigned     lost:1;               /* there was one behind the last */
    unsigned     keyed:1;              /* the last one names a key */
} stream_t;


/* Watches the keys and reads the end of the stream. */

int head_read(control_t *ctl, stream_t *s);

/* Is the end of the stream that of a trail? */

int head_sound(control_t *ctl, const stream_t *s);

/*
 * Does the stream carry on the trail remembered, or was it adopted since, in
 * the same chain?
 */

int head_judge(control_t *ctl, const head_t *known, const stream_t *s);

/* The hash of an entry, empty if it is not there. */

int head_hash(control_t *ctl, uint64_t seq, char hash[PAYLOCK_HASH_LEN + 1]);

/* The newest entry that can be read; seq 0: there is none. */

int head_newest(control_t *ctl, head_t *head);

/* The last id that a stream ever had by its XINFO STREAM; NULL: not told. */

const char *head_generated(const redisReply *reply);

/* Fills a head from an entry. */

void head_of(const paylock_entry_t *e, head_t *head);


#endif /* _HEAD_H_INCLUDED_ */
