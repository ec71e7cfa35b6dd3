
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Verifies an audit trail: it is given the entries in their order, of some
 * perhaps the leaf alone, and stops at the first fault.  The rules are written
 * down in docs/audit-format.md.
 */


#ifndef _PAYLOCK_VERIFY_H_INCLUDED_
#define _PAYLOCK_VERIFY_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>

#include "paylock_adopt.h"
#include "paylock_archive.h"
#include "paylock_audit.h"
#include "paylock_checkpoint.h"
#include "paylock_keyring.h"
#include "paylock_signers.h"
#include "paylock_skip.h"


typedef enum {
    PAYLOCK_FAULT_NONE = 0,
    PAYLOCK_FAULT_EDIT,                /* an entry was changed */
    PAYLOCK_FAULT_GAP,                 /* entries are missing */
    PAYLOCK_FAULT_FORK,                /* one does not follow the one before */
    PAYLOCK_FAULT_SIGNATURE,           /* bad or missing */
    PAYLOCK_FAULT_KEY,                 /* its signature does not count */
    PAYLOCK_FAULT_ROLLBACK,            /* an entry that was seen is missing */
    PAYLOCK_FAULT_FLAGS,               /* records differ from the trail */
    PAYLOCK_FAULT_MEMORY,              /* not verified: out of memory */
    PAYLOCK_FAULTS
} paylock_fault_e;


/* their names, by paylock_fault_e */

extern const char *const  paylock_fault_names[PAYLOCK_FAULTS];


typedef struct {
    paylock_fault_e  kind;
    uint64_t         seq;              /* of the entry; 0: of none */
    char             text[512];        /* a sentence; may hold control chars */
} paylock_fault_t;


typedef enum {
    PAYLOCK_WITNESS_UNSEEN = 0,
    PAYLOCK_WITNESS_FITS,
    PAYLOCK_WITNESS_DIFFERS,
    PAYLOCK_WITNESS_GIVEN_UP,          /* by an adopt */
    PAYLOCK_WITNESS_ARCHIVED           /* its entry is not looked at */
} paylock_witness_e;


/* A head that somebody outside the trail remembers. */

typedef struct {
    const char         *name;
    uint64_t            seq;
    char                chain[PAYLOCK_CHAIN_LEN + 1];
    char                hash[PAYLOCK_HASH_LEN + 1];
    paylock_witness_e   state;
    uint64_t            adopt;         /* the entry that gives it up; or 0 */
    unsigned            inside:1;      /* kept in Redis: others may write it */
} paylock_witness_t;


/* Entries that an adopt gave up. */

typedef struct {
    uint64_t                 seq;      /* of the adopt */
    const paylock_signer_t  *signer;   /* of the adopt; NULL: not known */
    paylock_adopt_t          adopt;
} paylock_given_up_t;


/* An entry in the export of one host whose contents are left out. */

typedef struct {
    uint64_t       seq;
    paylock_str_t  leaf;
    paylock_str_t  prev;
    paylock_str_t  skip;
    paylock_str_t  key;                /* of the signature; all may be empty */
    paylock_str_t  root;
    paylock_str_t  sig;
} paylock_leaf_t;


/*
 * The transaction under way: entries with the same key and request, of which
 * the last carries the signature.
 */

typedef struct {
    uint64_t       seq;                /* of its last entry so far; 0: none */
    char           key[PAYLOCK_KEY_LEN];
    unsigned char  request[32];        /* its SHA-256 */
} paylock_row_t;


typedef struct {
    char                      chain[PAYLOCK_CHAIN_LEN + 1];     /* "": any */
    const char               *realm;
    const paylock_signers_t  *signers; /* NULL: whose key it is, is not asked */
    unsigned                  path:1;  /* see paylock_verify_path() */

    paylock_witness_t        *witness; /* in the order of their seq */
    size_t                    n_witnesses;
    size_t                    next;    /* the first that is still to come */

    /* so far */

    uint64_t                  seq;     /* of the last entry; 0: none yet */
    char                      hash[PAYLOCK_HASH_LEN + 1];
    uint64_t                  first;   /* seq of the first entry */
    uint64_t                  entries; /* leaves included */
    uint64_t                  bare;    /* leaves */
    uint64_t                  plain;   /* entries without a key */
    uint64_t                  covered; /* the last entry that is signed */
    char                      covered_hash[PAYLOCK_HASH_LEN + 1];
    uint64_t                  vouched; /* ... by more than revoked keys */
    char                      root[PAYLOCK_HASH_LEN + 1];   /* signed there */
    paylock_skip_t            skip;
    paylock_skip_t            covered_skip;    /* the same at "covered" */
    uint64_t                  pinned;  /* pins are compared up to here */
    paylock_row_t             row;
    paylock_keyring_t         ring;

    paylock_given_up_t       *given_up;
    size_t                    n_given_up;
    void                     *hosts;   /* of a path, with their last entry */

    /* archives of which the trail must tell, one after the other */

    paylock_archive_t         behind;  /* the trail begins here; seq 0: at 1 */
    const paylock_archive_t  *archive; /* ... or all of it is gone through */
    size_t                    n_archives;
    size_t                    archives;        /* it has told of */
    unsigned                  whole:1; /* else it goes on from the middle */

    uint64_t                  time_first;      /* Unix milliseconds */
    uint64_t                  time_last;
    uint64_t                  time_most;       /* the latest of all */
    uint64_t                  steps_back;      /* of the clock, >= 1 s */
    uint64_t                  step_most;       /* the largest, milliseconds */
    uint64_t                  step_seq;        /* the entry behind it */

    paylock_fault_t           fault;
} paylock_verify_t;


