
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Is an audit trail what was written?  A verifier is given its entries one by
 * one, or the leaves of some, and names the first that is not.  The rules are
 * written down in docs/audit-format.md.
 */


#ifndef _PAYLOCK_VERIFY_H_INCLUDED_
#define _PAYLOCK_VERIFY_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>

#include "paylock_audit.h"
#include "paylock_checkpoint.h"
#include "paylock_keyring.h"


typedef enum {
    PAYLOCK_FAULT_NONE = 0,
    PAYLOCK_FAULT_EDIT,                /* an entry is not what was written */
    PAYLOCK_FAULT_GAP,                 /* entries are missing */
    PAYLOCK_FAULT_FORK,                /* it does not follow the one before */
    PAYLOCK_FAULT_SIGNATURE,           /* it is bad, or missing */
    PAYLOCK_FAULT_KEY,                 /* it is unknown, or revoked */
    PAYLOCK_FAULT_ROLLBACK,            /* what a witness saw is missing */
    PAYLOCK_FAULT_FLAGS,               /* records differ from the trail */
    PAYLOCK_FAULT_MEMORY,              /* could not be verified */
    PAYLOCK_FAULTS
} paylock_fault_e;


/* their names, by paylock_fault_e */

extern const char *const  paylock_fault_names[PAYLOCK_FAULTS];


typedef struct {
    paylock_fault_e  kind;
    uint64_t         seq;              /* of the entry; 0: of none */
    char             text[512];        /* a sentence, not yet made harmless */
    uint64_t         adopted;          /* by this entry; 0: by none */
} paylock_fault_t;


typedef enum {
    PAYLOCK_WITNESS_UNSEEN = 0,
    PAYLOCK_WITNESS_FITS,
    PAYLOCK_WITNESS_DIFFERS,
    PAYLOCK_WITNESS_ADOPTED            /* what it saw is lost, and declared */
} paylock_witness_e;


/* Somebody who remembers a head. */

typedef struct {
    const char         *name;
    uint64_t            seq;
    char                chain[PAYLOCK_CHAIN_LEN + 1];
    char                hash[PAYLOCK_HASH_LEN + 1];
    paylock_witness_e   state;
    unsigned            inside:1;      /* in Redis, where others may write */
} paylock_witness_t;


/* An entry of which no more is shown than an export does. */

typedef struct {
    uint64_t       seq;
    paylock_str_t  leaf;
    paylock_str_t  key;                /* with sig; empty: none is needed */
    paylock_str_t  sig;
} paylock_leaf_t;


/* What is not yet signed: a row of entries with the same key and request. */

typedef struct {
    uint64_t       seq;                /* of the last one; 0: none */
    char           key[PAYLOCK_KEY_LEN];
    unsigned char  request[32];        /* its SHA-256 */
} paylock_row_t;


typedef struct {
    char                chain[PAYLOCK_CHAIN_LEN + 1];     /* "": any */
    char                genesis[PAYLOCK_KEY_LEN + 1];     /* "": any */
    unsigned            vouched:1;     /* genesis was given from outside */

    /* the keys as they were at an entry; NULL: nobody remembers */

    const paylock_keyring_t  *known;
    uint64_t                  known_seq;

    paylock_witness_t  *witness;       /* in the order of their seq */
    size_t              n_witnesses;
    size_t              next;          /* the first that is not behind us */

    /* what was seen so far */

    uint64_t            seq;           /* of the last entry; 0: none yet */
    char                hash[PAYLOCK_HASH_LEN + 1];
    uint64_t            first;         /* seq of the first entry */
    uint64_t            entries;       /* leaves included */
    uint64_t            bare;          /* leaves */
    uint64_t            plain;         /* entries without a key */
    uint64_t            begun;         /* by this entry, to sign; 0: not yet */
    uint64_t            covered;       /* signed up to this entry */
    uint64_t            missing;       /* entries, as adopts declared */
    uint64_t            adopts;
    paylock_row_t       row;
    paylock_keyring_t   ring;

    uint64_t            time_first;    /* Unix milliseconds */
    uint64_t            time_last;
    uint64_t            time_most;     /* the latest */
    uint64_t            steps_back;    /* of the clock, by a second or more */
    uint64_t            step_most;     /* milliseconds */
    uint64_t            step_seq;

    paylock_fault_t     fault;
} paylock_verify_t;


