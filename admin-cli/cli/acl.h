
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The users of Redis that paylock is made for, and what they may do.
 */


#ifndef _ACL_H_INCLUDED_
#define _ACL_H_INCLUDED_


#include "cli/admin.h"


/*
 * Prints the commands that make the users.  That of the user in the settings
 * holds the SHA-256 of its password, the others what Redis refuses.  Returns
 * a status.
 */

int acl_print(admin_t *a);


#endif /* _ACL_H_INCLUDED_ */

