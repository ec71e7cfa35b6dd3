
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The users of Redis, for nginx and for paylock-admin.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/acl.h"
#include "records/nodes.h"
#include "setup/setup.h"
#include "setup/user_rights.h"
#include "trail/actor.h"


static int users_look(setup_t *s, setup_user_t *user);
static int users_compare(setup_t *s, setup_user_t *user,
    const redisReply *there);
static int users_make(setup_t *s, setup_user_t *user);
static int users_default(setup_t *s);
static int users_delete_look(setup_t *s, setup_user_t *user);
static int users_others(setup_t *s, size_t *n);


int
setup_users_look(setup_t *s)
{
    if (acl_prefix(s->admin) != STATUS_DONE
        || users_look(s, &s->nginx) != STATUS_DONE
        || users_look(s, &s->op) != STATUS_DONE)
    {
        return s->ctl->error.status;
    }

    /* the settings are written when Redis keeps its users, see setup.c */

    if (json_array_size(s->changes) || (s->op.own && !s->configured)) {
        setup_change(s, s->aclfile ? "ACL SAVE: Redis writes its users to its "
                                     "aclfile"
                                   : "CONFIG REWRITE: Redis writes its users "
                                     "to its configuration");
    }

    return users_default(s);
}


static int
users_look(setup_t *s, setup_user_t *user)
{
    int          status;
    redisReply  *there;

    if (!user->own) {
        return STATUS_DONE;
    }

    there = user_rights_get(s, user);

    if (there == NULL) {
        return s->ctl->error.status;
    }

    if (there->type == REDIS_REPLY_NIL) {
        setup_change(s, "make the user %s of Redis", user->name);
        status = STATUS_DONE;

    } else {
        status = users_compare(s, user, there);
    }

    freeReplyObject(there);

    return status;
}


/* A user with another password is somebody else's. */

static int
users_compare(setup_t *s, setup_user_t *user, const redisReply *there)
{
    int          same;
    char         hash[ACL_HASH];
    redisReply  *copy;

    *hash = '\0';

    if (user->there && user_rights_hash(s, user, hash) != STATUS_DONE) {
        return s->ctl->error.status;
    }

    if (*hash == '\0' || !user_rights_has(there, hash)) {
        return error_set(&s->ctl->error, STATUS_FAILED, "user",
                         "if a setup on another machine made it, copy that "
                         "file of there to here; if nobody needs this user, "
                         "remove it with \"redis-cli ACL DELUSER NAME\"",
                         "Redis at %s has a user \"%s\" already, and its "
                         "password is not in \"%s\"", s->ctl->settings.where,
                         user->name, user->file);
    }

    user->made = 1;

    if (user_rights_copy(s, user, hash, &copy) != STATUS_DONE) {
        return s->ctl->error.status;
    }

    same = user_rights_same(there, copy);
    freeReplyObject(copy);

    if (!same) {
        user->made = 0;
        setup_change(s, "give the user %s of Redis the rights that it needs",
                     user->name);
    }

    return STATUS_DONE;
}


/* First what fails if Redis cannot keep them. */

int
setup_users_apply(setup_t *s)
{
    int  needed;

    needed = (s->nginx.own && !s->nginx.made) || (s->op.own && !s->op.made);

    if (setup_save(s, 1, needed) != STATUS_DONE
        || users_make(s, &s->nginx) != STATUS_DONE
        || users_make(s, &s->op) != STATUS_DONE)
    {
        return s->ctl->error.status;
    }

    return needed ? setup_save(s, 1, 1) : STATUS_DONE;
}


int
setup_users_lines(setup_t *s)
{
    char    hash[ACL_HASH], *line;
    size_t  i;

    setup_user_t  *users[] = { &s->nginx, &s->op };

    for (i = 0; i < 2; i++) {

        if (!users[i]->own || users[i]->made) {
            continue;
        }

        if (user_rights_hash(s, users[i], hash) != STATUS_DONE) {
            return s->ctl->error.status;
        }

        line = acl_of(users[i]->name, hash,
                      s->ctl->settings.value[SET_PREFIX]);

        /* a configuration has "user" in the place of "ACL SETUSER" */

        if (line == NULL
            || json_array_append_new(s->by_hand,
                                     json_sprintf("user %s", line
                                                  + sizeof("ACL SETUSER")))
               != 0)
        {
            free(line);
            return control_no_memory(s->ctl);
        }

        free(line);
    }

    return STATUS_DONE;
}


