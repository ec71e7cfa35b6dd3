
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The keys that passes are made with, and their file.  The format is written
 * down in docs/passes.md.
 */


#ifndef _PAYLOCK_PASS_KEY_H_INCLUDED_
#define _PAYLOCK_PASS_KEY_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define PAYLOCK_PASS_KID     16        /* of A-Za-z0-9._- */
#define PAYLOCK_PASS_SECRET  64        /* bytes of a key, at most */
#define PAYLOCK_PASS_LEAST   32
#define PAYLOCK_PASS_KEYS    16
#define PAYLOCK_PASS_MAC     32
#define PAYLOCK_PASS_FILE    4096      /* of a key file, at most */


/* what a token is for; it is good for nothing else */

typedef enum {
    PAYLOCK_PASS_LINK = 0,
    PAYLOCK_PASS_COOKIE,
    PAYLOCK_PASS_PURPOSES
} paylock_pass_purpose_e;


typedef struct {
    char           kid[PAYLOCK_PASS_KID];      /* not terminated */
    uint8_t        kid_len;
    unsigned char  key[PAYLOCK_PASS_PURPOSES][PAYLOCK_PASS_MAC];
} paylock_pass_key_t;


typedef struct {
    size_t              n;
    paylock_pass_key_t  key[PAYLOCK_PASS_KEYS];    /* the first signs */
} paylock_pass_keys_t;


/*
 * Reads a key file: lines of kid:base64.  Returns NULL, or why it is none, as
 * a static text that fits behind 'line N '; *line is the line then.  What is
 * in *keys is secret.
 */

const char *paylock_pass_keys(const char *text, size_t len,
    paylock_pass_keys_t *keys, size_t *line);

/* Writes a line of a key file, at most PAYLOCK_PASS_LINE with the zero. */

#define PAYLOCK_PASS_LINE  (PAYLOCK_PASS_KID + 1 + 88 + 2)

void paylock_pass_line(const char *kid, const unsigned char *secret,
    size_t len, char line[PAYLOCK_PASS_LINE]);

/* The key of this id; NULL if there is none. */

const paylock_pass_key_t *paylock_pass_find(const paylock_pass_keys_t *keys,
    const char *kid, size_t len);


#endif /* _PAYLOCK_PASS_KEY_H_INCLUDED_ */
