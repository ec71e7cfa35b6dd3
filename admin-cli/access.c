
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "access.h"
#include "paylock_redis_keys.h"
#include "secret.h"
#include "text.h"


#define ACCESS_PREFIX  200
#define ACCESS_REDIS   "redis://127.0.0.1:6379/0"


static int access_url(admin_t *a);
static void access_secrets(admin_t *a);
static void access_withhold(admin_t *a, setting_e what, const char *thing,
    const char *mend);
static int access_given(const settings_t *s, setting_e what);
static int access_belongs(const settings_t *s, settings_rank_e rank);
static int access_password(admin_t *a);
static int access_tls(admin_t *a);
static int access_keys(admin_t *a);


int
access_load(admin_t *a)
{
    if (access_url(a) != STATUS_DONE) {
        return a->problem.status;
    }

    access_secrets(a);

    if (access_password(a) != STATUS_DONE || access_tls(a) != STATUS_DONE
        || access_keys(a) != STATUS_DONE)
    {
        return a->problem.status;
    }

    return STATUS_DONE;
}


static int
access_url(admin_t *a)
{
    int           n;
    const char   *why;
    settings_t   *s;

    s = &a->settings;

    if (settings_put(a, SET_REDIS, ACCESS_REDIS, SETTINGS_DEFAULT) != 0
        || settings_put(a, SET_PREFIX, PAYLOCK_PREFIX, SETTINGS_DEFAULT) != 0)
    {
        return a->problem.status;
    }

    why = paylock_url_parse(s->value[SET_REDIS], strlen(s->value[SET_REDIS]),
                            &s->url);
    if (why) {
        return problem_set(&a->problem, STATUS_USAGE, "redis",
                           "give redis://host:port/db, rediss://host:port/db "
                           "or unix:/path?db=N",
                           s->rank[SET_REDIS] == SETTINGS_COMMAND
                           ? "the URL of --redis %s"
                           : "the URL of the setting \"redis\" %s", why);
    }

    n = s->url.path
        ? asprintf(&s->where, "unix:%s?db=%u", s->url.path, s->url.db)
        : asprintf(&s->where, strchr(s->url.host, ':')
                              ? "%s://[%s]:%u/%u" : "%s://%s:%u/%u",
                   s->url.tls ? "rediss" : "redis",
                   s->url.host, s->url.port, s->url.db);

    if (n < 0) {
        s->where = NULL;
        return admin_memory(a);
    }

    return STATUS_DONE;
}


/* A secret of a configuration goes to the server of that one, to no other. */

static void
access_secrets(admin_t *a)
{
    int          given;
    settings_t  *s;

    static const char  password[] = "name the password file of this one with "
                                    "--password-file";
    static const char  key[] = "name those for this one with --tls-cert and "
                               "--tls-key";

    s = &a->settings;
    given = s->url.password || access_given(s, SET_PASSWORD)
            || access_given(s, SET_PASSWORD_FILE);

    access_withhold(a, SET_PASSWORD, "password", given ? NULL : password);
    access_withhold(a, SET_PASSWORD_FILE, "password file",
                    given ? NULL : password);

    if (s->url.tls) {
        access_withhold(a, SET_TLS_CERT, "certificate", key);
        access_withhold(a, SET_TLS_KEY, "key of a certificate", key);
    }
}


/* mend NULL: nobody misses it. */

static void
access_withhold(admin_t *a, setting_e what, const char *thing,
    const char *mend)
{
    settings_t  *s;

    s = &a->settings;

    if (s->value[what] == NULL || access_belongs(s, s->rank[what])) {
        return;
    }

    if (mend) {
        admin_warn(a, "secret", "", mend, "the %s in \"%s\" is for the Redis "
                   "of that configuration, and not given to Redis at %s",
                   thing, s->file[s->rank[what]], s->where);
    }

    settings_wipe(s->value[what]);
    s->value[what] = NULL;
}


/* By who runs the command? */

static int
access_given(const settings_t *s, setting_e what)
{
    return s->value[what] && s->rank[what] < SETTINGS_USER;
}


/* Is the server the one that would be used without what comes before it? */

