
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Who acts, and where.
 */


#ifndef _ACTOR_H_INCLUDED_
#define _ACTOR_H_INCLUDED_


#include "commands.h"


#define WHO_MACHINE  256


/*
 * Who acts: the setting, else who called sudo, else the login name.  Returns
 * a status.
 */

int who_actor(admin_t *a, const char **actor);

/* The name of this machine. */

void who_machine(char name[WHO_MACHINE]);


#endif /* _ACTOR_H_INCLUDED_ */
