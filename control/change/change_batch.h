
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Changes the records of hosts and writes their audit entries, in the same
 * Redis transactions.
 */


#ifndef _CHANGE_BATCH_H_INCLUDED_
#define _CHANGE_BATCH_H_INCLUDED_


#include <jansson.h>

#include "change/request.h"
#include "context/control.h"
#include "paylock_record.h"
#include "paylock_timeline.h"
#include "records/matching_record.h"
#include "trail/actor.h"
#include "trail/known_head.h"
#include "trail/transaction.h"


#define CHANGE_BATCH   1000            /* hosts per transaction, at most */
#define CHANGE_LOSSES  3               /* of the connection in EXEC, in a row */
#define CHANGE_OLD     32              /* request ids removed at once */


/* the bit of a paylock_time_e in a set of times */

#define CHANGE_BIT(t)  (1u << (t))


/* One host of a transaction. */

typedef struct {
    const char        *host;
    size_t             i;              /* index in b->host */

    char              *before;         /* value in Redis; NULL: none */
    size_t             before_len;
    const char        *junk;           /* why before is no record; or NULL */
    json_t            *record;         /* before, parsed; NULL: none */
    const char        *guard;          /* name that is protected; or NULL */
    matching_record_t  match;          /* set if kind->inherits */
    matching_record_t  www;            /* ... for the host's "www." name */

    json_t            *after;          /* new record; NULL: none */
    char              *text;           /* after, as JSON */
    int                changed;
    int                by_hand;        /* before is not what its entry wrote */
    char              *untold;         /* in the root, of no entry; or NULL */
    size_t             untold_len;
    uint64_t           prior;          /* the host's entry before; 0: none */
    paylock_order_e    order;          /* order of entries, see there */
    uint64_t           seq;            /* of the entry */
    char               hash[PAYLOCK_HASH_LEN + 1];
} change_t;


/* Per-host result; small, as an import may hold a million. */

typedef struct {
    uint64_t           seq;            /* of the entry; 0: none */
    json_t            *after;          /* record in the found entry */
    unsigned           changed:1;
    unsigned           found:1;        /* another run did it */
} change_result_t;


typedef struct change_batch_s  change_batch_t;


/*
 * Sets ch->after and ch->changed; now is the time of the change, in Unix
 * seconds.  Called again if another client changed a watched key first.
 * Returns a status.
 */

typedef int (*change_apply_pt)(change_batch_t *b, change_t *ch, uint32_t now);


typedef struct {
    const char        *action;         /* in the entries */
    change_apply_pt    apply;
    unsigned           inherits:1;     /* apply needs ch->match */
    unsigned           many:1;         /* results have no record: too many */

    /*
     * For kinds that change no record: sets the fields of the entry.  NULL:
     * they come from the record.
     */

    void             (*entry)(change_batch_t *b, paylock_entry_t *e);

    int              (*begin)(change_batch_t *b);   /* before all; or NULL */
} change_kind_t;


/* The state of a request id that the caller gave. */

typedef struct {
    request_t          used;           /* as far as it is carried out */
    request_t          next;           /* ... once "written" is committed */
    char              *found;          /* value in Redis; NULL: none */
    char              *seen;           /* the one that "used" is from */
    char              *written;        /* queued, perhaps committed */
    redisReply        *old[CHANGE_OLD];   /* ids to be removed */
    size_t             n_old;
} idempotency_t;


struct change_batch_s {
    /* set by the caller; all else must be zero */

    control_t            *ctl;
    const change_kind_t  *kind;
    const void           *args;        /* see the kind's header */
    char                **host;        /* normalized, each once */
    size_t                n;
    const char           *request;     /* idempotency key; NULL: none */

    /* SHA-256 of the record of the one host, "" without one; NULL: any */
    const char           *expected;

    /* start from what the trail says where a record was written by hand */

    unsigned              by_trail:1;

    /*
     * For a request: all that is asked for, without kind and hosts, as it was
     * given.  Another run with this id must have the same; so a time that was
     * given as "in three days" must stay that here.  NULL: nothing.
     */

    const char           *arguments;

    /* called with n changes that are committed, or were found; or NULL */

    void                (*committed)(change_batch_t *b, size_t n);
    void                 *data;

