
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Settings of Redis: an append-only file, and no eviction.
 */


#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "setup/setup.h"


#define REDIS_POLICY "noeviction"
#define REDIS_WAIT   600               /* seconds, for the append-only file */


static int setup_looked(setup_t *s);
static int setup_get(setup_t *s, const char *name, char **value);
static int setup_cache(setup_t *s);
static int setup_appendonly(setup_t *s);
static int setup_written(setup_t *s, int *writing, int *good);


int
setup_redis_look(setup_t *s)
{
    int    status;
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
        status = setup_looked(s);

        if (status == STATUS_DONE && s->writing) {
            setup_change(s, "wait until the append-only file is written");
        }
    }

    /* a run that was cut off may have set them, and not come to this */

    if (status == STATUS_DONE
        && (json_array_size(s->changes) || (s->op.own && !s->configured)))
    {
        setup_change(s, "CONFIG REWRITE: Redis writes its settings to its "
                     "configuration");
    }

    return status;
}


/* Redis may begin or end to write it at any time: that is no other plan. */

static int
setup_looked(setup_t *s)
{
    int  status, writing, good;

    if (s->looked) {
        return STATUS_DONE;
    }

    status = setup_written(s, &writing, &good);
    s->writing = status == STATUS_DONE && writing;
    s->looked = 1;

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


/*
 * First what fails if Redis cannot keep it: then nothing is changed.  But
 * before that an append-only file that a run which was cut off has begun: with
 * the setting kept and not the file, Redis would begin empty.
 */

int
setup_redis_apply(setup_t *s)
{
    int  evicts;

    evicts = strcmp(s->policy, REDIS_POLICY) != 0;

    if ((s->appendonly && setup_appendonly(s) != STATUS_DONE)
        || setup_save(s, 0, evicts || !s->appendonly) != STATUS_DONE
        || (evicts && setup_tell(s, "CONFIG", "SET", "maxmemory-policy",
                                 REDIS_POLICY, NULL)
                      != STATUS_DONE)
        || (!s->appendonly && setup_appendonly(s) != STATUS_DONE))
    {
        return s->ctl->error.status;
    }

    return evicts || !s->appendonly ? setup_save(s, 0, 1) : STATUS_DONE;
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
setup_save(setup_t *s, int users, int needed)
{
    int          status;
    const char  *what;
    redisReply  *reply;

    reply = users && s->aclfile ? setup_ask(s, "ACL", "SAVE", NULL)
                                : setup_ask(s, "CONFIG", "REWRITE", NULL);

    if (reply == NULL) {
        return s->ctl->error.status;
    }

    status = STATUS_DONE;
    what = users ? "its users" : "its settings";

    if (reply->type == REDIS_REPLY_ERROR && needed) {
        status = error_set(&s->ctl->error, STATUS_FAILED, "redis_keep",
                           "put the lines above into its configuration, and "
                           "run this again when Redis has them",
                           "Redis at %s cannot keep %s, which would be gone "
                           "when it is started again: %.300s",
                           s->ctl->settings.where, what, reply->str);

    } else if (reply->type == REDIS_REPLY_ERROR) {
        control_warn(s->ctl, "redis_keep", "", s->admin->opt[OPT_UNDO]
                     ? "take the users out of its configuration"
                     : "see to it that its configuration has them",
                     "Redis at %s cannot keep %s: %.300s",
                     s->ctl->settings.where, what, reply->str);
    }

    freeReplyObject(reply);

    return status;
}
