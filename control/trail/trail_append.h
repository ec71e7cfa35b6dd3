
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Writes entries that concern no host, each in a transaction of its own.
 */


#ifndef _TRAIL_APPEND_H_INCLUDED_
#define _TRAIL_APPEND_H_INCLUDED_


#include "trail/actor.h"
#include "trail/head.h"
#include "trail/transaction.h"


/* A field of the records: of any bytes. */

typedef struct {
    char             *host;
    size_t            len;
    char             *value;           /* NULL: the field is removed */
    size_t            value_len;
} trail_record_t;


typedef struct {
    paylock_entry_t  e;                /* caller may set more fields */
    const trail_record_t  *record;     /* so many are written with it */
    size_t           n_records;
    unsigned         archives:1;       /* it tells of an archive */
    uint64_t         trim;             /* entries up to there are taken out */
    char             machine[ACTOR_MACHINE];
    char             request[2 * 16 + 1];
} trail_append_t;


/* Begins an entry: sets action, actor, machine and request.  A status. */

int trail_append_begin(control_t *ctl, trail_append_t *d, const char *action);

/*
 * Writes the entry that follows *head, with ctl->root as the root of the
 * records after it, and sets *head to it, even if the reply
 * to EXEC is lost.  Fails if this machine cannot remember the head.  The caller
 * watches the keys and has taken all replies.
 */

transaction_e trail_append(control_t *ctl, const trail_append_t *d,
    head_t *head);

/*
 * The same; but if the connection is lost, it connects again and looks whether
 * the entry was written.  If that fails, it returns STATUS_UNKNOWN with mend.
 * *done is 0 if another client wrote first: the caller reads the head again
 * and retries.  Returns a status.
 */

int trail_append_certain(control_t *ctl, const trail_append_t *d,
    head_t *head, const char *mend, int *done);


#endif /* _TRAIL_APPEND_H_INCLUDED_ */
