
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The signers file, which says whose signatures count.  A line is
 *
 *     NAME KEY [from=SEQ] [until=SEQ:HASH[:CHAIN]] [may=ACTION,...]
 *     pin SEQ:HASH[:CHAIN]
 *
 * or blank; "#" at the beginning of a line or after white space begins a
 * comment.
 */


#ifndef _PAYLOCK_SIGNERS_H_INCLUDED_
#define _PAYLOCK_SIGNERS_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "paylock_field.h"
#include "paylock_str.h"


#define PAYLOCK_SIGNER_NAME         64     /* bytes of a name, at most */
#define PAYLOCK_SIGNERS_LINE        1000   /* bytes of a line, at most */
#define PAYLOCK_SIGNERS_LINES       10000  /* lines, at most */


/* What the entry seq has to be. */

typedef struct {
    uint64_t   seq;                    /* 0: nothing is said */
    char       hash[PAYLOCK_HASH_LEN + 1];
    char       chain[PAYLOCK_CHAIN_LEN + 1];   /* "": it is not said */
    unsigned   line;                   /* of the file, from 1 on */
} paylock_pin_t;


typedef struct {
    char           name[PAYLOCK_SIGNER_NAME + 1];
    char           key[PAYLOCK_KEY_LEN + 1];
    EVP_PKEY      *public;
    uint64_t       from;               /* first entry; 0: no limit */
    paylock_pin_t  until;              /* last entry; seq 0: no limit */

    /* bits by the order of paylock_signer_actions; 0: everything */

    unsigned       may;
    unsigned       line;
} paylock_signer_t;


/* All zero is a file without lines. */

typedef struct {
    paylock_signer_t        *signer;   /* in the order of the file */
    size_t                   n;
    paylock_pin_t           *pin;
    size_t                   n_pins;

    const paylock_signer_t **by_key;   /* sorted, n */
} paylock_signers_t;


/* the actions that "may" can name; NULL ends them */

extern const char *const  paylock_signer_actions[];


/*
 * Reads a file of len bytes; *s is overwritten.  Returns NULL, or why it is no
 * signers file, as a static text that fits behind 'line N of "FILE" … ', and
 * sets *line to N; *s holds nothing then.  No signer at all is no error.
 */

const char *paylock_signers_read(const char *text, size_t len,
    paylock_signers_t *s, unsigned *line);

void paylock_signers_free(paylock_signers_t *s);

/* The signer with this key; NULL: there is none. */

const paylock_signer_t *paylock_signers_find(const paylock_signers_t *s,
    const char key[PAYLOCK_KEY_LEN]);

/* May the signer sign entries with this action?  1 yes, 0 no. */

int paylock_signer_may(const paylock_signer_t *signer, paylock_str_t action);

/*
 * Returns NULL, or why this is no name of a signer, as a static text that fits
 * behind 'line N … '.
 */

const char *paylock_signer_name(paylock_str_t name);

/*
 * Takes off the next word of a line; empty at its end, and where a comment
 * begins.
 */

paylock_str_t paylock_signers_word(paylock_str_t *line);


#endif /* _PAYLOCK_SIGNERS_H_INCLUDED_ */
