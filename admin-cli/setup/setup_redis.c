
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Settings of Redis: an append-only file, and no eviction.
 */


#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/secret_prompt.h"
#include "files/secret.h"
#include "setup/setup.h"


#define REDIS_ARGS   8
#define REDIS_MAJOR  7                 /* least major version */
#define REDIS_POLICY "noeviction"
#define REDIS_WAIT   600               /* seconds, for the append-only file */


static void setup_login_drop(admin_t *a);
static int setup_login_try(setup_t *s, redisReply **info);
static redisReply *setup_vask(setup_t *s, const char *name, va_list args);
static int setup_denied(setup_t *s, const redisReply *reply);
static int setup_version(setup_t *s, const redisReply *info);
static int setup_primary(setup_t *s);
static int setup_get(setup_t *s, const char *name, char **value);
static int setup_cache(setup_t *s);
static int setup_appendonly(setup_t *s);
static int setup_written(setup_t *s, int *writing, int *good);


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
    const char  *arg[REDIS_ARGS];

    arg[0] = name;

    for (n = 1; (arg[n] = va_arg(args, const char *)) != NULL; n++) {
        /* void */
    }

    return redis_queue_argv(s->ctl->redis, n, arg, NULL) == 0
           && redis_send(s->ctl->redis) == 0
           ? redis_reply(s->ctl->redis) : NULL;
}


static int
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

    version = info->str ? strstr(info->str, "redis_version:") : NULL;

    return version && atoi(version + sizeof("redis_version:") - 1)
                      >= REDIS_MAJOR
           ? STATUS_DONE
           : error_set(&s->ctl->error, STATUS_FAILED, "version",
                       "use Redis 7.0 or newer, or Valkey",
                       "Redis at %s is too old", s->ctl->settings.where);
}


static int
setup_primary(setup_t *s)
{
    int          primary;
    redisReply  *reply;

    reply = setup_ask(s, "ROLE", NULL);

    if (reply == NULL) {
        return s->ctl->error.status;
    }

    primary = reply->type == REDIS_REPLY_ARRAY && reply->elements
              && reply->element[0]->type == REDIS_REPLY_STRING
              && strcmp(reply->element[0]->str, "master") == 0;
    freeReplyObject(reply);

    return primary ? STATUS_DONE
           : error_set(&s->ctl->error, STATUS_FAILED, "readonly",
                       "name the primary with --redis",
                       "Redis at %s is no primary", s->ctl->settings.where);
}


int
setup_redis_look(setup_t *s)
{
    int    status, writing, good;
    char  *value;

    if (setup_get(s, "appendonly", &value) != STATUS_DONE) {
        return s->ctl->error.status;
    }

    s->appendonly = strcmp(value, "yes") == 0;
    free(value);

    status = setup_aclfile(s);

    if (status == STATUS_DONE) {
        status = setup_get(s, "maxmemory-policy", &s->policy);
    }

    if (status == STATUS_DONE && strcmp(s->policy, REDIS_POLICY) != 0) {
        status = setup_cache(s);
        setup_change(s, "CONFIG SET maxmemory-policy " REDIS_POLICY " (now "
                     "%.100s): a key that Redis evicts is a lock that is lost",
                     s->policy);
        (void) json_array_append_new(s->by_hand, json_string(
                                     "maxmemory-policy " REDIS_POLICY));
    }

    if (status == STATUS_DONE && !s->appendonly) {
        setup_change(s, "CONFIG SET appendonly yes (now no), and wait until "
                     "its file is written");
        (void) json_array_append_new(s->by_hand,
                                     json_string("appendonly yes"));

    } else if (status == STATUS_DONE) {
        status = setup_written(s, &writing, &good);

        if (status == STATUS_DONE && writing) {
            setup_change(s, "wait until the append-only file is written");
        }
    }

    if (status == STATUS_DONE && json_array_size(s->changes)) {
        setup_change(s, "CONFIG REWRITE: Redis writes its settings to its "
                     "configuration");
    }

    return status;
}


int
setup_aclfile(setup_t *s)
{
    char  *value;

    if (setup_get(s, "aclfile", &value) != STATUS_DONE) {
        return s->ctl->error.status;
    }

    s->aclfile = *value != '\0';
    free(value);

    return STATUS_DONE;
}


/* Sets *value to a setting of Redis, allocated. */

