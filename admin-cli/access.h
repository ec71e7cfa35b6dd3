
/*
 * Copyright (C) 2026 paylock contributors
 *
 * How Redis is reached, by the settings: the URL, the password, the keys.
 */


#ifndef _ACCESS_H_INCLUDED_
#define _ACCESS_H_INCLUDED_


#include "command.h"


/* Fills what follows from the values set.  Returns a status. */

int access_load(admin_t *a);


#endif /* _ACCESS_H_INCLUDED_ */
