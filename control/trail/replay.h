
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
#include "paylock_host_candidates.h"
#include "paylock_record.h"


#define REPLAY_HASH      16            /* bytes of a SHA-256 */
#define REPLAY_DEFAULTS  2             /* values of paylock_default */


/* What a record has of a paylock_record_t. */

typedef struct {
    uint32_t  time[PAYLOCK_TIMES];
    uint8_t   set;
} replay_times_t;


typedef struct replay_host_s  replay_host_t;


/*
 * A lock of a host without a record of its own that is less strict at once than
 * what held until then: the record of another name, or the default.  It is of
 * the host and of its "www." name.  Stages are by default.
 */

#define REPLAY_NAMES  2

typedef struct {
    uint64_t              seq;         /* the entry; 0: there is none */
    uint32_t              at;          /* of the host's record now */
    uint8_t               is[REPLAY_DEFAULTS];     /* by that, at that time */
    uint8_t               was[REPLAY_NAMES][REPLAY_DEFAULTS];
    const replay_host_t  *held[REPLAY_NAMES];      /* whose record held */
    unsigned              unknown:1;   /* more of them may be in Redis */
} replay_looser_t;


struct replay_host_s {
    uint64_t         seq;              /* last entry of the host; 0: none */
    unsigned char    after[REPLAY_HASH];  /* hash of the record */
    unsigned         there:1;          /* it has a record, by the trail */
    unsigned         seen:1;           /* it has one in Redis */
    unsigned         differs:1;        /* these are not the same */
    size_t           len;
    const char      *name;             /* without a zero */

    /* if others is set */

    replay_times_t   times;            /* of the record */
    uint64_t         first;            /* the first entry, if there may have
                                          been a record before; or 0 */
    replay_times_t   before;           /* that record */
    replay_looser_t  looser;
};


/* An entry that no signature covers yet. */

typedef struct {
    replay_host_t  *host;
    uint64_t        seq;
    uint64_t        prior;
    replay_times_t  was;               /* of the record before it */
    replay_times_t  times;             /* of the record after it */
    unsigned        there:1;
    unsigned        begins:1;          /* a lock where nothing was said */
    unsigned        opens:1;           /* it may open what others close */
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
    unsigned           others:1;       /* compare with those of other names */
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

/* The host, if it is known; else NULL. */

replay_host_t *replay_find(const replay_t *r, const char *name, size_t len);

/* Calls each for every host, sorted by name. */

void replay_each(const replay_t *r, void (*each)(replay_host_t *h, void *data),
    void *data);

void replay_free(replay_t *r);

/*
 * replay_other.c: notes what an entry says of stages; applies it: sets looser
 * of its host, or ends it.
 */

void replay_other_entry(replay_pending_t *p, const paylock_entry_t *e);
void replay_other_commit(const replay_t *r, const replay_pending_t *p);

/*
 * The record of another name held for a name; beside: with the one that was
 * given last, of which the stricter counts.  Is the host less strict?
 */

void replay_other_held(replay_looser_t *looser, size_t name,
    const replay_times_t *times, int beside);
int replay_other_looser(const replay_looser_t *looser);

/*
 * Lists the names whose records may hold for the host, or for its "www." name:
 * begin, then next until it returns 0.  It leaves the host out.
 */

typedef struct {
    const replay_host_t       *host;
    paylock_host_candidate_t   candidate;
    char                       www[PAYLOCK_HOST_MAX + sizeof("www.")];
    char                       name[PAYLOCK_HOST_MAX + sizeof("www.")];
} replay_names_t;

int replay_other_names(replay_names_t *n, const replay_host_t *h, size_t name);
int replay_other_next(replay_names_t *n);

/* The hash by which a record is compared. */

void replay_hash(const char *value, size_t len,
    unsigned char hash[REPLAY_HASH]);


#endif /* _REPLAY_H_INCLUDED_ */
