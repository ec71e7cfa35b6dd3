
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>
#include <strings.h>

#include "context/settings_read.h"
#include "files/secret.h"
#include "paylock_redis_keys.h"


#define SECRETS_REDIS  "redis://127.0.0.1:6379/0"


static void secrets_withhold_all(control_t *ctl, settings_from_t *from);
static void secrets_withhold(control_t *ctl, settings_from_t *from,
    setting_e what, const char *thing, const char *mend);
static int secrets_given(const control_t *ctl, const settings_from_t *from,
    setting_e what);
static int secrets_belong(const control_t *ctl, const settings_from_t *from,
    settings_rank_e rank);
static void secrets_choose(control_t *ctl, settings_from_t *from);


int
settings_secrets(control_t *ctl, settings_from_t *from)
{
    settings_t  *s;

    s = &ctl->settings;

    if (settings_put(ctl, from, SET_REDIS, SECRETS_REDIS, SETTINGS_DEFAULT)
        != STATUS_DONE
        || settings_put(ctl, from, SET_PREFIX, PAYLOCK_PREFIX, SETTINGS_DEFAULT)
           != STATUS_DONE
        || settings_parse_url(s, from->rank[SET_REDIS] == SETTINGS_COMMAND
                                 ? "--redis" : "the setting \"redis\"",
                              &ctl->error) != STATUS_DONE)
    {
        return ctl->error.status;
    }

    secrets_withhold_all(ctl, from);
    secrets_choose(ctl, from);

    return STATUS_DONE;
}


/* Drops secrets of a configuration that is for another server. */

static void
secrets_withhold_all(control_t *ctl, settings_from_t *from)
{
    int          given;
    settings_t  *s;

    static const char  password[] = "name the password file of this one with "
                                    "--password-file";
    static const char  key[] = "name those for this one with --tls-cert and "
                               "--tls-key";

    s = &ctl->settings;
    given = s->url.password || secrets_given(ctl, from, SET_PASSWORD)
            || secrets_given(ctl, from, SET_PASSWORD_FILE);

    secrets_withhold(ctl, from, SET_PASSWORD, "password",
                     given ? NULL : password);
    secrets_withhold(ctl, from, SET_PASSWORD_FILE, "password file",
                    given ? NULL : password);

    if (s->url.tls) {
        secrets_withhold(ctl, from, SET_TLS_CERT, "certificate", key);
        secrets_withhold(ctl, from, SET_TLS_KEY, "key of a certificate", key);
    }
}


/* Drops a secret that is for another server; warns unless mend is NULL. */

static void
secrets_withhold(control_t *ctl, settings_from_t *from,
    setting_e what, const char *thing, const char *mend)
{
    settings_t  *s;

    s = &ctl->settings;

    if (s->value[what] == NULL || secrets_belong(ctl, from, from->rank[what])) {
        return;
    }

    if (mend) {
        control_warn(ctl, "secret", "", mend,
                     "the %s in \"%s\" is for the Redis "
                     "of that configuration, and not given to Redis at %s",
                     thing, from->file[from->rank[what]], s->where);
    }

    secret_free(s->value[what]);
    s->value[what] = NULL;
}


/* Was the value given on the command line or in the environment? */

static int
secrets_given(const control_t *ctl, const settings_from_t *from,
    setting_e what)
{
    const settings_t  *s;

    s = &ctl->settings;

    return s->value[what] && from->rank[what] < SETTINGS_USER;
}


/* Is the server the one that sources from this rank on would select? */

static int
secrets_belong(const control_t *ctl, const settings_from_t *from,
    settings_rank_e rank)
{
    int                same;
    const char        *text;
    paylock_url_t      url;
    const settings_t  *s;

    s = &ctl->settings;

    if (rank < SETTINGS_USER || from->rank[SET_REDIS] >= rank) {
        return 1;
    }

    for (text = NULL; text == NULL && rank < SETTINGS_DEFAULT; rank++) {
        text = from->redis[rank];
    }

    text = text ? text : SECRETS_REDIS;

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


/* Password, password file, or URL with a password: the first rank wins. */

static void
secrets_choose(control_t *ctl, settings_from_t *from)
{
    settings_t       *s;
    settings_rank_e  *rank;

    s = &ctl->settings;
    rank = from->rank;

    s->username = s->value[SET_USERNAME];
    s->password = s->value[SET_PASSWORD];

    if (s->url.password && (s->password == NULL
                            || rank[SET_REDIS] < rank[SET_PASSWORD]))
    {
        s->password = s->url.password;
        rank[SET_PASSWORD] = rank[SET_REDIS];
    }

    if (s->url.user && (s->username == NULL
                        || rank[SET_REDIS] <= rank[SET_USERNAME]))
    {
        s->username = s->url.user;
    }

    /* no password: a configured username is for another Redis, too */

    if (s->value[SET_PASSWORD_FILE] == NULL && s->password == NULL
        && s->username && s->username == s->value[SET_USERNAME]
        && !secrets_belong(ctl, from, rank[SET_USERNAME]))
    {
        secret_free(s->value[SET_USERNAME]);
        s->value[SET_USERNAME] = NULL;
        s->username = NULL;
    }

    if (s->password && s->value[SET_PASSWORD_FILE]
        && rank[SET_PASSWORD] >= rank[SET_PASSWORD_FILE])
    {
        s->password = NULL;
    }
}
