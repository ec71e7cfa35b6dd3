
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Flips: records changed and written down in the audit trail in one
 * transaction.
 */


#ifndef _CHANGE_BATCH_H_INCLUDED_
#define _CHANGE_BATCH_H_INCLUDED_


#include <jansson.h>

#include "change/actor.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "commands.h"
#include "paylock_record.h"
#include "paylock_timeline.h"
#include "records/matching_record.h"
#include "records/near.h"
#include "trail/known_head.h"


/* One flip of a transaction. */

typedef struct {
    const char        *host;
    size_t             i;              /* which of all hosts it is */

    char              *before;         /* as it stands in Redis; NULL: none */
    size_t             before_len;
    const char        *junk;           /* why it is not a record, or NULL */
    json_t            *record;         /* as it was read; NULL: none */
    const char        *guard;          /* whose mark protects it, or NULL */
    holder_t           holder;         /* what holds; of a kind that inherits */

    json_t            *after;          /* NULL: none */
    char              *text;           /* of after */
    int                changed;
    paylock_order_e    order;          /* of the entry among the others */
    uint64_t           seq;            /* of the entry */
    char               hash[PAYLOCK_HASH_LEN + 1];
} flip_t;


/* What became of a host: of 1,000,000 there is no more than that. */

typedef struct {
    uint64_t           seq;            /* of the entry; 0: none */
    json_t            *after;          /* by an entry that was found */
    unsigned           changed:1;
    unsigned           found:1;        /* done before, with this request id */
} flip_done_t;


typedef struct flips_s  flips_t;


/*
 * Sets after and changed of a flip, whose moment is now.  Returns a status;
 * is called again if the transaction lost a race.
 */

typedef int (*flip_change_pt)(flips_t *fs, flip_t *f, uint32_t now);


typedef struct {
    const char        *action;
    flip_change_pt     change;
    const void        *data;           /* of change */
    unsigned           inherits:1;     /* needs to know what else holds */
    unsigned           expects:1;      /* a record that is there */

    /* of many hosts: is gone on with, and told by numbers */

    unsigned           bulk:1;

    /* says all of the entry, which changes no record; NULL: the record does */

    void             (*entry)(flips_t *fs, paylock_entry_t *e);

    int              (*begin)(flips_t *fs);   /* reads more first; or NULL */
    const char        *told;           /* "noted, "; NULL: nothing */

    void             (*report)(const flips_t *fs);   /* NULL: as for all */
} flip_kind_t;


struct flips_s {
    admin_t           *admin;
    const flip_kind_t *kind;

    const char        *actor;
    char               machine[WHO_MACHINE];
    char               made[2 * 16 + 1];
    const char        *request;        /* the id given, or the one made */
    uint64_t           searched;       /* for its entries, up to this one */
    int                repeated;       /* they are there: it was done before */

    head_t             known;          /* as remembered */
    head_t             head;           /* what the next entry follows */
    head_t             unsure;         /* sent, not answered; seq 0: none */

    char             **host;           /* of all, in their order */
    flip_done_t       *became;
    size_t             n;
    size_t             done;
    flip_t            *flip;           /* of a transaction */

    const char        *absent[NEAR_HOSTS];   /* had none, as is expected */
    size_t             n_absent;       /* and those that did not fit in */

    json_t            *waited;         /* for, by --wait; NULL: not */

    unsigned           rehearsing:1;   /* nothing is written */
    progress_t         progress;
    interrupt_t        interrupt;
};


#define FLIP_BATCH  1000               /* entries in a transaction, at most */


/*
 * All that lock, unlock, reset and import have in common, for the hosts that
 * are named on the command line, or for n others, which stay the caller's.
 * Returns a status.
 */

int flips_run(admin_t *a, const flip_kind_t *kind);
int flips_hosts(admin_t *a, const flip_kind_t *kind, char **host, size_t n);

/* flips_ask.c: asks about suffixes, and about many hosts.  A status. */

int flips_ask(const flips_t *fs);

/* flips_say.c: says what was done, as soon as a transaction is, and at last. */

void flips_did(flips_t *fs, size_t n);
void flips_say(flips_t *fs);

/* ... and of hosts that had no record, which may have been mistyped. */

void flips_absent(flips_t *fs);

/*
 * Carries out the flips: those before fs->done are done whatever the status
 * returned is.  What takes more than one transaction is tried first, so that
 * what cannot be done is known before anything is written.
 */

int flips_commit(flips_t *fs);

void flips_free(flips_t *fs);

/*
 * flips_wait.c: waits for the nodes of nginx, if --wait is given; tells
 * people of it, and others with what it leaves in fs->waited
 */

int flips_wait(flips_t *fs);

/* Does it take more than one transaction? */

#define flips_several(fs)  ((fs)->n > FLIP_BATCH)


typedef enum {
    FLIP_DONE = 0,
    FLIP_RACE,                         /* another was faster */
    FLIP_LOST,                         /* no answer to EXEC */
    FLIP_FAILED
} flip_outcome_e;


/*
 * flip_read.c: watches the keys and reads the head, which must carry on what
 * is known; *committed: what was sent before the link was lost is carried
 * out.  Then reads n records and begins the transaction: were MULTI refused,
 * what is queued behind it would be done at once.
 */

int flip_watch(flips_t *fs, int *committed);
int flip_read(flips_t *fs, flip_t *f, size_t n);

/*
 * repeat.c: checks the request id given, or makes one; looks whether it has
 * entries already, and sets the flips to what these say.
 */

int repeat_check(admin_t *a);
int repeat_request(flips_t *fs);
int repeat_find(flips_t *fs);

/* flip_write.c: writes what n flips came to. */

flip_outcome_e flip_write(flips_t *fs, flip_t *f, size_t n);

/* flip.c: frees all of a flip but whose it is; takes replies, drops them. */

void flip_forget(flip_t *f);
void flip_drop(link_t *l, size_t replies);


#endif /* _CHANGE_BATCH_H_INCLUDED_ */
