
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Changes from the command line: asked for, carried out, told.
 */


#ifndef _CHANGE_RUN_H_INCLUDED_
#define _CHANGE_RUN_H_INCLUDED_


#include "change/change_batch.h"
#include "cli/admin.h"
#include "records/near.h"


typedef struct change_run_s  change_run_t;


struct change_run_s {
    /* set by the command, the rest being zero */

    admin_t              *a;
    const change_kind_t  *kind;
    const void           *args;        /* of the kind */
    unsigned              expects:1;   /* hosts have a record already */
    unsigned              many:1;      /* they are told by numbers */
    unsigned              plans:1;     /* nothing changes by now */
    const char           *told;        /* "noted, "; NULL: nothing */

    /* tells what was done instead; or NULL */

    void                (*report)(const change_run_t *run);

    change_batch_t        batch;
    const char           *absent[NEAR_HOSTS];   /* had none, but should */
    size_t                n_absent;    /* and those that did not fit in */
    json_t               *waited;      /* for, by --wait; NULL: not */
};


/*
 * Changes the hosts that the command line names, or n others, which stay the
 * caller's.  Returns a status.
 */

int change_run(change_run_t *run);
int change_run_hosts(change_run_t *run, char **host, size_t n);

/* change_confirm.c: asks about suffixes, and about many hosts.  A status. */

int change_confirm(const change_run_t *run);

/* change_print.c: tells what was done, after each transaction, at the end. */

void change_print_done(change_batch_t *b, size_t n);
void change_print_end(change_run_t *run);

/* ... and which hosts had no record, as they may have been mistyped. */

void change_warn_absent(change_run_t *run);

/*
 * change_wait.c: checks --wait; waits, if it is given, for the nodes of nginx,
 * and tells people, and others by run->waited.  Return a status.
 */

int change_wait_check(admin_t *a);
int change_wait(change_run_t *run);


#endif /* _CHANGE_RUN_H_INCLUDED_ */
