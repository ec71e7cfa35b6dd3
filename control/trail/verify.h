
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Verifies an audit trail in Redis or in a file.
 */


#ifndef _VERIFY_H_INCLUDED_
#define _VERIFY_H_INCLUDED_


#include <stdio.h>

#include "context/control.h"
#include "paylock_export.h"
#include "paylock_verify.h"
#include "trail/known_head.h"
#include "trail/replay.h"
#include "trail/root_scan.h"
#include "trail/verified.h"


#define VERIFY_HOSTS  10               /* named in the report, at most */


typedef struct verify_s  verify_t;


/* A pair of host and record that an entry took out or put in. */

typedef struct {
    unsigned char  pair[PAYLOCK_PAIR];
    int            there;
} verify_pair_t;


/* The roots, beside the lattice in ctl->root. */

typedef struct {
    verify_pair_t  *pair;              /* of entries not signed yet */
    size_t          n;
    size_t          room;
    unsigned        unknown:1;         /* records of no entry are signed */
} verify_root_t;


/*
 * What was verified before, and the records that entries since then took out or
 * put in.
 */

typedef struct {
    verified_t       before;           /* head.seq 0: all is verified */
    unsigned char  (*pair)[PAYLOCK_PAIR];
    size_t           n;
    size_t           room;
    paylock_lattice_t expected;        /* records of hosts without new entry */
    unsigned         unsure:1;         /* all has to be verified */
} verify_since_t;


/* Reports what was found; returns the value of verify_status(). */

typedef int (*verify_report_pt)(verify_t *c,
    const paylock_export_header_t *header);


struct verify_s {
    control_t          *ctl;
    verify_report_pt    report;        /* per export of a file; or NULL */
    void               *data;          /* for the caller */

    paylock_verify_t    trail;

    unsigned            alone:1;       /* nothing that is remembered counts */
    head_t              known;         /* remembered here; seq 0: none */
    signers_t           trusted;       /* with the key that is trusted */

    /* whose signatures count; NULL: nobody is known */

    const paylock_signers_t *signers;

    const char *const  *checkpoint;    /* paths, of the caller */
    size_t              n_checkpoints;
    paylock_witness_t  *witness;
    size_t              n_witnesses;

    replay_t           *replay;        /* NULL: records are not compared */
    verify_root_t       root;
    verify_since_t      since;

    /* archives whose entries are gone through first, the oldest first */

    const char *const  *archive_path;  /* of the caller */
    size_t              n_paths;
    paylock_archive_t  *archive;
    size_t              n_archives;
    unsigned            chained:1;     /* such a file is being read */

    const paylock_archive_t *before;   /* where a file begins; NULL: it says */

    char                stands[PAYLOCK_HASH_LEN + 1];  /* last hash */
    unsigned            begun:1;       /* the stream is being read */
    unsigned            bad:1;         /* last entry is bad, not given up */
    unsigned            whole:1;       /* trail was read to its end */
    unsigned            warned:1;      /* of what nodes report */
    unsigned            unnumbered:1;  /* a record does not name its entry */
    uint64_t            last;          /* the highest id of the stream */
    uint64_t            length;        /* its entries at that time */
    unsigned            compared:1;    /* the next three are set */
    uint64_t            records;
    uint64_t            differ;
    char               *host[VERIFY_HOSTS];        /* some that differ */
    unsigned            opened:1;      /* a lock opened a host */

    paylock_fault_t    *fault;
    size_t              n_faults;
};


/*
 * Begins to verify: trust is a key that the caller trusts beside the signers of
 * this machine, as signer_subject() takes it, or NULL.  Loads what this machine
 * remembers.  The caller calls verify_free() in any case.  Returns a status.
 */

int verify_begin(control_t *ctl, verify_t *c, const char *trust);
void verify_free(verify_t *c);

/*
 * Begins a trail of this chain, with what this machine remembers of it; NULL:
 * of the chain that it knows there, or of any.  Returns a status.
 */

int verify_trail(verify_t *c, const char *chain);

/* Takes the next entry; why: NULL or why it is bad.  0, or -1: no memory. */

int verify_entry(verify_t *c, const paylock_entry_t *e, const char *why);

/* The trail begins behind what is archived: more than that is not known. */

void verify_behind(verify_t *c);

