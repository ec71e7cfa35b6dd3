
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Reads settings from the environment and from files.
 */


#ifndef _SETTINGS_READ_H_INCLUDED_
#define _SETTINGS_READ_H_INCLUDED_


#include "context/control.h"


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
} setting_name_t;


/* Where the values are from; the arrays of files are by rank. */

typedef struct {
    settings_rank_e  rank[SET_N];
    char            *file[SETTINGS_DEFAULT];   /* file read; NULL: none */
    char            *redis[SETTINGS_DEFAULT];  /* URL in the file */
} settings_from_t;


extern const setting_name_t  settings_names[SET_N];


/*
 * Sets a value unless it is set already: the sources must be read in the order
 * of their ranks.  Returns a status.
 */

int settings_put(control_t *ctl, settings_from_t *from, setting_e s,
    const char *value, settings_rank_e rank);

/* Reads the variables PAYLOCK_*.  Returns a status. */

int settings_environment(control_t *ctl, settings_from_t *from);

/*
 * settings_file.c: reads the settings of a file; must: 0 if it may be missing.
 * Returns a status.
 */

int settings_file(control_t *ctl, settings_from_t *from, const char *path,
    int must, settings_rank_e rank);

/*
 * settings_secrets.c, after all sources: parses the URL; drops secrets of a
 * configuration that is for another Redis; chooses the user and the password.
 * settings_complete() is next.  Returns a status.
 */

int settings_secrets(control_t *ctl, settings_from_t *from);

/*
 * For a server: the environment and one file, which must be there; completes
 * them.  What was put before wins.  Returns a status.
 */

int settings_of_server(control_t *ctl, settings_from_t *from,
    const char *path);

/* Is the value a password, or a URL with one? */

int settings_is_secret(setting_e s, const char *value);

void settings_from_free(settings_from_t *from);


#endif /* _SETTINGS_READ_H_INCLUDED_ */
