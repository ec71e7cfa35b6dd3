
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The operator's key, which signs what is written to the audit trail.
 */


#ifndef _SIGNER_H_INCLUDED_
#define _SIGNER_H_INCLUDED_


#include <openssl/evp.h>

#include "paylock_audit.h"


#define SIGNER_FILE  "paylock/key.pem"     /* in XDG_CONFIG_HOME */
#define SIGNER_PEM   16384                 /* bytes of a key file, at most */


typedef struct admin_s  admin_t;


typedef struct {
    EVP_PKEY  *key;                    /* NULL: entries are not signed */
    char       public[PAYLOCK_KEY_LEN + 1];
} signer_t;


/*
 * Reads the key that the settings name, or the default one if it is there, to
 * a->signer; none is no problem.  Returns a status.
 */

int signer_load(admin_t *a);

/* The same, where there must be one. */

int signer_need(admin_t *a);

/* Is there a key that signer_load() would read? */

int signer_there(const admin_t *a);

/* The passphrase of the file that the settings name, NULL if they do not. */

int signer_passphrase(admin_t *a, char **secret);

/* A public key by its hex digits, or by a PEM file that holds it. */

int signer_subject(admin_t *a, const char *text,
    char key[PAYLOCK_KEY_LEN + 1]);

void signer_free(signer_t *s);


#endif /* _SIGNER_H_INCLUDED_ */
