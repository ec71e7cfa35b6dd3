
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Reads the settings: command line, then PAYLOCK_*, then the user's
 * configuration, then the machine's.
 */


#ifndef _CLI_SETTINGS_H_INCLUDED_
#define _CLI_SETTINGS_H_INCLUDED_


#include "redis/settings.h"


#define SETTINGS_FILE  "/etc/paylock/config"


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


/* Where the values are from. */

typedef struct {
    settings_rank_e  rank[SET_N];
    char            *file[SETTINGS_DEFAULT];   /* that was read; NULL: none */
    char            *redis[SETTINGS_DEFAULT];  /* the URL that is in it */
} settings_from_t;


typedef struct admin_s  admin_t;


extern const setting_name_t  settings_names[SET_N];


/*
 * Reads the settings to a->ctl->settings, the options being known.  Returns a
 * status.
 */

int settings_load(admin_t *a);

void settings_from_free(settings_from_t *from);

/* Sets a value unless it is set: ranks come in their order.  A status. */

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

/*
 * settings_secrets.c: parses the URL; keeps secrets of one configuration from
 * the Redis of another; decides which user and password count.  A status.
 */

int settings_secrets(admin_t *a);


#endif /* _CLI_SETTINGS_H_INCLUDED_ */
