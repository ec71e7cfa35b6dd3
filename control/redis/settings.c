
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files/secret.h"
#include "files/user_file.h"
#include "paylock_redis_keys.h"
#include "paylock_sign.h"
#include "redis/settings.h"
#include "base/text.h"


#define SETTINGS_PREFIX  200           /* bytes */


static int settings_password(settings_t *s, error_info_t *error);
static int settings_check_tls(const settings_t *s, error_info_t *error);
static int settings_realm(settings_t *s, error_info_t *error);
static int settings_keys(settings_t *s, error_info_t *error);
static int settings_key(char **key, const char *prefix, const char *name,
    error_info_t *error);


int
settings_parse_url(settings_t *s, const char *name, error_info_t *error)
{
    int          n;
    const char  *why;

    why = paylock_url_parse(s->value[SET_REDIS], strlen(s->value[SET_REDIS]),
                            &s->url);
    if (why) {
        return error_set(error, STATUS_USAGE, "redis",
                         "give redis://host:port/db, rediss://host:port/db "
                         "or unix:/path?db=N",
                         "the URL of %s %s", name, why);
    }

    n = s->url.path
        ? asprintf(&s->where, "unix:%s?db=%u", s->url.path, s->url.db)
        : asprintf(&s->where, strchr(s->url.host, ':')
                              ? "%s://[%s]:%u/%u" : "%s://%s:%u/%u",
                   s->url.tls ? "rediss" : "redis",
                   s->url.host, s->url.port, s->url.db);

    if (n < 0) {
        s->where = NULL;
        return error_no_memory(error);
    }

    return STATUS_DONE;
}


int
settings_complete(settings_t *s, error_info_t *error)
{
    if (settings_password(s, error) != STATUS_DONE
        || settings_check_tls(s, error) != STATUS_DONE
        || settings_realm(s, error) != STATUS_DONE)
    {
        return error->status;
    }

    return settings_keys(s, error);
}


static int
settings_password(settings_t *s, error_info_t *error)
{
    int          status;
    const char  *path;

    path = s->value[SET_PASSWORD_FILE];

    if (s->username == NULL) {
        s->username = s->value[SET_USERNAME] ? s->value[SET_USERNAME]
                                             : s->url.user;
    }

    if (s->password || path == NULL) {
        s->password = s->password ? s->password
                      : s->value[SET_PASSWORD] ? s->value[SET_PASSWORD]
                                               : s->url.password;
        return STATUS_DONE;
    }

    secret_free(s->value[SET_PASSWORD]);
    s->value[SET_PASSWORD] = NULL;

    status = secret_read(error, path, "password_file", "password",
                         &s->value[SET_PASSWORD]);
    s->password = s->value[SET_PASSWORD];

    return status;
}


static int
settings_check_tls(const settings_t *s, error_info_t *error)
{
    int          status;
    FILE        *f;
    const char  *cert, *key;

    cert = s->value[SET_TLS_CERT];
    key = s->value[SET_TLS_KEY];

    if (!s->url.tls || (cert == NULL && key == NULL)) {
        return STATUS_DONE;
    }

    if (cert == NULL || key == NULL) {
        return error_set(error, STATUS_USAGE, cert ? "tls_key" : "tls_cert",
                         "set both, or none",
                         "there is a \"%s\" without a \"%s\"",
                         cert ? "tls_cert" : "tls_key",
                         cert ? "tls_key" : "tls_cert");
    }

    f = fopen(key, "re");

    if (f == NULL) {
        return error_set(error, STATUS_FAILED, "tls_key",
                         "make it readable for you alone",
                         "cannot read the key \"%s\": %s", key,
                         strerror(errno));
    }

    status = user_file_check_private(error, fileno(f), key, "tls_key");

    (void) fclose(f);

    return status;
}


static int
settings_realm(settings_t *s, error_info_t *error)
{
    s->realm = s->value[SET_REALM] ? s->value[SET_REALM] : PAYLOCK_REALM;

    return paylock_realm_check(s->realm)
           ? STATUS_DONE
           : error_set(error, STATUS_USAGE, "realm",
                       "give a word such as production or staging, of at most "
                       "64 of A-Z a-z 0-9 . _ -",
                       "the realm \"%.200s\" is not such a word", s->realm);
}


static int
settings_keys(settings_t *s, error_info_t *error)
{
    const char  *why, *prefix;

    prefix = s->value[SET_PREFIX];
    why = text_check(prefix, strlen(prefix), SETTINGS_PREFIX);

    if (why) {
        return error_set(error, STATUS_USAGE, "prefix",
                         "the default is " PAYLOCK_PREFIX,
                         "the prefix \"%.200s\" %s", prefix, why);
    }

    if (settings_key(&s->locks, prefix, PAYLOCK_KEY_LOCKS, error) != 0
        || settings_key(&s->audit, prefix, PAYLOCK_KEY_AUDIT, error) != 0
        || settings_key(&s->nodes, prefix, PAYLOCK_KEY_NODES, error) != 0
        || settings_key(&s->root, prefix, PAYLOCK_KEY_ROOT, error) != 0)
    {
        return error->status;
    }

    return settings_key(&s->requests, prefix, PAYLOCK_KEY_REQUESTS, error);
}


static int
settings_key(char **key, const char *prefix, const char *name,
    error_info_t *error)
{
    if (asprintf(key, "%s%s", prefix, name) < 0) {
        *key = NULL;
        return error_no_memory(error);
    }

    return STATUS_DONE;
}


void
settings_free(settings_t *s)
{
    size_t  i;

    for (i = 0; i < SET_N; i++) {
        secret_free(s->value[i]);
    }

    paylock_url_free(&s->url);
    free(s->where);
    free(s->locks);
    free(s->audit);
    free(s->nodes);
    free(s->requests);
    free(s->root);
}
