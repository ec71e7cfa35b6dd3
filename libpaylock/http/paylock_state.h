
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The state file: what a node knows, for its next start.  A header, then the
 * records.  The header holds the digest of the records and is authenticated,
 * so that a reader can trust its count before it reads on.  The format is
 * written down in docs/state.md.
 */


#ifndef _PAYLOCK_STATE_H_INCLUDED_
#define _PAYLOCK_STATE_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>

#include "paylock_position.h"
#include "paylock_record.h"


#define PAYLOCK_STATE_KEY     32       /* bytes; twice as many hex digits */
#define PAYLOCK_STATE_SECRET  192
#define PAYLOCK_STATE_DIGEST  32       /* a SHA-256 */
#define PAYLOCK_STATE_TRUST   32       /* a SHA-256 */
#define PAYLOCK_STATE_HEADER  584      /* bytes in the file */
#define PAYLOCK_STATE_RECORD  (11 + 4 * PAYLOCK_TIMES + PAYLOCK_REF_MAX)


typedef struct {
    uint32_t            count;         /* records */
    uint64_t            size;          /* ... and the bytes they take */
    paylock_position_t  position;

    /* verified by signers: the root signed there, else zeros; by whom */

    char                root[PAYLOCK_HASH_LEN];
    unsigned char       trust[PAYLOCK_STATE_TRUST];

    unsigned char       secret[PAYLOCK_STATE_SECRET];   /* of the hash */
    unsigned char       digest[PAYLOCK_STATE_DIGEST];   /* of the records */
} paylock_state_t;


typedef struct {
    uint64_t            hash;          /* keyed, of the name */
    uint8_t             suffix;        /* its length, or 0 */
    uint8_t             held;
    paylock_record_t    record;
} paylock_state_record_t;


/*
 * Reads the text of a key file.  Returns NULL, or why it is none, as a static
 * text that fits behind its name.
 */

const char *paylock_state_key(const char *text, size_t len,
    unsigned char key[PAYLOCK_STATE_KEY]);

/*
 * Reads and writes the header of a file.  Reading returns NULL, or why it is
 * none of ours, as a static text that fits behind the file's name; writing
 * returns 0, or -1 if the crypto library fails.
 */

const char *paylock_state_read(const unsigned char *data, size_t len,
    const unsigned char key[PAYLOCK_STATE_KEY], paylock_state_t *state);
int paylock_state_write(const paylock_state_t *state,
    const unsigned char key[PAYLOCK_STATE_KEY],
    unsigned char data[PAYLOCK_STATE_HEADER]);

/* Do the records have the digest of the header? */

int paylock_state_intact(const paylock_state_t *state,
    const unsigned char *records, size_t len);

/*
 * Read and write a record.  Return the bytes that it takes, at most
 * PAYLOCK_STATE_RECORD; reading returns 0 if it is cut off or not valid.
 */

size_t paylock_state_record_read(const unsigned char *data, size_t len,
    paylock_state_record_t *record);
size_t paylock_state_record_write(const paylock_state_record_t *record,
    unsigned char data[PAYLOCK_STATE_RECORD]);


#endif /* _PAYLOCK_STATE_H_INCLUDED_ */
