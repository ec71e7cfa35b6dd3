
/*
 * Copyright (C) 2026 paylock contributors
 *
 * A connection to Redis for what is not in memory: audit trail and nodes.
 */


#ifndef _REDIS_SESSION_H_INCLUDED_
#define _REDIS_SESSION_H_INCLUDED_


#include "context/settings_read.h"
#include "paylockd/http.h"


typedef struct {
    control_t         ctl;
    settings_from_t   from;
} redis_session_t;


/*
 * Connects; an error becomes that of the request.  Returns a status; the caller
 * calls redis_session_end() in any case, with the status of what was done.
 */

int redis_session_begin(redis_session_t *s, http_request_t *r);

/* Closes it.  Returns the status, and takes its error over. */

int redis_session_end(redis_session_t *s, http_request_t *r, int status);


#endif /* _REDIS_SESSION_H_INCLUDED_ */