    /* results */

    change_result_t      *result;      /* by index of the host */
    size_t                done;        /* the first hosts, that are done */
    int                   repeated;    /* another run did all the rest */
    change_t             *change;      /* of the last transaction */
    head_t                head;        /* last entry of the trail */

    /* internal */

    const char           *actor;
    char                  machine[ACTOR_MACHINE];
    char                  made[2 * 16 + 1];   /* request id, if none is given */
    int                   own_request;
    idempotency_t         idempotency;
    head_t                known;
    head_t                unsure;      /* EXEC had no reply; seq 0: none */
    int                   rehearsing;  /* trial run, nothing is written */
};


/* Are there more hosts than fit into one transaction? */

#define change_batch_several(b)  ((b)->n > CHANGE_BATCH)


/*
 * Connects if need be, and changes all hosts, up to CHANGE_BATCH in one
 * transaction.  If it takes several transactions, all changes are first tried
 * without writing, so that an error is found before anything is written.
 * Returns a status; after STATUS_PARTLY or STATUS_UNKNOWN the first b->done
 * hosts are changed.
 */

int change_batch_run(change_batch_t *b);

void change_batch_free(change_batch_t *b);


/*
 * change_attempt.c: change_attempt() tries one transaction of n changes, which
 * may have been carried out before the connection was lost; if not, it fails if
 * "last" is set.  change_reconnect() replaces a connection that was lost in
 * EXEC, and returns a status.
 */

transaction_e change_attempt(change_batch_t *b, change_t *ch, size_t n,
    int last);
int change_reconnect(change_batch_t *b);

/* Frees what a change holds, and zeroes all but its host and index. */

void change_free(change_t *ch);


/*
 * change_read.c: change_watch() watches the keys and checks that the trail
 * continues the head that this machine knows, for n entries more; *committed is
 * set if the transaction that had no reply was carried out.  change_read() then
 * reads n records and sends MULTI.  Return a status.
 */

int change_watch(change_batch_t *b, size_t n, int *committed);
int change_read(change_batch_t *b, change_t *ch, size_t n);

/* Sets what is there before the change; value NULL: nothing.  A status. */

int change_before(change_batch_t *b, change_t *ch, const char *value,
    size_t len);

/*
 * change_compare.c: is each record in Redis what the entry that it names wrote?
 * If not it fails, or with b->by_trail puts what the host's last entry wrote in
 * its place.  Returns a status.
 */

int change_compare(change_batch_t *b, change_t *ch, size_t n);

/* change_by_hand.c: the same for one that is not what that entry wrote. */

int change_by_hand(change_batch_t *b, change_t *ch);

/*
 * change_write.c: queues the entries and the records of n changes, what is to
 * be kept of the request, and EXEC; takes the replies.
 */

transaction_e change_write(change_batch_t *b, change_t *ch, size_t n);

/* Sets the action, the host and the records of an entry. */

void change_fields(const change_batch_t *b, const change_t *ch,
    paylock_entry_t *e);

/*
 * idempotency.c: _check() returns why a request id is not allowed, or NULL.
 * _key() makes an id if none is given, which is not kept: the functions below
 * do nothing then.  Those that return int return a status.
 */

const char *idempotency_check(const char *id);
int idempotency_key(change_batch_t *b);

/*
 * By what idempotency_take() took: sets the results of hosts that another run
 * has done, and b->repeated if it has done all; fails if the id belongs to
 * another request.
 */

int idempotency_find(change_batch_t *b);

/*
 * idempotency_redis.c: queues commands that watch and read what is known of the
 * id, and find ids that are to be forgotten; takes the replies.
 */

int idempotency_queue(change_batch_t *b);
int idempotency_take(change_batch_t *b);

/*
 * Queues HDEL and HSET for a transaction of n hosts that ends with this head,
 * and adds their number to *queued.
 */

int idempotency_write(change_batch_t *b, size_t n, size_t entries,
    const head_t *head, size_t *queued);

/* Note that what was queued is committed, or that it is not. */

void idempotency_written(change_batch_t *b);
void idempotency_dropped(change_batch_t *b);

void idempotency_free(change_batch_t *b);


#endif /* _CHANGE_BATCH_H_INCLUDED_ */
