
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Passes: tokens with which a client sees a locked site.  The format is written
 * down in docs/passes.md.
 */


#ifndef _PAYLOCK_PASS_H_INCLUDED_
#define _PAYLOCK_PASS_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define PAYLOCK_PASS_NAME    "paylock_pass"    /* of the argument, the cookie */
#define PAYLOCK_PASS_SECURE  "__Host-paylock_pass"

#define PAYLOCK_PASS_KID     16        /* of A-Za-z0-9._- */
#define PAYLOCK_PASS_SECRET  64        /* bytes of a key, at most */
#define PAYLOCK_PASS_LEAST   32
#define PAYLOCK_PASS_KEYS    16
#define PAYLOCK_PASS_MAC     32
#define PAYLOCK_PASS_FILE    4096      /* of a key file, at most */
#define PAYLOCK_PASS_TOKEN   76        /* characters, at most */


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


typedef struct {
    const paylock_pass_key_t  *key;
    uint32_t                   issued;         /* Unix seconds */
    uint32_t                   expires;        /* good until before that */
} paylock_pass_t;


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

/*
 * Makes a token for a host, in the form of Redis.  Returns its length, or 0
 * if the crypto library fails; it ends with a zero.
 */

size_t paylock_pass_make(const paylock_pass_t *pass,
    paylock_pass_purpose_e purpose, const char *host, size_t host_len,
    char token[PAYLOCK_PASS_TOKEN + 1]);

/*
 * Is it a token for this purpose and host, made with one of the keys, that
 * has not expired by now?  *pass is what it says then.
 */

int paylock_pass_check(const paylock_pass_keys_t *keys,
    paylock_pass_purpose_e purpose, const char *host, size_t host_len,
    const char *token, size_t len, uint32_t now, paylock_pass_t *pass);


#endif /* _PAYLOCK_PASS_H_INCLUDED_ */
