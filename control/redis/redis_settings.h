
/*
 * Copyright (C) 2026 paylock contributors
 *
 * How Redis is reached, by the settings: the URL, the password, the keys.
 */


#ifndef _REDIS_SETTINGS_H_INCLUDED_
#define _REDIS_SETTINGS_H_INCLUDED_


#include "commands.h"


/* Fills what follows from the values set.  Returns a status. */

int access_load(admin_t *a);


#endif /* _REDIS_SETTINGS_H_INCLUDED_ */
