
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The connection to Redis, as an administrator of it.
 */


#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/secret_prompt.h"
#include "files/secret.h"
#include "setup/setup.h"


#define CONNECTION_ARGS   8
#define CONNECTION_MAJOR  7            /* least major version */


static void setup_login_drop(admin_t *a);
static int setup_login_try(setup_t *s, redisReply **info);
static redisReply *setup_vask(setup_t *s, const char *name, va_list args);
static int setup_version(setup_t *s, const redisReply *info);
static int setup_primary(setup_t *s);


int
setup_login(setup_t *s)
{
    int          status;
    char        *secret;
    redisReply  *info;

    setup_login_drop(s->admin);

    if (setup_login_try(s, &info) != STATUS_DONE) {
        return s->ctl->error.status;
    }

    if (info->type == REDIS_REPLY_ERROR && strncmp(info->str, "NOAUTH", 6) == 0
        && isatty(STDIN_FILENO))
    {
        freeReplyObject(info);
        secret = NULL;

        if (secret_prompt(&s->ctl->error, "password of Redis, of an "
                          "administrator", &secret)
            != STATUS_DONE)
        {
            return s->ctl->error.status;
        }

        secret_free(s->ctl->settings.value[SET_PASSWORD]);
        s->ctl->settings.value[SET_PASSWORD] = secret;
        s->ctl->settings.password = secret;
        redis_conn_close(s->ctl->redis);
        s->ctl->redis = NULL;

        if (setup_login_try(s, &info) != STATUS_DONE) {
            return s->ctl->error.status;
        }
    }

    status = setup_version(s, info);
    freeReplyObject(info);

    return status == STATUS_DONE ? setup_primary(s) : status;
}


/* What a configuration names is the user that setup makes. */

static void
setup_login_drop(admin_t *a)
{
    settings_t       *s;
    settings_rank_e  *rank;

    s = &a->ctl->settings;
    rank = a->from.rank;

    if (s->value[SET_USERNAME] == NULL || rank[SET_USERNAME] < SETTINGS_USER
        || s->username != s->value[SET_USERNAME])
    {
        return;
    }

    s->username = s->url.user;

    if (rank[SET_PASSWORD] >= SETTINGS_USER
        || (s->value[SET_PASSWORD_FILE]
            && rank[SET_PASSWORD_FILE] >= SETTINGS_USER))
    {
        s->password = s->url.password;
    }
}


static int
setup_login_try(setup_t *s, redisReply **info)
{
    if (control_connect(s->ctl) != STATUS_DONE) {
        return s->ctl->error.status;
    }

    *info = setup_ask(s, "INFO", "server", NULL);

    return *info ? STATUS_DONE : s->ctl->error.status;
}


redisReply *
setup_ask(setup_t *s, const char *name, ...)
{
    va_list      args;
    redisReply  *reply;

    va_start(args, name);
    reply = setup_vask(s, name, args);
    va_end(args);

    return reply;
}


int
setup_tell(setup_t *s, const char *name, ...)
{
    int          status;
    va_list      args;
    redisReply  *reply;

    va_start(args, name);
    reply = setup_vask(s, name, args);
    va_end(args);

    if (reply == NULL) {
        return s->ctl->error.status;
    }

    status = reply->type == REDIS_REPLY_ERROR ? setup_denied(s, reply)
                                              : STATUS_DONE;
    freeReplyObject(reply);

    return status;
}


static redisReply *
setup_vask(setup_t *s, const char *name, va_list args)
{
    size_t       n;
    const char  *arg[CONNECTION_ARGS];

    arg[0] = name;

    for (n = 1; (arg[n] = va_arg(args, const char *)) != NULL; n++) {
        /* void */
    }

    return redis_queue_argv(s->ctl->redis, n, arg, NULL) == 0
           && redis_send(s->ctl->redis) == 0
           ? redis_reply(s->ctl->redis) : NULL;
}


int
setup_denied(setup_t *s, const redisReply *reply)
{
    const settings_t  *set;

    set = &s->ctl->settings;

    if (strncmp(reply->str, "NOAUTH", 6) == 0
        || strncmp(reply->str, "WRONGPASS", 9) == 0)
    {
        (void) redis_refused(s->ctl->redis, reply);

        return error_set(&s->ctl->error, STATUS_FAILED, "auth",
                         "put the password of an administrator of Redis into "
                         "a file that you alone can read, and name that with "
                         "--password-file", "Redis at %s wants a password, or "
                         "another one", set->where);
    }

    return error_set(&s->ctl->error, STATUS_FAILED, "redis_admin",
                     "name one who may with --redis redis://USER@HOST and "
                     "--password-file; if its provider lets nobody do that, "
                     "make its users and settings there, and go the long way "
                     "of getting-started.md",
                     "Redis at %s does not let the user \"%.100s\" administer "
                     "it: %.300s", set->where,
                     set->username ? set->username : "default", reply->str);
}


static int
setup_version(setup_t *s, const redisReply *info)
{
    const char  *version;

    if (info->type == REDIS_REPLY_ERROR) {
        return setup_denied(s, info);
    }

    if (info->str && strstr(info->str, "redis_mode:cluster")) {
        return error_set(&s->ctl->error, STATUS_FAILED, "cluster",
                         "make the users and settings on each of its nodes: "
                         "see the long way of getting-started.md",
                         "Redis at %s is a node of a cluster, whose nodes do "
                         "not share their users", s->ctl->settings.where);
    }

    version = info->str ? strstr(info->str, "redis_version:") : NULL;

    return version && atoi(version + sizeof("redis_version:") - 1)
                      >= CONNECTION_MAJOR
           ? STATUS_DONE
           : error_set(&s->ctl->error, STATUS_FAILED, "version",
                       "use Redis 7.0 or newer, or Valkey",
                       "Redis at %s is too old", s->ctl->settings.where);
}


static int
setup_primary(setup_t *s)
{
    int          primary, replicas;
    redisReply  *reply;

    reply = setup_ask(s, "ROLE", NULL);

    if (reply == NULL) {
        return s->ctl->error.status;
    }

    primary = reply->type == REDIS_REPLY_ARRAY && reply->elements
              && reply->element[0]->type == REDIS_REPLY_STRING
              && strcmp(reply->element[0]->str, "master") == 0;
    replicas = primary && reply->elements == 3
               && reply->element[2]->type == REDIS_REPLY_ARRAY
               && reply->element[2]->elements;
    freeReplyObject(reply);

    if (replicas) {
        control_warn(s->ctl, "replicas", "", "give them the same settings, "
                     "and the lines of \"ACL LIST\", before one of them "
                     "becomes the primary", "Redis at %s has replicas, which "
                     "get neither settings nor users from it",
                     s->ctl->settings.where);
    }

    return primary ? STATUS_DONE
           : error_set(&s->ctl->error, STATUS_FAILED, "readonly",
                       "name the primary with --redis",
                       "Redis at %s is no primary", s->ctl->settings.where);
}
