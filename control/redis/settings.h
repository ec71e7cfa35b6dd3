
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Settings of the library: where Redis is, how to connect, and the actor.
 */


#ifndef _SETTINGS_H_INCLUDED_
#define _SETTINGS_H_INCLUDED_


#include "base/error.h"
#include "paylock_url.h"


typedef enum {
    SET_REDIS = 0,
    SET_PREFIX,
    SET_USERNAME,
    SET_PASSWORD,
    SET_PASSWORD_FILE,
    SET_ACTOR,
    SET_KEY,
    SET_PASSPHRASE_FILE,
    SET_SIGNERS,
    SET_REALM,
    SET_TOKENS,
    SET_WRITER,
    SET_PANEL,
    SET_TLS_CA,
    SET_TLS_CERT,
    SET_TLS_KEY,
    SET_TLS_NAME,
    SET_N
} setting_e;


typedef struct settings_s  settings_t;


struct settings_s {
    char           *value[SET_N];      /* allocated; NULL: not set */

    /* derived from the values */

    paylock_url_t   url;
    const char     *username;          /* NULL: none */
    const char     *password;
    const char     *realm;             /* what is signed is for this one only */

    char           *where;             /* the URL without credentials */
    char           *locks;             /* keys in Redis, with the prefix */
    char           *audit;
    char           *nodes;
    char           *requests;
    char           *root;
};


/*
 * Parses value[SET_REDIS], which must be set, and sets s->url and s->where.
 * Error messages call the URL "name" and never show it, as it may hold a
 * password.  Returns a status.
 */

int settings_parse_url(settings_t *s, const char *name, error_info_t *error);

/*
 * Sets the other derived members: username and password, unless they are set
 * already, the realm and the keys.  Reads the password file; checks the
 * settings of TLS.  Returns a status.
 */

int settings_complete(settings_t *s, error_info_t *error);

/* Wipes and frees the settings. */

void settings_free(settings_t *s);


#endif /* _SETTINGS_H_INCLUDED_ */
