
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Runs a change for a command: confirms, changes, waits, prints.
 */


#ifndef _CHANGE_RUN_H_INCLUDED_
#define _CHANGE_RUN_H_INCLUDED_


#include "change/change_batch.h"
#include "change/change_input.h"
#include "cli/admin.h"
#include "records/near.h"


typedef struct change_run_s  change_run_t;


struct change_run_s {
    /* set by the command; all else must be zero */

    admin_t              *a;
    const change_kind_t  *kind;
    const void           *args;        /* of the kind */
    unsigned              expects:1;   /* hosts should have a record */
    unsigned              many:1;      /* prints sums, not each host */
    unsigned              plans:1;     /* it is planned for later */
    const char           *told;        /* printed per host, or NULL */
    change_input_t        in;          /* the arguments of a request */

    /* prints the result instead of change_print.c; or NULL */

    void                (*report)(const change_run_t *run);

    change_batch_t        batch;
    char                 *arguments;   /* of the batch */
    const char           *absent[NEAR_HOSTS];   /* have no record */
    size_t                n_absent;    /* may exceed NEAR_HOSTS */
    json_t               *waited;      /* result of --wait; or NULL */
};


/*
 * Carries out the command of the change_action() of its name; content is the
 * SHA-256 of a file that it read, or NULL.  Returns a status.
 */

int change_run_action(admin_t *a, const char *content);

/* Takes the inputs of a change from the options. */

void change_run_input(const admin_t *a, change_input_t *in);

/*
 * Changes the hosts that the command line names; or n others, which remain
 * the caller's.  Return a status.
 */

int change_run(change_run_t *run);
int change_run_hosts(change_run_t *run, char **host, size_t n);

/* change_confirm.c: asks for a yes for suffixes and many hosts.  A status. */

int change_confirm(const change_run_t *run);

/* change_print.c: prints results after each transaction, and at the end. */

void change_print_done(change_batch_t *b, size_t n);
void change_print_end(change_run_t *run);

/* ... and warns of hosts without a record, which may be mistyped. */

void change_warn_absent(change_run_t *run);

/*
 * change_wait.c: checks --wait; if it is given, waits for the nodes of nginx,
 * and prints the result or, with --json, sets run->waited.  Return a status.
 */

int change_wait_check(admin_t *a);
int change_wait(change_run_t *run);


#endif /* _CHANGE_RUN_H_INCLUDED_ */