/*
 * Begins.  The chain and the key that began to sign it are what somebody
 * outside of Redis says; NULL or "" where nobody does.
 */

void paylock_verify_begin(paylock_verify_t *v, const char *chain,
    const char *genesis);

/*
 * Who has seen the trail up to an entry knows which keys were revoked by then.
 * They do not count behind that because the entry that says so was cut off,
 * unless somebody else adopts that.  The ring is to outlive the verifier.
 */

void paylock_verify_known(paylock_verify_t *v, const paylock_keyring_t *ring,
    uint64_t seq);

/* Who remembers what; sorts them. */

void paylock_verify_witnesses(paylock_verify_t *v, paylock_witness_t *w,
    size_t n);

/*
 * Takes the next entry, or its leaf, or what stands in the place of one, why
 * being as of paylock_entry_read().  Returns 0, or -1 when v->fault says what
 * is wrong: then there is no use in going on.
 */

int paylock_verify_entry(paylock_verify_t *v, const paylock_entry_t *e);
int paylock_verify_leaf(paylock_verify_t *v, const paylock_leaf_t *l);
int paylock_verify_unreadable(paylock_verify_t *v, const char *why);

/*
 * Takes an entry at which, or before which, v->fault was found; stands is the
 * hash of what stands before it, good or not.  If it adopts that, and is well
 * signed, 0: it is to be gone on from here.  Else -1.
 */

int paylock_verify_adopt(paylock_verify_t *v, const paylock_entry_t *e,
    const char *stands);

/* The trail ends here, or a checkpoint of it stands here. */

int paylock_verify_end(paylock_verify_t *v);
int paylock_verify_checkpoint(paylock_verify_t *v,
    const paylock_checkpoint_t *c);

/*
 * What is wrong by a witness, now that the trail has ended: the kind is
 * PAYLOCK_FAULT_NONE if nothing is.
 */

void paylock_verify_witness(const paylock_verify_t *v,
    const paylock_witness_t *w, paylock_fault_t *fault);

/* Frees what the verifier has, not itself and not the witnesses. */

void paylock_verify_free(paylock_verify_t *v);


/* An entry as a link of the chain. */

typedef struct {
    uint64_t     seq;
    const char  *chain;
    const char  *prev;
    const char  *hash;
    unsigned     init:1;
    unsigned     adopt:1;
} paylock_link_t;


/*
 * paylock_verify_sign.c: is what comes of the transaction that is not yet
 * signed?  Which key does an entry name, NULL where it needs none?  Does a key
 * count?  Is the signature good?  What does the entry do to the keys?
 */

int paylock_verify_row(paylock_verify_t *v, const paylock_entry_t *e);
int paylock_verify_key(paylock_verify_t *v, const paylock_entry_t *e,
    paylock_key_t **key);
int paylock_verify_usable(paylock_verify_t *v, uint64_t seq, const char *hex,
    paylock_key_t **key);
int paylock_verify_sig(paylock_verify_t *v, uint64_t seq, const char *hash,
    const paylock_key_t *key, const char *sig);
int paylock_verify_ring(paylock_verify_t *v, const paylock_entry_t *e);

/* paylock_verify_witness.c: what witnesses say of an entry. */

void paylock_verify_seen(paylock_verify_t *v, const paylock_link_t *l);

/* paylock_verify.c: the action of an entry; what is wrong, returns -1. */

int paylock_verify_is(const paylock_entry_t *e, const char *action);
int paylock_verify_bad(paylock_verify_t *v, paylock_fault_e kind,
    uint64_t seq, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));


#endif /* _PAYLOCK_VERIFY_H_INCLUDED_ */
