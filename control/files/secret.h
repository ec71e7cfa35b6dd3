
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Secrets from files and from terminals; each is to be freed by
 * settings_wipe().
 */


#ifndef _SECRET_H_INCLUDED_
#define _SECRET_H_INCLUDED_


#include "commands.h"


/*
 * The first line of a file that others cannot read; what is the setting that
 * names it, thing what it holds.  Returns a status.
 */

int secret_read(admin_t *a, const char *path, const char *what,
    const char *thing, char **secret);

/*
 * What is typed on the terminal without being shown; the question ends
 * without a colon.  Returns a status; standard input is a terminal.
 */

int secret_ask(admin_t *a, const char *question, char **secret);


#endif /* _SECRET_H_INCLUDED_ */
