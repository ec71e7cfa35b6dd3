
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The actor and the machine that audit entries name.
 */


#ifndef _ACTOR_H_INCLUDED_
#define _ACTOR_H_INCLUDED_


#include "context/control.h"


#define ACTOR_MACHINE  256


/*
 * Sets *actor to the setting, else to the user that called sudo, else to the
 * login name; it lives as long as the settings and the environment.  Returns a
 * status.
 */

int actor_name(control_t *ctl, const char **actor);

/* Sets name to the host name of this machine. */

void actor_machine(char name[ACTOR_MACHINE]);


#endif /* _ACTOR_H_INCLUDED_ */
