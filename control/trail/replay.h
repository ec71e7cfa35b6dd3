
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What the entries of a trail come to, host by host: memory is taken for each
 * host, not for each entry.
 */


#ifndef _REPLAY_H_INCLUDED_
#define _REPLAY_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>

#include "paylock_audit.h"


#define REPLAY_HASH  16                  /* bytes of a SHA-256 */


typedef struct {
    uint64_t       seq;                /* of its last entry; 0: none */
    unsigned char  after[REPLAY_HASH]; /* of the record */
    unsigned       there:1;            /* has it a record, by the trail? */
    unsigned       seen:1;             /* in Redis */
    unsigned       differs:1;
    size_t         len;
    char           name[];
} replay_host_t;


typedef struct {
    void  *root;
} replay_t;


/* Notes what an entry says.  0, or -1 when out of memory. */

int replay_entry(replay_t *r, const paylock_entry_t *e);

/*
 * Compares a record in Redis, value NULL being none, with what the trail says
 * of its host, which is returned; NULL when out of memory.
 */

replay_host_t *replay_compare(replay_t *r, const char *name, size_t len,
    const char *value, size_t value_len);
void replay_judge(replay_host_t *h, const char *value, size_t len);

/* Calls each for every host, in the order of their names. */

void replay_each(const replay_t *r, void (*each)(replay_host_t *h, void *data),
    void *data);

void replay_free(replay_t *r);


#endif /* _REPLAY_H_INCLUDED_ */
