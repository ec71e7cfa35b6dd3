
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Reads the settings: command line, then PAYLOCK_*, then the user's
 * configuration, then the machine's.
 */


#ifndef _CLI_SETTINGS_H_INCLUDED_
#define _CLI_SETTINGS_H_INCLUDED_


typedef struct admin_s  admin_t;


/*
 * Reads the settings to a->ctl->settings, after the options are parsed.
 * Returns a status.
 */

int settings_load(admin_t *a);


#endif /* _CLI_SETTINGS_H_INCLUDED_ */
