
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The operator's key, which signs what is written to the audit trail.
 */


#ifndef _SIGNER_H_INCLUDED_
#define _SIGNER_H_INCLUDED_


#include <openssl/evp.h>

#include "paylock_audit.h"
#include "redis/settings.h"


#define SIGNER_FILE  "paylock/key.pem" /* below XDG_CONFIG_HOME */


typedef struct {
    EVP_PKEY  *key;                    /* NULL: entries are not signed */
    char       public[PAYLOCK_KEY_LEN + 1];
} signer_t;


/* Asks for the passphrase of a key file, see control_calls_t. */

typedef int (*signer_ask_pt)(void *data, const char *path, char **secret);


/*
 * Loads the key that the settings name, or else the default one if it exists;
 * having none is no error.  ask may be NULL.  Returns a status.
 */

int signer_load(signer_t *s, const settings_t *settings, signer_ask_pt ask,
    void *data, error_info_t *error);

/* Is there a key that signer_load() would read? */

int signer_there(const settings_t *settings);

/*
 * Reads the passphrase from the file that the settings name; *secret is NULL
 * if they name none.  The caller frees it with secret_free().  Returns a
 * status.
 */

int signer_passphrase(const settings_t *settings, char **secret,
    error_info_t *error);

/*
 * Sets key, in hex, to a public key that text gives as hex digits or as the
 * path of a PEM file.  Returns a status.
 */

int signer_subject(const char *text, char key[PAYLOCK_KEY_LEN + 1],
    error_info_t *error);

void signer_free(signer_t *s);


#endif /* _SIGNER_H_INCLUDED_ */
