
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What a site really answers: one GET over HTTP/1.1, of which the head is
 * read.  Redirects are told of and not followed.
 */


#ifndef _PROBE_H_INCLUDED_
#define _PROBE_H_INCLUDED_


#include <jansson.h>

#include "cli/admin.h"


/* Is the value of --probe a URL?  Returns a status. */

int probe_check(admin_t *a);

/*
 * Asks the URL of --probe for a host, and compares the answer with the stage
 * that should hold.  Prints what it was, and adds the member "probe" to the
 * object of the host.  Returns a status: failed, if they differ.
 */

int probe(admin_t *a, const char *host, const char *stage, json_t *object);


#endif /* _PROBE_H_INCLUDED_ */
