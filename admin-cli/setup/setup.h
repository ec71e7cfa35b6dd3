
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Sets paylock up on a machine, in steps.  Each step first looks at what is
 * there and says what it would change.  Steps are carried out in an order in
 * which nginx, Redis and paylock-admin work after each of them, and what was
 * done before is found done by the next run.
 */


#ifndef _SETUP_H_INCLUDED_
#define _SETUP_H_INCLUDED_


#include <limits.h>

#include <jansson.h>

#include "cli/admin.h"


#define SETUP_NODE  256


/* A user of Redis that setup makes, and the file of its password. */

typedef struct {
    const char  *name;
    char         file[PATH_MAX];
    unsigned     there:1;              /* that file */
    unsigned     own:1;                /* setup makes this user */
    unsigned     made:1;               /* Redis has it */
} setup_user_t;


typedef struct {
    admin_t       *admin;
    control_t     *ctl;
    json_t        *plan;               /* an array for each step */
    json_t        *changes;            /* that of the step looked at */
    json_t        *by_hand;            /* lines for who keeps Redis' settings */

    char           config[PATH_MAX];   /* the settings of paylock-admin */
    char          *config_now;         /* what is in that file */
    char           signers[PATH_MAX];
    char           key[PATH_MAX];
    setup_user_t   op;                 /* of paylock-admin */
    setup_user_t   nginx;

    char          *policy;             /* maxmemory-policy of Redis */
    unsigned       appendonly:1;
    unsigned       looked:1;
    unsigned       writing:1;          /* that file, at the first look */
    unsigned       aclfile:1;          /* Redis keeps its users in one */
    unsigned       configured:1;       /* the settings name our user */
    unsigned       users_stay:1;       /* --undo: others need them */

    char          *program;            /* nginx; NULL: none on this machine */
    char           conf[PATH_MAX];     /* the file for its directives */
    char          *dump;               /* all its configuration */
    char           node[SETUP_NODE];   /* what nginx reports as; empty: none */
    unsigned       reload:1;
    unsigned       refused:1;          /* nginx refuses its configuration */

    char           lock_file[PATH_MAX];
    int            lock;               /* -1: not held */
} setup_t;


typedef struct {
    const char  *name;
    int        (*look)(setup_t *s);    /* calls setup_change() */
    int        (*apply)(setup_t *s);   /* only if look() found any change */
} setup_step_t;


/*
 * Finds out what there is, connects to Redis as an administrator of it, and
 * lets each step look; then s->plan is complete.  The caller calls setup_end()
 * in any case.  Functions return a status where nothing else is said.
 */

int setup_begin(setup_t *s, admin_t *a);
void setup_end(setup_t *s);

/*
 * Keeps other runs out until setup_end(), and looks once more: fails if what is
 * to be done is not what the plan says any more.
 */

int setup_hold(setup_t *s);

/* Is there nothing to be changed? */

int setup_is_done(const setup_t *s);

/* Carries the plan out; each: called after a step, with its name. */

int setup_apply(setup_t *s, void (*each)(setup_t *s, const char *name));

/* Adds a change to the plan, in words. */

void setup_change(setup_t *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The steps; each pair is of one file. */

int setup_passwords_look(setup_t *s);
int setup_passwords_apply(setup_t *s);
int setup_redis_look(setup_t *s);
int setup_redis_apply(setup_t *s);
int setup_users_look(setup_t *s);
int setup_users_apply(setup_t *s);
int setup_config_look(setup_t *s);
int setup_config_apply(setup_t *s);
int setup_signers_look(setup_t *s);
int setup_signers_apply(setup_t *s);
int setup_trail_look(setup_t *s);
int setup_trail_apply(setup_t *s);
int setup_nginx_look(setup_t *s);
int setup_nginx_apply(setup_t *s);

/* Those of --undo. */

int setup_nginx_undo_look(setup_t *s);
int setup_nginx_undo(setup_t *s);
int setup_users_undo_look(setup_t *s);
int setup_users_undo(setup_t *s);
int setup_config_undo_look(setup_t *s);
int setup_config_undo(setup_t *s);
int setup_passwords_undo_look(setup_t *s);
int setup_passwords_undo(setup_t *s);

/* setup_connection.c: connects as an administrator, never as our user. */

int setup_login(setup_t *s);

/*
 * Sends a command and returns its reply, which may be an error of Redis; the
 * caller frees it.  NULL: the connection failed.
 */

redisReply *setup_ask(setup_t *s, const char *name, ...)
    __attribute__((sentinel));

/* The same for a command whose reply does not matter unless it is an error. */

int setup_tell(setup_t *s, const char *name, ...)
    __attribute__((sentinel));

/* Sets the error for a command that an administrator may give. */

int setup_denied(setup_t *s, const redisReply *reply);

/* setup_redis.c: sets s->aclfile: where Redis keeps its users. */

int setup_aclfile(setup_t *s);

/* setup_users.c: adds the users that Redis does not have to s->by_hand. */

int setup_users_lines(setup_t *s);

/*
 * Lets Redis write its settings or its users where it keeps them.  If it
 * cannot, and nothing of them is needed, there is only a warning: who made them
 * there knows where they are kept.
 */

int setup_save(setup_t *s, int users, int needed);

/* setup_config.c: reads s->config_now. */

int setup_config_read(setup_t *s);

/* Do two URLs of Redis mean the same?  Credentials do not count. */

int setup_same_url(const char *one, const char *two);

/* setup_owner.c: fails if another user may put a file of his own there. */

int setup_owner(setup_t *s, const char *path);

/* setup_nginx.c: looks for nginx and reads its configuration. */

int setup_nginx_read(setup_t *s);

/* May nginx close hosts that have no record? */

int setup_default_locked(const setup_t *s);

/* setup_trail.c: is the trail in Redis what this machine remembers? */

int setup_trail_known(setup_t *s);

/* Loads the settings again, and connects by them. */

int setup_again(setup_t *s);


#endif /* _SETUP_H_INCLUDED_ */
