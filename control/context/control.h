
/*
 * Copyright (C) 2026 paylock contributors
 *
 * libpaylock-control: reads and changes records and the audit trail, over
 * Redis.  It uses no command line and no terminal: input comes in by this
 * context, results and errors go out by it and by the callbacks.
 */


#ifndef _CONTROL_H_INCLUDED_
#define _CONTROL_H_INCLUDED_


#include "base/error.h"
#include "paylock_lattice.h"
#include "paylock_verify.h"
#include "redis/redis_conn.h"
#include "redis/settings.h"
#include "context/signer.h"
#include "context/signers.h"


/* Callbacks; each may be NULL. */

typedef struct {
    void   *data;                      /* the first argument of each */

    /* a warning: error->status is STATUS_DONE, error->host may be empty */

    void  (*warn)(void *data, const error_info_t *error);

    /*
     * asks for the passphrase of a key file and sets *secret, which the
     * library frees; NULL: nobody can be asked; returns a status
     */

    signer_ask_pt  passphrase;

    /* what: "checked" or "done", so many of n hosts */

    void  (*progress)(void *data, const char *what, size_t done, size_t n);

    /* called between two transactions: returns 1 to stop */

    int   (*interrupted)(void *data);
} control_calls_t;


/* Entries one after the other that are known to count; see trail/trust.h. */

typedef struct {
    uint64_t   first;                  /* seq */
    size_t     n;                      /* 0: none */
    char     (*hash)[PAYLOCK_HASH_LEN + 1];
} counted_t;


/* Entries on the way back from the verified head; see trail/trust_way.h. */

typedef struct {
    uint64_t   seq;
    char       hash[PAYLOCK_HASH_LEN + 1];
} way_at_t;

typedef struct {
    uint64_t  *by;                     /* seq of those it is to lead by */
    size_t     n_by;
    size_t     by_room;
    way_at_t  *hash;                   /* the newest first */
    size_t     n;
    size_t     room;
    uint64_t   cut;                    /* it ends at this seq; 0: it does not */
} way_t;


/* The lattice of all records after an entry; see trail/root.h. */

typedef struct {
    uint64_t               seq;        /* of the entry; 0: not known */
    paylock_lattice_t      lattice;
    paylock_lattice_ctx_t  ctx;
} root_t;


/* The last entry whose root is believed; see trail/trust_root.h. */

typedef struct {
    uint64_t  seq;                     /* 0: none */
    char      hash[PAYLOCK_HASH_LEN + 1];
    char      root[PAYLOCK_HASH_LEN + 1];
} base_t;


/* Pairs of host and record that an entry signed; see trail/vouched.h. */

#define VOUCHED_PAIR  16               /* bytes kept of each */

typedef struct {
    uint64_t         seq;              /* of that entry; 0: none */
    char             chain[PAYLOCK_CHAIN_LEN + 1];
    char             hash[PAYLOCK_HASH_LEN + 1];
    unsigned char  (*pair)[VOUCHED_PAIR];      /* sorted */
    size_t           n;
    unsigned char   *gone;             /* a bit for each: changed since */
    uint64_t         followed;         /* entries since they were saved */
    void            *map;              /* the file; NULL: pair is allocated */
    size_t           size;
    uint64_t         hashed;           /* all records at this seq; 0: never */
} vouched_t;


typedef struct control_s  control_t;


struct control_s {
    settings_t        settings;
    control_calls_t   calls;
    const char       *program;         /* for the syslog, see openlog(3) */
    unsigned          dry_run:1;       /* nothing is written */

    redis_conn_t     *redis;           /* NULL: not connected */
    signer_t          signer;
    signers_t         signers;         /* see context/signers.h */
    paylock_verify_t  trust;           /* see trail/trust.h */
    paylock_witness_t known;           /* the head remembered; seq 0: none */
    counted_t         counted;         /* the transaction looked at last */
    way_t             way;
    root_t            root;
    base_t            base;
    vouched_t         vouched;
    paylock_skip_t    skip;            /* of the next entry; see trail/skip.h */

    unsigned          changed:1;       /* something was written to Redis */
    error_info_t      error;           /* why a status is not STATUS_DONE */
};


/* Connects to Redis; settings_complete() was called.  Returns a status. */

int control_connect(control_t *ctl);

/*
 * Load the operator's key into ctl->signer.  Without a key the first succeeds,
 * the second fails.  Return a status.
 */

int control_load_key(control_t *ctl);
int control_need_key(control_t *ctl);

/* Frees what it holds, but knows that all were hashed. */

void vouched_free(vouched_t *v);

/* Makes ctl->root.ctx ready.  Returns a status. */

int control_lattice(control_t *ctl);

/* Closes the connection and frees all members, wiping secrets first. */

void control_free(control_t *ctl);

/* Set the error "out of memory", or that OpenSSL fails; return its status. */

int control_no_memory(control_t *ctl);
int control_no_crypto(control_t *ctl);

/*
 * Calls the callback "warn"; the arguments are those of error_set().  The work
 * goes on.
 */

void control_warn(const control_t *ctl, const char *code, const char *host,
    const char *mend, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));


#endif /* _CONTROL_H_INCLUDED_ */
