
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The users of Redis for paylock and their rights, for "init --acl".
 */


#ifndef _ACL_H_INCLUDED_
#define _ACL_H_INCLUDED_


#include "cli/admin.h"


/*
 * Prints the ACL SETUSER commands.  The one for the user in the settings has
 * the SHA-256 of its password; the others have a placeholder that Redis
 * refuses.  Returns a status.
 */

int acl_print(admin_t *a);


#endif /* _ACL_H_INCLUDED_ */

