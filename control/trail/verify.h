
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Verifying an audit trail: that in Redis, or one in a file.
 */


#ifndef _VERIFY_H_INCLUDED_
#define _VERIFY_H_INCLUDED_


#include <stdio.h>

#include "context/control.h"
#include "paylock_export.h"
#include "paylock_verify.h"
#include "trail/known_head.h"
#include "trail/replay.h"


#define VERIFY_HOSTS  10               /* that are named */


typedef struct verify_s  verify_t;


/* Tells what was found; returns what verify_status() does. */

typedef int (*verify_report_pt)(verify_t *c,
    const paylock_export_header_t *header);


struct verify_s {
    control_t          *ctl;
    verify_report_pt    report;        /* of each export of a file, or NULL */
    void               *data;          /* the caller's */

    paylock_verify_t    trail;

    head_t              known;         /* remembered; seq 0: none */
    char                trust[PAYLOCK_KEY_LEN + 1];   /* the first key */

    const char *const  *checkpoint;    /* files of the caller's */
    size_t              n_checkpoints;
    paylock_witness_t  *witness;
    size_t              n_witnesses;

    replay_t           *replay;        /* NULL: no records are compared */
    char                stands[PAYLOCK_HASH_LEN + 1];  /* the last, or bad */
    unsigned            bad:1;         /* and nobody has adopted that */
    unsigned            whole:1;       /* the trail was seen to its end */
    unsigned            compared:1;
    uint64_t            records;
    uint64_t            differ;
    char               *host[VERIFY_HOSTS];        /* that differ */

    paylock_fault_t    *fault;
    size_t              n_faults;
};


/*
 * Begins with what is known from outside: the key that is trusted, as
 * signer_subject() takes it, or NULL; what this machine remembers.  Returns a
 * status.
 */

int verify_begin(control_t *ctl, verify_t *c, const char *trust);
void verify_free(verify_t *c);

/*
 * Begins a trail anew, of a chain, NULL being any; what this machine remembers
 * is of use for its own chain only.  A status.
 */

int verify_trail(verify_t *c, const char *chain);

/* Takes the next entry, bad or not.  Returns 0, or -1 if out of memory. */

int verify_entry(verify_t *c, const paylock_entry_t *e, const char *why);

/* Notes what is wrong; returns a status. */

int verify_fault(verify_t *c, const paylock_fault_t *fault);

/*
 * What there is to say behind the last entry: of the end, of witnesses.  A
 * status.
 */

int verify_end(verify_t *c);

/*
 * Makes a checkpoint of a head, whose length is 0 where the signer's key does
 * not count in the trail.  A status.
 */

int verify_sign(verify_t *c, const head_t *head,
    char text[PAYLOCK_CHECKPOINT_MAX], size_t *len);

/*
 * verify_stream.c: the trail in Redis, up to the head that it has now; what
 * came since; what is there but no trail.  Return a status, which is done
 * where the trail is bad: c->n_faults says that.
 */

int verify_stream(verify_t *c);
int verify_more(verify_t *c);

/* verify_witness.c: reads those in checkpoint files, and those in Redis. */

int verify_witness_file(verify_t *c, const char *path);
int verify_witness_nodes(verify_t *c);
int verify_witness_add(verify_t *c, const char *name, const head_t *head,
    int inside);

/* verify_flags.c: compares the records with the trail. */

int verify_records(verify_t *c);

/* verify_file.c: all exports of an open file, which errors call path. */

int verify_file(verify_t *c, FILE *f, const char *path);

/*
 * verify_status.c: the status that what was found comes to; the error is the
 * worst of it.
 */

int verify_status(verify_t *c);


#endif /* _VERIFY_H_INCLUDED_ */
