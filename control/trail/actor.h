
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Who acts, and where.
 */


#ifndef _ACTOR_H_INCLUDED_
#define _ACTOR_H_INCLUDED_


#include "context/control.h"


#define ACTOR_MACHINE  256


/*
 * Who acts: the setting, else who called sudo, else the login name.  Returns
 * a status.
 */

int actor_name(control_t *ctl, const char **actor);

/* The name of this machine. */

void actor_machine(char name[ACTOR_MACHINE]);


#endif /* _ACTOR_H_INCLUDED_ */
