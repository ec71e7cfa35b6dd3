
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What a control plane is given: where Redis is, how it is reached, who acts.
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
    SET_TLS_CA,
    SET_TLS_CERT,
    SET_TLS_KEY,
    SET_TLS_NAME,
    SET_N
} setting_e;


typedef struct settings_s  settings_t;


struct settings_s {
    char           *value[SET_N];      /* allocated; NULL: not set */

    /* what follows from them */

    paylock_url_t   url;
    const char     *username;          /* NULL: none */
    const char     *password;

    char           *where;             /* the URL without credentials */
    char           *locks;             /* keys, with the prefix */
    char           *audit;
    char           *nodes;
};


/*
 * Parses the URL, which is set, and makes s->where of it.  Returns a status;
 * the error calls it by that name, and never tells it: it may hold a password.
 */

int settings_parse_url(settings_t *s, const char *name, error_info_t *error);

/*
 * Makes the rest of what follows from the values: the user and the password,
 * unless they are set already, and the keys.  Reads the password file, and
 * checks that of TLS.  Returns a status.
 */

int settings_complete(settings_t *s, error_info_t *error);

/* Frees the settings, wiping what they hold first. */

void settings_free(settings_t *s);


#endif /* _SETTINGS_H_INCLUDED_ */
