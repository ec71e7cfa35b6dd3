
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The users of Redis for paylock and their rights.
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

/* the users that nginx and paylock-admin log in as */

#define ACL_NGINX  "paylock-nginx"
#define ACL_OP     "paylock-op"

#define ACL_HASH   (PAYLOCK_HASH_LEN + 1)

/* The SHA-256 of a password.  Returns a status. */

int acl_hash(admin_t *a, const char *password, char hash[ACL_HASH]);

/*
 * Fails if the prefix in the settings has characters that are special in a
 * pattern.  Returns a status.
 */

int acl_prefix(admin_t *a);

/* The command for one of the users, allocated; NULL: out of memory. */

char *acl_of(const char *user, const char *hash, const char *prefix);


#endif /* _ACL_H_INCLUDED_ */

