
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Commands for the paylock-writer of this machine.
 */


#ifndef _WRITER_ASK_H_INCLUDED_
#define _WRITER_ASK_H_INCLUDED_


#include <jansson.h>

#include "cli/admin.h"


/*
 * Sends a command, which it frees; NULL: out of memory.  The caller frees
 * *body, which is set if it succeeds.  Returns a status.
 */

int writer_ask(admin_t *a, json_t *command, json_t **body);


#endif /* _WRITER_ASK_H_INCLUDED_ */
