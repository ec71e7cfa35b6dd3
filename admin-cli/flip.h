
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Flips: records changed and written down in the audit trail in one
 * transaction.
 */


#ifndef _FLIP_H_INCLUDED_
#define _FLIP_H_INCLUDED_


#include <jansson.h>

#include "chain.h"
#include "command.h"
#include "holder.h"
#include "paylock_record.h"
#include "who.h"


/* One flip. */

typedef struct {
    const char        *host;

    char              *before;         /* as it stands in Redis; NULL: none */
    size_t             before_len;
    const char        *junk;           /* why it is not a record, or NULL */
    json_t            *record;         /* as it was read; NULL: none */
    holder_t           holder;         /* what holds; of a kind that inherits */

    json_t            *after;          /* NULL: none */
    char              *text;           /* of after */
    int                changed;
    uint64_t           seq;            /* of the entry */
    char               hash[PAYLOCK_HASH_LEN + 1];
} flip_t;


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
    int                inherits;       /* needs to know what else holds */

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

    flip_t            *flip;
    size_t             n;
    size_t             done;

    json_t            *waited;         /* for, by --wait; NULL: not */
};


/* All that lock, unlock and reset have in common.  Returns a status. */

int flips_run(admin_t *a, const flip_kind_t *kind);

/*
 * Carries out the flips: those before fs->done are done whatever the status
 * returned is.
 */

int flips_commit(flips_t *fs);

void flips_free(flips_t *fs);

/*
 * flips_wait.c: waits for the nodes of nginx, if --wait is given; tells
 * people of it, and others with what it leaves in fs->waited
 */

int flips_wait(flips_t *fs);


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

/* flip.c: frees all of a flip but its host; takes replies and drops them. */

void flip_forget(flip_t *f);
void flip_drop(link_t *l, size_t replies);


#endif /* _FLIP_H_INCLUDED_ */