static int
setup_get(setup_t *s, const char *name, char **value)
{
    int          status;
    redisReply  *reply;

    reply = setup_ask(s, "CONFIG", "GET", name, NULL);

    if (reply == NULL) {
        return s->ctl->error.status;
    }

    if (reply->type == REDIS_REPLY_ERROR) {
        status = setup_denied(s, reply);

    } else if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2
               && reply->element[1]->type == REDIS_REPLY_STRING)
    {
        *value = strdup(reply->element[1]->str);
        status = *value ? STATUS_DONE : control_no_memory(s->ctl);

    } else {
        status = error_set(&s->ctl->error, STATUS_FAILED, "redis_admin",
                           "use a Redis whose settings you may change",
                           "Redis at %s hides its setting \"%s\"",
                           s->ctl->settings.where, name);
    }

    freeReplyObject(reply);

    return status;
}


/* A cache that may not evict any more would refuse what others write. */

static int
setup_cache(setup_t *s)
{
    int          cache;
    char        *value;
    redisReply  *reply;

    if (setup_get(s, "maxmemory", &value) != STATUS_DONE) {
        return s->ctl->error.status;
    }

    cache = strcmp(value, "0") != 0;
    free(value);

    reply = cache ? setup_ask(s, "INFO", "keyspace", NULL) : NULL;

    if (cache && reply == NULL) {
        return s->ctl->error.status;
    }

    cache = cache && reply->str && strstr(reply->str, "keys=") != NULL;
    freeReplyObject(reply);

    return cache ? error_set(&s->ctl->error, STATUS_FAILED, "cache",
                             "give paylock a Redis of its own, and name that "
                             "with --redis", "Redis at %s is a cache of "
                             "others: it evicts keys (maxmemory-policy "
                             "%.100s) when its maxmemory is reached, and so "
                             "would lose locks", s->ctl->settings.where,
                             s->policy)
                 : STATUS_DONE;
}


/* First what fails if Redis cannot keep it: then nothing is changed. */

int
setup_redis_apply(setup_t *s)
{
    if (setup_save(s, 0) != STATUS_DONE
        || (strcmp(s->policy, REDIS_POLICY) != 0
            && setup_tell(s, "CONFIG", "SET", "maxmemory-policy", REDIS_POLICY,
                          NULL)
               != STATUS_DONE)
        || setup_appendonly(s) != STATUS_DONE)
    {
        return s->ctl->error.status;
    }

    return setup_save(s, 0);
}


/*
 * A Redis that is started with "appendonly yes" and without that file begins
 * empty: so the file is written first, and then the setting.
 */

static int
setup_appendonly(setup_t *s)
{
    int  i, writing, good;

    static const struct timespec  pause = { 0, 20 * 1000 * 1000 };

    if (!s->appendonly
        && setup_tell(s, "CONFIG", "SET", "appendonly", "yes", NULL)
           != STATUS_DONE)
    {
        return s->ctl->error.status;
    }

    writing = 1;
    good = 0;

    for (i = 0; writing && i < REDIS_WAIT * 50; i++) {
        (void) nanosleep(&pause, NULL);

        if (setup_written(s, &writing, &good) != STATUS_DONE) {
            return s->ctl->error.status;
        }
    }

    if (good) {
        return STATUS_DONE;
    }

    if (!s->appendonly) {
        (void) setup_tell(s, "CONFIG", "SET", "appendonly", "no", NULL);
    }

    return error_set(&s->ctl->error, STATUS_FAILED, "appendonly",
                     "its log says why; is there room on its disk?",
                     "Redis at %s cannot write its append-only file",
                     s->ctl->settings.where);
}


static int
setup_written(setup_t *s, int *writing, int *good)
{
    redisReply  *reply;

    reply = setup_ask(s, "INFO", "persistence", NULL);

    if (reply == NULL) {
        return s->ctl->error.status;
    }

    *writing = reply->str
               && (strstr(reply->str, "aof_rewrite_in_progress:1")
                   || strstr(reply->str, "aof_rewrite_scheduled:1"));
    *good = reply->str && !*writing
            && strstr(reply->str, "aof_enabled:1")
            && strstr(reply->str, "aof_last_bgrewrite_status:ok");
    freeReplyObject(reply);

    return STATUS_DONE;
}


int
setup_save(setup_t *s, int users)
{
    int          aclfile, status;
    redisReply  *reply;

    aclfile = users && s->aclfile;
    reply = aclfile ? setup_ask(s, "ACL", "SAVE", NULL)
                    : setup_ask(s, "CONFIG", "REWRITE", NULL);

    if (reply == NULL) {
        return s->ctl->error.status;
    }

    status = reply->type != REDIS_REPLY_ERROR ? STATUS_DONE
             : error_set(&s->ctl->error, STATUS_FAILED, "redis_keep",
                         "put the lines above into its configuration, and run "
                         "this again when Redis has them",
                         "Redis at %s cannot keep %s, which would be gone when "
                         "it is started again: %.300s",
                         s->ctl->settings.where, users ? "its users"
                                                       : "its settings",
                         reply->str);
    freeReplyObject(reply);

    return status;
}
