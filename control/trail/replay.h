
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Replays the entries of a trail: what record each host should have.  Memory
 * grows with the number of hosts, not of entries.
 */


#ifndef _REPLAY_H_INCLUDED_
#define _REPLAY_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>

#include "paylock_audit.h"


#define REPLAY_HASH  16                /* bytes of a SHA-256 */


typedef struct {
    uint64_t       seq;                /* last entry of the host; 0: none */
    unsigned char  after[REPLAY_HASH]; /* hash of the record */
    unsigned       there:1;            /* it has a record, by the trail */
    unsigned       seen:1;             /* it has one in Redis */
    unsigned       differs:1;          /* these are not the same */
    size_t         len;
    const char    *name;               /* without a zero */
} replay_host_t;


/* An entry that no signature covers yet. */

typedef struct {
    replay_host_t  *host;
    uint64_t        seq;
    uint64_t        prior;
    unsigned        there:1;
    unsigned char   before[REPLAY_HASH];
    unsigned char   after[REPLAY_HASH];
} replay_pending_t;


typedef struct {
    void              *root;
    replay_pending_t  *pending;
    size_t             n;
    size_t             size;
    uint64_t           archived;       /* a host's entry may be up to here */
    unsigned           adopted:1;      /* records of no entry may be there */
} replay_t;


/* Takes an entry, which counts from replay_commit() on.  0; -1: no memory. */

int replay_entry(replay_t *r, const paylock_entry_t *e);

/*
 * Applies the entries that were taken.  Returns the seq of the first one that
 * does not follow the host's last entry: it names another one, or its record
 * before is another one; 0: there is none.
 */

uint64_t replay_commit(replay_t *r);

/*
 * An adopt drops the entries that were taken and not applied.  It may keep
 * records that no entry wrote, so the first entry of a host may find one from
 * now on.
 */

void replay_adopt(replay_t *r);

/*
 * Compare the record in Redis (value NULL: none) with the trail, and set seen
 * and differs.  replay_host() looks the host up, or adds it, and returns it;
 * NULL when out of memory.  replay_compare() does that, too.
 */

replay_host_t *replay_host(replay_t *r, const char *name, size_t len);
replay_host_t *replay_compare(replay_t *r, const char *name, size_t len,
    const char *value, size_t value_len);
void replay_judge(replay_host_t *h, const char *value, size_t len);

/* Does it know the host? */

int replay_knows(const replay_t *r, const char *name, size_t len);

/* Calls each for every host, sorted by name. */

void replay_each(const replay_t *r, void (*each)(replay_host_t *h, void *data),
    void *data);

void replay_free(replay_t *r);

/* The hash by which a record is compared. */

void replay_hash(const char *value, size_t len,
    unsigned char hash[REPLAY_HASH]);


#endif /* _REPLAY_H_INCLUDED_ */
