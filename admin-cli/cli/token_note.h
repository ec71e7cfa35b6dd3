
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The entries that tell who was given what, and from whom it was taken.
 */


#ifndef _TOKEN_NOTE_H_INCLUDED_
#define _TOKEN_NOTE_H_INCLUDED_


#include "cli/admin.h"


/*
 * Connects and writes the entry; name: of the token, or that it is a session.
 * Sets *head to the entry.  Returns a status.
 */

int token_note(admin_t *a, const char *action, const char *name,
    const char *reason, head_t *head);


#endif /* _TOKEN_NOTE_H_INCLUDED_ */