static int
access_belongs(const settings_t *s, settings_rank_e rank)
{
    int             same;
    const char     *text;
    paylock_url_t   url;

    if (rank < SETTINGS_USER || s->rank[SET_REDIS] >= rank) {
        return 1;
    }

    for (text = NULL; text == NULL && rank < SETTINGS_DEFAULT; rank++) {
        text = s->redis[rank];
    }

    text = text ? text : ACCESS_REDIS;

    if (paylock_url_parse(text, strlen(text), &url) != NULL) {
        return 0;
    }

    same = url.tls == s->url.tls && url.port == s->url.port
           && (url.path == NULL) == (s->url.path == NULL)
           && (url.path ? strcmp(url.path, s->url.path) == 0
                        : strcasecmp(url.host, s->url.host) == 0);
    paylock_url_free(&url);

    return same;
}


/* Of a password, a file and a URL that holds one the first rank wins. */

static int
access_password(admin_t *a)
{
    int          status;
    const char  *path;
    settings_t  *s;

    s = &a->settings;
    path = s->value[SET_PASSWORD_FILE];

    s->username = s->value[SET_USERNAME];
    s->password = s->value[SET_PASSWORD];

    if (s->url.password && (s->password == NULL
                            || s->rank[SET_REDIS] < s->rank[SET_PASSWORD]))
    {
        s->password = s->url.password;
        s->rank[SET_PASSWORD] = s->rank[SET_REDIS];
    }

    if (s->url.user && (s->username == NULL
                        || s->rank[SET_REDIS] <= s->rank[SET_USERNAME]))
    {
        s->username = s->url.user;
    }

    /* without a password that of a configuration is for another Redis */

    if (path == NULL && s->password == NULL && s->username
        && s->username == s->value[SET_USERNAME]
        && !access_belongs(s, s->rank[SET_USERNAME]))
    {
        s->username = NULL;
    }

    if (path == NULL || (s->password
                         && s->rank[SET_PASSWORD]
                            < s->rank[SET_PASSWORD_FILE]))
    {
        return STATUS_DONE;
    }

    settings_wipe(s->value[SET_PASSWORD]);
    s->value[SET_PASSWORD] = NULL;

    status = secret_read(a, path, "password_file", "password",
                         &s->value[SET_PASSWORD]);
    s->password = s->value[SET_PASSWORD];

    return status;
}


static int
access_tls(admin_t *a)
{
    int          status;
    FILE        *f;
    const char  *cert, *key;

    cert = a->settings.value[SET_TLS_CERT];
    key = a->settings.value[SET_TLS_KEY];

    if (!a->settings.url.tls || (cert == NULL && key == NULL)) {
        return STATUS_DONE;
    }

    if (cert == NULL || key == NULL) {
        return problem_set(&a->problem, STATUS_USAGE,
                           cert ? "tls_key" : "tls_cert", "set both, or none",
                           "there is a \"%s\" without a \"%s\"",
                           cert ? "tls_cert" : "tls_key",
                           cert ? "tls_key" : "tls_cert");
    }

    f = fopen(key, "re");

    if (f == NULL) {
        return problem_set(&a->problem, STATUS_FAILED, "tls_key",
                           "make it readable for you alone",
                           "cannot read the key \"%s\": %s", key,
                           strerror(errno));
    }

    status = settings_private(a, fileno(f), key, "tls_key");

    (void) fclose(f);

    return status;
}


static int
access_keys(admin_t *a)
{
    const char  *why, *prefix;
    settings_t  *s;

    s = &a->settings;
    prefix = s->value[SET_PREFIX];

    why = text_check(prefix, strlen(prefix), ACCESS_PREFIX);

    if (why) {
        return problem_set(&a->problem, STATUS_USAGE, "prefix",
                           "the default is " PAYLOCK_PREFIX,
                           "the prefix \"%.200s\" %s", prefix, why);
    }

    if (asprintf(&s->locks, "%s" PAYLOCK_KEY_LOCKS, prefix) < 0) {
        s->locks = NULL;
        return admin_memory(a);
    }

    if (asprintf(&s->audit, "%s" PAYLOCK_KEY_AUDIT, prefix) < 0) {
        s->audit = NULL;
        return admin_memory(a);
    }

    if (asprintf(&s->nodes, "%s" PAYLOCK_KEY_NODES, prefix) < 0) {
        s->nodes = NULL;
        return admin_memory(a);
    }

    return STATUS_DONE;
}
