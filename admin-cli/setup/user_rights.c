
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/rand.h>

#include "files/secret.h"
#include "paylock_hex.h"
#include "setup/user_rights.h"


/* random: nobody has a user of that name */
#define USER_RIGHTS_COPY    "paylock-setup-"
#define USER_RIGHTS_RANDOM  16         /* bytes */


redisReply *
user_rights_get(setup_t *s, const setup_user_t *user)
{
    redisReply  *there;

    there = setup_ask(s, "ACL", "GETUSER", user->name, NULL);

    if (there && there->type == REDIS_REPLY_ERROR) {
        (void) setup_denied(s, there);
        freeReplyObject(there);

        return NULL;
    }

    return there;
}


int
user_rights_hash(setup_t *s, const setup_user_t *user, char hash[ACL_HASH])
{
    int    status;
    char  *secret;

    secret = NULL;
    status = secret_read(&s->ctl->error, user->file, "password_file",
                         "password", &secret);

    if (status == STATUS_DONE) {
        status = acl_hash(s->admin, secret, hash);
    }

    secret_free(secret);

    return status;
}


int
user_rights_copy(setup_t *s, const setup_user_t *user, const char *hash,
    redisReply **reply)
{
    int             n;
    char            name[sizeof(USER_RIGHTS_COPY) + 2 * USER_RIGHTS_RANDOM];
    redisReply     *all;
    redis_conn_t   *redis;
    acl_command_t   c;
    unsigned char   random[USER_RIGHTS_RANDOM];

    if (RAND_bytes(random, sizeof(random)) != 1) {
        return control_no_crypto(s->ctl);
    }

    /* exists only within a transaction */

    (void) strcpy(name, USER_RIGHTS_COPY);
    paylock_hex(random, sizeof(random), name + strlen(name));

    if (user_rights_command(s, user->name, name, hash, &c) != STATUS_DONE)
    {
        return s->ctl->error.status;
    }

    redis = s->ctl->redis;
    *reply = NULL;

    if (redis_queue(redis, "MULTI", NULL) == 0
        && redis_queue_argv(redis, c.n, c.arg, NULL) == 0
        && redis_queue(redis, "ACL", "GETUSER", name, NULL) == 0
        && redis_queue(redis, "ACL", "DELUSER", name, NULL) == 0
        && redis_queue(redis, "EXEC", NULL) == 0
        && redis_send(redis) == 0)
    {
        for (n = 0; n < 4 && redis_expect_ok(redis) == 0; n++) { /* void */ }

        all = n == 4 ? redis_expect(redis, REDIS_REPLY_ARRAY) : NULL;

        if (all && all->elements == 3) {
            *reply = all->element[1];
            all->element[1] = NULL;
        }

        freeReplyObject(all);
    }

    free(c.line);

    return *reply ? STATUS_DONE : s->ctl->error.status;
}


int
user_rights_same(const redisReply *one, const redisReply *two)
{
    size_t  i;

    if (one == NULL || two == NULL || one->type != two->type) {
        return 0;
    }

    if (one->type != REDIS_REPLY_ARRAY) {
        return one->type != REDIS_REPLY_STRING
               || (one->len == two->len
                   && memcmp(one->str, two->str, one->len) == 0);
    }

    for (i = 0; i < one->elements && i < two->elements; i++) {
        if (!user_rights_same(one->element[i], two->element[i])) {
            return 0;
        }
    }

    return one->elements == two->elements;
}


const redisReply *
user_rights_field(const redisReply *user, const char *name)
{
    size_t             i;
    const redisReply  *key;

    for (i = 0; user->type == REDIS_REPLY_ARRAY && i + 1 < user->elements;
         i += 2)
    {
        key = user->element[i];

        if (key->type == REDIS_REPLY_STRING && strcmp(key->str, name) == 0
            && user->element[i + 1]->type == REDIS_REPLY_ARRAY)
        {
            return user->element[i + 1];
        }
    }

    return NULL;
}


int
user_rights_has(const redisReply *user, const char *hash)
{
    size_t             i;
    const redisReply  *passwords;

    passwords = user_rights_field(user, "passwords");

    for (i = 0; passwords && i < passwords->elements; i++) {
        if (passwords->element[i]->str
            && strcasecmp(passwords->element[i]->str, hash) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* A selector, in parentheses, is one argument. */

int
user_rights_command(setup_t *s, const char *name, const char *user,
    const char *hash, acl_command_t *c)
{
    int    deep;
    char  *p;

    memset(c, 0, sizeof(acl_command_t));
    c->line = acl_of(name, hash, s->ctl->settings.value[SET_PREFIX]);

    if (c->line == NULL) {
        return control_no_memory(s->ctl);
    }

    deep = 0;
    c->arg[c->n++] = c->line;

    for (p = c->line; *p; p++) {
        deep += *p == '(';
        deep -= *p == ')';

        if (*p == ' ' && deep == 0 && c->n < USER_RIGHTS_ARGS) {
            *p = '\0';
            c->arg[c->n++] = p + 1;
        }
    }

    c->arg[2] = user;

    return STATUS_DONE;
}
