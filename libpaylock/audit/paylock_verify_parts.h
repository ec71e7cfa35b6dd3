
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What the files of the verifier share.
 */


#ifndef _PAYLOCK_VERIFY_PARTS_H_INCLUDED_
#define _PAYLOCK_VERIFY_PARTS_H_INCLUDED_


#include "paylock_verify.h"


/* An entry as a link of the chain. */

typedef struct {
    uint64_t                seq;
    const char             *chain;
    const char             *prev;
    const char             *skip;
    const char             *hash;
    unsigned                init:1;
    unsigned                sig:1;     /* it carries a signature */
    const paylock_adopt_t  *adopt;     /* NULL: it is none */
} paylock_link_t;


/* All of these return 0, or -1 with v->fault set. */

/* Does the entry follow the one before it, or on a path lead to it? */

int paylock_verify_place(paylock_verify_t *v, const paylock_link_t *l);

/* Does its skip lead to the entry that it must lead to, if that is known? */

int paylock_verify_skip(paylock_verify_t *v, const paylock_link_t *l);

/* Goes on behind an entry that is good. */

void paylock_verify_accept(paylock_verify_t *v, const paylock_link_t *l);

/*
 * paylock_verify_path.c: does it lead to the line before?  Is that line's the
 * entry of this host before it, so that none is left out?
 */

int paylock_verify_way(paylock_verify_t *v, const paylock_link_t *l);
int paylock_verify_prior(paylock_verify_t *v, const paylock_entry_t *e);
void paylock_verify_hosts_free(paylock_verify_t *v);

/* paylock_verify_sign.c: does the entry belong to the transaction under way? */

int paylock_verify_row(paylock_verify_t *v, const paylock_entry_t *e);

/* The key that the entry names, if it counts; *key is NULL if it names none. */

int paylock_verify_key(paylock_verify_t *v, const paylock_entry_t *e,
    paylock_key_t **key);

/* The key of these hex digits, if it counts at seq. */

int paylock_verify_usable(paylock_verify_t *v, uint64_t seq, const char *hex,
    paylock_key_t **key);

/*
 * Is it the key's signature of the entry's hash and of that root?  An entry
 * without a signature has no root.
 */

int paylock_verify_sig(paylock_verify_t *v, const paylock_link_t *l,
    const paylock_key_t *key, const paylock_str_t *root,
    const paylock_str_t *sig);

/*
 * paylock_verify_pin.c: is the entry what the signers file says that stands
 * there?  Are those there that it passes over, or did its adopt give them up?
 * signer is that of an adopt.  The second is for the end of the trail.
 */

int paylock_verify_pins(paylock_verify_t *v, const paylock_link_t *l,
    const paylock_signer_t *signer);
int paylock_verify_pins_end(paylock_verify_t *v);

/* paylock_verify_adopt.c: notes what an adopt gives up; -1: out of memory. */

int paylock_verify_give_up(paylock_verify_t *v, const paylock_link_t *l,
    const paylock_signer_t *signer);

/*
 * paylock_verify_archive.c: is it the archive of which the trail must tell
 * here?  The second notes that it did, the third the same for an entry that is
 * bad or given up, the fourth is for the end of the trail.
 */

int paylock_verify_archive(paylock_verify_t *v, const paylock_entry_t *e,
    const paylock_archive_t *a);
void paylock_verify_archive_told(paylock_verify_t *v,
    const paylock_archive_t *a);
void paylock_verify_archive_stands(paylock_verify_t *v,
    const paylock_entry_t *e);
int paylock_verify_archives_end(paylock_verify_t *v);

/* paylock_verify_witness.c: compares an entry with the witnesses. */

void paylock_verify_seen(paylock_verify_t *v, const paylock_link_t *l);

/* The entries after seq, which no signature covered, are given up. */

void paylock_verify_dropped(paylock_verify_t *v, uint64_t seq);

/* Compares the contents of an entry that is not good with the witnesses. */

void paylock_verify_stands(paylock_verify_t *v, const paylock_entry_t *e);


#endif /* _PAYLOCK_VERIFY_PARTS_H_INCLUDED_ */
