
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The rights of a user of Redis, as ACL GETUSER tells them.
 */


#ifndef _USER_RIGHTS_H_INCLUDED_
#define _USER_RIGHTS_H_INCLUDED_


#include "cli/acl.h"
#include "setup/setup.h"


#define USER_RIGHTS_ARGS  128


typedef struct {
    char        *line;                 /* what the arguments point into */
    size_t       n;
    const char  *arg[USER_RIGHTS_ARGS];
} acl_command_t;


/*
 * The command of "init --acl" for the user "name", to be given to "user", which
 * may be another one.  The caller frees c->line.  Returns a status.
 */

int user_rights_command(setup_t *s, const char *name, const char *user,
    const char *hash, acl_command_t *c);

/*
 * Sets *reply to what Redis would say of the user with the rights that it
 * should have.  Each version of Redis writes them in another way, so a copy is
 * made and removed in one transaction, in which nobody else sees it.  Returns
 * a status.
 */

int user_rights_copy(setup_t *s, const setup_user_t *user, const char *hash,
    redisReply **reply);

/* What Redis says of the user; type nil: there is none.  NULL: an error. */

redisReply *user_rights_get(setup_t *s, const setup_user_t *user);

/* The SHA-256 of the password in the user's file.  Returns a status. */

int user_rights_hash(setup_t *s, const setup_user_t *user,
    char hash[ACL_HASH]);

int user_rights_same(const redisReply *one, const redisReply *two);

/* Has the user the password with this SHA-256? */

int user_rights_has(const redisReply *user, const char *hash);

/* The array that follows a name; NULL: none. */

const redisReply *user_rights_field(const redisReply *user, const char *name);


#endif /* _USER_RIGHTS_H_INCLUDED_ */
