
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Reads the settings: command line, then PAYLOCK_*, then the user's
 * configuration, then the machine's.
 */


#ifndef _CLI_SETTINGS_H_INCLUDED_
#define _CLI_SETTINGS_H_INCLUDED_


#include "redis/settings.h"


/* where a value is from; the first wins */

typedef enum {
    SETTINGS_COMMAND = 0,
    SETTINGS_ENVIRONMENT,
    SETTINGS_USER,
    SETTINGS_HOST,
    SETTINGS_DEFAULT
} settings_rank_e;


typedef struct {
    const char  *name;                 /* in a configuration file */
    const char  *environment;          /* variable */
    int          option;               /* option_e; -1: none */
} setting_name_t;


/* Where the values are from; the arrays of files are by rank. */

typedef struct {
    settings_rank_e  rank[SET_N];
    char            *file[SETTINGS_DEFAULT];   /* file read; NULL: none */
    char            *redis[SETTINGS_DEFAULT];  /* URL in the file */
} settings_from_t;


typedef struct admin_s  admin_t;


extern const setting_name_t  settings_names[SET_N];


/*
 * Reads the settings to a->ctl->settings, after the options are parsed.
 * Returns a status.
 */

int settings_load(admin_t *a);

void settings_from_free(settings_from_t *from);

/*
 * Sets a value unless it is set already: the sources must be read in the order
 * of their ranks.  Returns a status.
 */

int settings_put(admin_t *a, setting_e s, const char *value,
    settings_rank_e rank);

/* Is the value a password, or a URL with one? */

int settings_is_secret(setting_e s, const char *value);

/*
 * settings_file.c: reads the settings of a file; must: 0 if it may be missing.
 * Returns a status.
 */

int settings_file(admin_t *a, const char *path, int must,
    settings_rank_e rank);

/*
 * settings_secrets.c: parses the URL; drops secrets of a configuration that is
 * for another Redis; chooses the user and the password.  Returns a status.
 */

int settings_secrets(admin_t *a);


#endif /* _CLI_SETTINGS_H_INCLUDED_ */