static int
users_make(setup_t *s, setup_user_t *user)
{
    int             status;
    char            hash[ACL_HASH];
    redisReply     *reply;
    acl_command_t   c;

    if (!user->own || user->made) {
        return STATUS_DONE;
    }

    if (user_rights_hash(s, user, hash) != STATUS_DONE
        || user_rights_command(s, user->name, user->name, hash, &c)
           != STATUS_DONE)
    {
        return s->ctl->error.status;
    }

    reply = redis_queue_argv(s->ctl->redis, c.n, c.arg, NULL) == 0
            && redis_send(s->ctl->redis) == 0
            ? redis_reply(s->ctl->redis) : NULL;

    status = reply == NULL ? s->ctl->error.status
             : reply->type != REDIS_REPLY_ERROR ? STATUS_DONE
             : error_set(&s->ctl->error, STATUS_FAILED, "user", NULL,
                         "Redis at %s does not make the user \"%s\": %.300s",
                         s->ctl->settings.where, user->name, reply->str);

    freeReplyObject(reply);
    free(c.line);

    return status;
}


/* Who needs no password may write what they want; nginx goes by signers. */

static int
users_default(setup_t *s)
{
    size_t             i;
    redisReply        *reply;
    const redisReply  *flags;

    reply = setup_ask(s, "ACL", "GETUSER", "default", NULL);

    if (reply == NULL) {
        return s->ctl->error.status;
    }

    flags = user_rights_field(reply, "flags");

    for (i = 0; flags && i < flags->elements; i++) {
        if (flags->element[i]->str
            && strcmp(flags->element[i]->str, "nopass") == 0)
        {
            control_warn(s->ctl, "default_user", "", "give it a password, "
                         "unless other programs use this Redis without one: "
                         "see redis.md, Access rights",
                         "the user \"default\" of Redis needs no password: "
                         "whoever can connect to it can hinder changes, but "
                         "open or close nothing without a key of a signer");
        }
    }

    freeReplyObject(reply);

    return STATUS_DONE;
}


int
setup_users_undo_look(setup_t *s)
{
    size_t  others;

    if (users_others(s, &others) != STATUS_DONE) {
        return s->ctl->error.status;
    }

    if (others) {
        s->users_stay = 1;
        control_warn(s->ctl, "nodes", "", "undo there first, then here again; "
                     "\"paylock-admin nodes\" lists them",
                     "%zu other node%s of nginx use%s this Redis: its users "
                     "stay", others, others == 1 ? "" : "s",
                     others == 1 ? "s" : "");
        return STATUS_DONE;
    }

    if (users_delete_look(s, &s->nginx) != STATUS_DONE
        || users_delete_look(s, &s->op) != STATUS_DONE)
    {
        return s->ctl->error.status;
    }

    if (json_array_size(s->changes) == 0) {
        return STATUS_DONE;
    }

    return setup_aclfile(s);
}


static int
users_delete_look(setup_t *s, setup_user_t *user)
{
    char         hash[ACL_HASH];
    redisReply  *there;

    if (!user->there) {
        return STATUS_DONE;
    }

    if (user_rights_hash(s, user, hash) != STATUS_DONE
        || (there = user_rights_get(s, user)) == NULL)
    {
        return s->ctl->error.status;
    }

    user->made = user_rights_has(there, hash);
    freeReplyObject(there);

    if (user->made) {
        setup_change(s, "remove the user %s of Redis", user->name);
    }

    return STATUS_DONE;
}


int
setup_users_undo(setup_t *s)
{
    if ((s->nginx.made
         && setup_tell(s, "ACL", "DELUSER", s->nginx.name, NULL)
            != STATUS_DONE)
        || (s->op.made
            && setup_tell(s, "ACL", "DELUSER", s->op.name, NULL)
               != STATUS_DONE))
    {
        return s->ctl->error.status;
    }

    return setup_save(s, 1, 0);
}


/* Live nodes that are not this machine's. */

static int
users_others(setup_t *s, size_t *n)
{
    char      machine[ACTOR_MACHINE];
    size_t    i;
    nodes_t   nodes;

    *n = 0;
    actor_machine(machine);

    if (nodes_read(s->ctl, &nodes) != STATUS_DONE) {
        return s->ctl->error.status;
    }

    for (i = 0; i < nodes.n; i++) {
        *n += !nodes.node[i].silent && nodes.node[i].why == NULL
              && strcasecmp(nodes.node[i].name,
                            *s->node ? s->node : machine) != 0;
    }

    nodes_free(&nodes);

    return STATUS_DONE;
}
