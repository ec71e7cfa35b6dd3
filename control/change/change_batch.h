
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Changes: records are changed and the audit trail tells of it, in one
 * transaction.
 */


#ifndef _CHANGE_BATCH_H_INCLUDED_
#define _CHANGE_BATCH_H_INCLUDED_


#include <jansson.h>

#include "context/control.h"
#include "paylock_record.h"
#include "paylock_timeline.h"
#include "records/matching_record.h"
#include "trail/actor.h"
#include "trail/known_head.h"
#include "trail/transaction.h"


#define CHANGE_BATCH  1000             /* entries in a transaction, at most */


/* the bit of a paylock_time_e in a set of times */

#define CHANGE_BIT(t)  (1u << (t))


/* One host of a transaction. */

typedef struct {
    const char        *host;
    size_t             i;              /* which of all hosts it is */

    char              *before;         /* as it stands in Redis; NULL: none */
    size_t             before_len;
    const char        *junk;           /* why it is not a record, or NULL */
    json_t            *record;         /* as it was read; NULL: none */
    const char        *guard;          /* whose mark protects it, or NULL */
    matching_record_t  match;          /* only of a kind that inherits */

    json_t            *after;          /* NULL: none */
    char              *text;           /* of after */
    int                changed;
    paylock_order_e    order;          /* of the entry among the others */
    uint64_t           seq;            /* of the entry */
    char               hash[PAYLOCK_HASH_LEN + 1];
} change_t;


/* Per-host result; small, as an import may hold a million. */

typedef struct {
    uint64_t           seq;            /* of the entry; 0: none */
    json_t            *after;          /* by an entry that was found */
    unsigned           changed:1;
    unsigned           found:1;        /* done before, with this request id */
} change_result_t;


typedef struct change_batch_s  change_batch_t;


/*
 * Sets ch->after and ch->changed; now is the moment of the change.  It is
 * called again if the transaction lost a race.  Returns a status.
 */

typedef int (*change_apply_pt)(change_batch_t *b, change_t *ch, uint32_t now);


typedef struct {
    const char        *action;         /* of the entries */
    change_apply_pt    apply;
    unsigned           inherits:1;     /* apply needs ch->match */
    unsigned           resumes:1;      /* hosts done before are passed over */

    /* writes all of the entry, which changes no record; NULL: the record does */

    void             (*entry)(change_batch_t *b, paylock_entry_t *e);

    int              (*begin)(change_batch_t *b);   /* reads more first */
} change_kind_t;


struct change_batch_s {
    /* set by the caller, the rest being zero */

    control_t            *ctl;
    const change_kind_t  *kind;
    const void           *args;        /* see the header of the kind */
    char                **host;        /* normalized, each once */
    size_t                n;
    const char           *request;     /* idempotency key; NULL: none */

    /* Called when n changes of b->change are committed, or found; or NULL. */

    void                (*committed)(change_batch_t *b, size_t n);
    void                 *data;

    /* what came of it */

    change_result_t      *result;      /* by the number of the host */
    size_t                done;        /* hosts before this one */
    int                   repeated;    /* it was done before */
    change_t             *change;      /* of the last transaction */
    head_t                head;        /* the last entry of the trail */

    /* while it runs */

    const char           *actor;
    char                  machine[ACTOR_MACHINE];
    char                  made[2 * 16 + 1];   /* an id, if none was given */
    int                   own_request;
    uint64_t              searched;    /* for its entries, up to this one */
    head_t                known;
    head_t                unsure;      /* sent, not answered; seq 0: none */
    int                   rehearsing;  /* nothing is written */
};


/* Does it take more than one transaction? */

#define change_batch_several(b)  ((b)->n > CHANGE_BATCH)


/*
 * Connects if need be, and changes all hosts, up to CHANGE_BATCH in one
 * transaction.  What takes more than one is tried first, so that what cannot
 * be done is known before anything is written.  Returns a status: with
 * STATUS_PARTLY and STATUS_UNKNOWN the hosts before b->done are changed.
 */

int change_batch_run(change_batch_t *b);

void change_batch_free(change_batch_t *b);


/*
 * change_read.c: watches the keys and reads the head, which must carry on what
 * is known; *committed: what was sent before the connection was lost is done.
 * Then reads n records and begins the transaction.  Return a status.
 */

int change_watch(change_batch_t *b, int *committed);
int change_read(change_batch_t *b, change_t *ch, size_t n);

/* change_write.c: writes the entries and the records of n changes. */

transaction_e change_write(change_batch_t *b, change_t *ch, size_t n);

/*
 * idempotency.c: why an id is none, or NULL; makes one if none is given; looks
 * whether it has entries already, and sets the results to what these say.  The
 * latter two return a status.
 */

const char *idempotency_check(const char *id);
int idempotency_key(change_batch_t *b);
int idempotency_find(change_batch_t *b);

/* Frees what a change holds, and forgets all but its host. */

void change_free(change_t *ch);


#endif /* _CHANGE_BATCH_H_INCLUDED_ */
