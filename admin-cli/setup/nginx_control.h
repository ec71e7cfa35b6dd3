
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The program nginx: it reads, tests and reloads its configuration itself.
 * Functions return a status.
 */


#ifndef _NGINX_CONTROL_H_INCLUDED_
#define _NGINX_CONTROL_H_INCLUDED_


#include "setup/setup.h"


/* Sets s->program; NULL: there is no nginx on this machine. */

int nginx_control_find(setup_t *s);

/* Tests the configuration, and sets *dump to all of it, allocated. */

int nginx_control_dump(setup_t *s, char **dump);

/* Sets s->node to the name by which nginx reports to Redis. */

void nginx_control_name(setup_t *s);

/*
 * Writes s->conf, and takes it back to what was before (empty: no file) if
 * nginx refuses it, or does not read the directive "needs" (NULL: none) then.
 */

int nginx_control_replace(setup_t *s, const char *text, const char *before,
    const char *needs);

/* follows: waits until the node reports that it is live. */

int nginx_control_reload(setup_t *s, int follows);

/* Has it reported that, later than so many ms by the clock of Redis? */

int nginx_control_reports(setup_t *s, uint64_t since, int *reports);


#endif /* _NGINX_CONTROL_H_INCLUDED_ */
