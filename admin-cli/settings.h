
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Settings: command line, then PAYLOCK_*, then the user's configuration,
 * then the machine's.
 */


#ifndef _SETTINGS_H_INCLUDED_
#define _SETTINGS_H_INCLUDED_


#include <stddef.h>

#include "paylock_url.h"


#define SETTINGS_FILE     "/etc/paylock/config"
#define SETTINGS_MACHINE  256


typedef enum {
    SET_REDIS = 0,
    SET_PREFIX,
    SET_USERNAME,
    SET_PASSWORD,
    SET_PASSWORD_FILE,
    SET_ACTOR,
    SET_N
} setting_e;


typedef struct settings_s  settings_t;
typedef struct admin_s     admin_t;


struct settings_s {
    char           *value[SET_N];
    unsigned        rank[SET_N];       /* 0: the command line's, and so on */

    paylock_url_t   url;
    const char     *username;          /* NULL: none */
    const char     *password;

    char           *where;             /* the URL without credentials */
    char           *locks;             /* keys, with the prefix */
    char           *audit;
};


/* Reads the settings, a->opt being known.  Returns a status. */

int settings_load(admin_t *a);

/* Frees the settings, wiping the password first. */

void settings_free(settings_t *s);

/*
 * Who acts: the setting, else who called sudo, else the login name.  Returns
 * a status.
 */

int settings_actor(admin_t *a, const char **actor);


/* The name of this machine. */

void settings_machine(char name[SETTINGS_MACHINE]);

/*
 * Puts the path of a file of the user's together: name behind the directory
 * that an XDG variable holds, or behind fallback at home.  Returns 0, or -1
 * if it is too long.
 */

int settings_path(char *path, size_t size, const char *variable,
    const char *fallback, const char *name);


#endif /* _SETTINGS_H_INCLUDED_ */
