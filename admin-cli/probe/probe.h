
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Asks a site what it answers: one GET over HTTP/1.1, of which the head is
 * read.  Redirects are reported, not followed.
 */


#ifndef _PROBE_H_INCLUDED_
#define _PROBE_H_INCLUDED_


#include <jansson.h>

#include "cli/admin.h"


/* Checks that the value of --probe is a URL.  Returns a status. */

int probe_check(admin_t *a);

/*
 * Requests the URL of --probe for a host, and compares the answer with the
 * stage that should hold.  Prints the result, and adds it to the object as the
 * member "probe".  Returns a status: STATUS_FAILED if they differ.
 */

int probe(admin_t *a, const char *host, const char *stage, json_t *object);


#endif /* _PROBE_H_INCLUDED_ */