/* Adds a fault to c->fault.  Returns a status. */

int verify_fault(verify_t *c, const paylock_fault_t *fault);

/*
 * Checks the end of the trail and the witnesses; a node of nginx that does not
 * fit is a warning, which verify_warn() gives.  Returns a status.
 */

int verify_end(verify_t *c);
void verify_warn(verify_t *c);

/*
 * Makes a checkpoint of a head; *len is 0 if there is no key, or if it does not
 * count.  Returns a status.
 */

int verify_sign(verify_t *c, const head_t *head,
    char text[PAYLOCK_CHECKPOINT_MAX], size_t *len);

/* Does a signature of this key count at seq?  Without signers each does. */

int verify_counts(const verify_t *c, const char *key, uint64_t seq);

/*
 * verify_redis.c: verifies what is in Redis, trail and records, what came since
 * it was verified here before, or all (full).  c->replay is empty at first; the
 * caller frees it.  Returns a status, STATUS_DONE if it is bad as well: see
 * c->n_faults.
 */

int verify_redis(verify_t *c, int full);

/*
 * verify_stream.c: verify the trail in Redis up to its present head; then what
 * came since.  Return a status, STATUS_DONE for a bad trail as well: see
 * c->n_faults.
 */

int verify_stream(verify_t *c);
int verify_more(verify_t *c);

/* Begins that: reads the witnesses, and what Redis says of the stream. */

int verify_stream_begin(verify_t *c);

/*
 * verify_since.c: verifies what came after what was verified here before, and
 * compares the records by their root.  *good is 0 if there is nothing to go on
 * from, or if anything may be wrong: then all is to be verified.  Returns a
 * status.
 */

int verify_since(verify_t *c, int *good);

/*
 * verify_since_records.c: compares the records; and takes an entry that is good
 * so far, and a pair that it took out or put in.  Return a status.
 */

int verify_since_records(verify_t *c, int *good);
int verify_since_entry(verify_t *c, const paylock_entry_t *e);
int verify_since_pair(verify_t *c, const unsigned char pair[PAYLOCK_PAIR],
    int before);

/*
 * verify_remember.c: remembers what was found good; and that the records that
 * were read are those of the last entry, but for hosts with entries that came
 * since what was verified before.  Return a status.
 */

int verify_remember(verify_t *c);
int verify_vouched(verify_t *c, const root_scan_t *s);

/*
 * verify_witness.c: read witnesses from a checkpoint file and from the nodes'
 * reports in Redis, or add one.  Return a status.
 */

int verify_witness_file(verify_t *c, const char *path);
int verify_witness_nodes(verify_t *c);
int verify_witness_add(verify_t *c, const char *name, const head_t *head,
    int inside);

/*
 * verify_root.c: takes an entry, and compares the root if it is signed.  After
 * an adopt: drops entries that no signature covered.  The third begins anew.
 * Return a status.
 */

int verify_root(verify_t *c, const paylock_entry_t *e);
int verify_root_adopt(verify_t *c);
void verify_root_reset(verify_t *c);

/*
 * verify_archive.c: goes through the files of archives, as the beginning of the
 * trail.  The second finds where an export begins that is behind an archive,
 * and begins there: f is behind its first line, and is again after that.
 * Return a status.
 */

int verify_archives(verify_t *c);
int verify_archive_begin(verify_t *c, FILE *f);

/* Calls each, which returns a status, for the entries of a file. */

int verify_archive_each(control_t *ctl, const char *path,
    int (*each)(void *data, const paylock_entry_t *e), void *data);

/*
 * verify_records.c: compares the records with the trail.  The second reads
 * again what is marked as different, until nobody changes it meanwhile; seq:
 * the last entry when it was read.  Return a status.
 */

int verify_records(verify_t *c);
int verify_records_again(verify_t *c, uint64_t seq);

/*
 * verify_others.c: adds a fault for the first lock that opened its host.  The
 * records were compared with the trail before.  Returns a status.
 */

int verify_others(verify_t *c);

/* verify_file.c: verifies all exports in a file; path: for errors. */

int verify_file(verify_t *c, FILE *f, const char *path);

/*
 * verify_status.c: returns the status for the faults found and sets the error
 * to the worst of them.
 */

int verify_status(verify_t *c);


#endif /* _VERIFY_H_INCLUDED_ */