/*
 * Begins.  What the caller knows from outside Redis: chain (NULL or "": any),
 * realm, and signers, whose signatures count (NULL: only that each signature is
 * of the key that its entry names is checked).  Realm and signers must outlive
 * the verifier.
 */

void paylock_verify_begin(paylock_verify_t *v, const char *chain,
    const char *realm, const paylock_signers_t *signers);

/*
 * paylock_verify_path.c: what comes is an export of one host: its entries, and
 * a way between them, on which each entry leads to the one before it by prev,
 * skip or resumes.
 */

void paylock_verify_path(paylock_verify_t *v);

/*
 * Notes what the adopt seq of a signer (NULL: not known) gave up.  Returns 0,
 * or -1 when out of memory.
 */

int paylock_verify_gave_up(paylock_verify_t *v, uint64_t seq,
    const paylock_adopt_t *adopt, const paylock_signer_t *signer);

/*
 * Goes on behind an entry up to which all was verified before; root is the one
 * that it signed, "" if it is not signed.
 */

void paylock_verify_from(paylock_verify_t *v, uint64_t seq,
    const char hash[PAYLOCK_HASH_LEN], const char *root);

/*
 * paylock_verify_archive.c: begins behind what this archive holds.  The trail
 * must tell of it, unless that is known.  The witnesses are given before.
 */

void paylock_verify_behind(paylock_verify_t *v,
    const char chain[PAYLOCK_CHAIN_LEN], const paylock_archive_t *a,
    int known);

/*
 * The seq of the entry before this one, as it says itself, with the hash of
 * that; 0: there is none.  An adopt may stand in front of a gap.
 */

uint64_t paylock_verify_before(const paylock_entry_t *e,
    char hash[PAYLOCK_HASH_LEN + 1]);

/*
 * Does this entry, by itself, tell of an archive?  It is whole, and signed by
 * one of the signers (NULL: that is not asked).  Sets *a.
 */

int paylock_verify_tells(const paylock_entry_t *e, const char *realm,
    const paylock_signers_t *signers, paylock_archive_t *a);

/*
 * The entries of these archives, the oldest first, are gone through before what
 * follows them: the trail must tell of each.  They must outlive the verifier,
 * and may be added one by one.
 */

void paylock_verify_archives(paylock_verify_t *v, const paylock_archive_t *a,
    size_t n);

/*
 * paylock_verify_head.c: takes an entry alone, whatever is before it: is it one
 * that carries a signature which counts?  Returns as paylock_verify_entry()
 * does; verification goes on behind it.
 */

int paylock_verify_head(paylock_verify_t *v, const paylock_entry_t *e);

/* Gives the witnesses, and sorts them.  They must outlive the verifier. */

void paylock_verify_witnesses(paylock_verify_t *v, paylock_witness_t *w,
    size_t n);

/*
 * Takes the next entry, or its leaf, or one that cannot be read (why is what
 * paylock_entry_read() returned).  Returns 0, or -1: then v->fault says what
 * is wrong, and only paylock_verify_adopt() may be called.
 */

int paylock_verify_entry(paylock_verify_t *v, const paylock_entry_t *e);
int paylock_verify_leaf(paylock_verify_t *v, const paylock_leaf_t *l);
int paylock_verify_unreadable(paylock_verify_t *v, const char *why);

/*
 * After a fault: does this entry adopt it?  before is the hash that the entry
 * in front of this one carries, good or not.  Returns 0 if it is an adopt that
 * follows that hash, resumes the last good entry, and is signed by a signer
 * that counts: verification goes on behind it.  Else -1; then what it holds is
 * compared with the witnesses.
 */

int paylock_verify_adopt(paylock_verify_t *v, const paylock_entry_t *e,
    const char *before);

/*
 * After a fault: compares what stands in the place of an entry, by its hash,
 * with the witnesses.
 */

void paylock_verify_hash(paylock_verify_t *v, const char *chain, uint64_t seq,
    const char hash[PAYLOCK_HASH_LEN]);

/*
 * paylock_verify_pin.c: does an adopt, an entry of that chain, give up what is
 * pinned?  What it says of another chain excuses nothing.  A pin that names no
 * chain is of that of the adopt, or is the very entry that the adopt names.
 */

int paylock_verify_excuses(const paylock_adopt_t *a,
    const char chain[PAYLOCK_CHAIN_LEN], const paylock_pin_t *pin);

/* Takes the end of the trail, or a checkpoint that stands here.  As above. */

int paylock_verify_end(paylock_verify_t *v);
int paylock_verify_checkpoint(paylock_verify_t *v,
    const paylock_checkpoint_t *c);

/*
 * After the end: compares the trail with a witness.  fault->kind is
 * PAYLOCK_FAULT_NONE if they agree.  An entry that was given up is a fault.
 */

void paylock_verify_witness(const paylock_verify_t *v,
    const paylock_witness_t *w, paylock_fault_t *fault);

/* Frees what the verifier has allocated. */

void paylock_verify_free(paylock_verify_t *v);

/* Is this the action of the entry? */

int paylock_verify_is(const paylock_entry_t *e, const char *action);

/* Sets v->fault.  Returns -1. */

int paylock_verify_bad(paylock_verify_t *v, paylock_fault_e kind,
    uint64_t seq, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));


#endif /* _PAYLOCK_VERIFY_H_INCLUDED_ */
