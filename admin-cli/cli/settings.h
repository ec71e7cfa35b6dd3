
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


#define SETTINGS_FILE  "/etc/paylock/config"


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


/* where a value is from; the lowest wins */

typedef enum {
    SETTINGS_COMMAND = 0,
    SETTINGS_ENVIRONMENT,
    SETTINGS_USER,
    SETTINGS_HOST,
    SETTINGS_DEFAULT
} settings_rank_e;


typedef struct {
    const char  *name;                 /* in a file */
    const char  *environment;
    int          option;               /* -1: none */
} setting_name_t;


typedef struct settings_s  settings_t;
typedef struct admin_s     admin_t;


struct settings_s {
    char           *value[SET_N];
    settings_rank_e rank[SET_N];

    char           *file[SETTINGS_DEFAULT];    /* that was read; NULL: none */
    char           *redis[SETTINGS_DEFAULT];   /* the URL that is in it */

    paylock_url_t   url;
    const char     *username;          /* NULL: none */
    const char     *password;

    char           *where;             /* the URL without credentials */
    char           *locks;             /* keys, with the prefix */
    char           *audit;
    char           *nodes;
};


extern const setting_name_t  settings_names[SET_N];


/* Reads the settings, a->opt being known.  Returns a status. */

int settings_load(admin_t *a);

/* Frees the settings, wiping the password first. */

void settings_free(settings_t *s);


/* Sets a value unless it is set: ranks come in their order. */

int settings_put(admin_t *a, setting_e s, const char *value,
    settings_rank_e rank);

/* Is it, or does it hold, a password? */

int settings_is_secret(setting_e s, const char *value);

/*
 * settings_file.c: reads the settings of a file, which must be there or need
 * not.  Returns a status.
 */

int settings_file(admin_t *a, const char *path, int must,
    settings_rank_e rank);

/* Refuses a file that holds a secret and is there for everybody. */

int settings_private(admin_t *a, int fd, const char *path, const char *what);

/* Frees a secret, NULL being none. */

void settings_wipe(char *secret);

/*
 * Puts the path of a file of the user's together: name behind the directory
 * that an XDG variable holds, or behind fallback at home.  Returns 0, or -1
 * if it is too long.
 */

int settings_path(char *path, size_t size, const char *variable,
    const char *fallback, const char *name);

/*
 * Makes the directories of a path, up to its last slash; the last is the
 * user's alone.  Returns 0, or -1.
 */

int settings_directory(char *path);


#endif /* _SETTINGS_H_INCLUDED_ */
