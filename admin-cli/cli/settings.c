
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>

#include "cli/admin.h"
#include "files/secret.h"
#include "files/user_file.h"


#define SETTINGS_FILE  "/etc/paylock/config"
#define SETTINGS_LINE  4096


static int settings_command(admin_t *a);
static int settings_environment(admin_t *a);
static int settings_files(admin_t *a);


const setting_name_t  settings_names[SET_N] = {
    [SET_REDIS] = { "redis", "PAYLOCK_REDIS", OPT_REDIS },
    [SET_PREFIX] = { "prefix", "PAYLOCK_PREFIX", OPT_PREFIX },
    [SET_USERNAME] = { "username", "PAYLOCK_USERNAME", -1 },
    [SET_PASSWORD] = { "password", "PAYLOCK_PASSWORD", -1 },
    [SET_PASSWORD_FILE] = { "password_file", "PAYLOCK_PASSWORD_FILE",
                            OPT_PASSWORD_FILE },
    [SET_ACTOR] = { "actor", "PAYLOCK_ACTOR", -1 },
    [SET_KEY] = { "key", "PAYLOCK_KEY", OPT_KEY },
    [SET_PASSPHRASE_FILE] = { "passphrase_file", "PAYLOCK_PASSPHRASE_FILE",
                              OPT_PASSPHRASE_FILE },
    [SET_SIGNERS] = { "signers", "PAYLOCK_SIGNERS", OPT_SIGNERS },
    [SET_REALM] = { "realm", "PAYLOCK_REALM", OPT_REALM },
    [SET_TLS_CA] = { "tls_ca", "PAYLOCK_TLS_CA", OPT_TLS_CA },
    [SET_TLS_CERT] = { "tls_cert", "PAYLOCK_TLS_CERT", OPT_TLS_CERT },
    [SET_TLS_KEY] = { "tls_key", "PAYLOCK_TLS_KEY", OPT_TLS_KEY },
    [SET_TLS_NAME] = { "tls_name", "PAYLOCK_TLS_NAME", OPT_TLS_NAME }
};


int
settings_load(admin_t *a)
{
    size_t  i;
    int     status;

    static int (*const  steps[])(admin_t *a) = {
        settings_command, settings_environment, settings_files,
        settings_secrets
    };

    status = STATUS_DONE;

    for (i = 0; status == STATUS_DONE
                && i < sizeof(steps) / sizeof(steps[0]); i++)
    {
        status = steps[i](a);
    }

    return status == STATUS_DONE
           ? settings_complete(&a->ctl->settings, &a->ctl->error) : status;
}


static int
settings_command(admin_t *a)
{
    int     status;
    size_t  i;

    if (a->opt[OPT_REDIS] && settings_is_secret(SET_REDIS, a->opt[OPT_REDIS]))
    {
        return error_set(&a->ctl->error, STATUS_USAGE, "password",
                         "put it into a file of yours and name that by "
                         "--password-file, or set PAYLOCK_REDIS",
                         "the URL of --redis holds a password, which "
                         "everybody on this machine could see");
    }

    for (i = 0; i < SET_N; i++) {

        if (settings_names[i].option < 0
            || a->opt[settings_names[i].option] == NULL)
        {
            continue;
        }

        status = settings_put(a, i, a->opt[settings_names[i].option],
                              SETTINGS_COMMAND);
        if (status != STATUS_DONE) {
            return status;
        }
    }

    return STATUS_DONE;
}


static int
settings_environment(admin_t *a)
{
    int          status;
    size_t       i;
    const char  *value;

    for (i = 0; i < SET_N; i++) {
        value = getenv(settings_names[i].environment);

        if (value == NULL || *value == '\0') {
            continue;
        }

        status = settings_put(a, i, value, SETTINGS_ENVIRONMENT);

        if (status != STATUS_DONE) {
            return status;
        }
    }

    return STATUS_DONE;
}


static int
settings_files(admin_t *a)
{
    int          status;
    char         path[SETTINGS_LINE];
    const char  *given;

    given = a->opt[OPT_CONFIG] ? a->opt[OPT_CONFIG] : getenv("PAYLOCK_CONFIG");

    if (given && *given) {
        return settings_file(a, given, !a->new_config, SETTINGS_USER);
    }

    status = user_file_path(path, sizeof(path), "XDG_CONFIG_HOME", ".config",
                            "paylock/config") == 0
             ? settings_file(a, path, 0, SETTINGS_USER) : STATUS_DONE;

    return status == STATUS_DONE
           ? settings_file(a, SETTINGS_FILE, 0, SETTINGS_HOST) : status;
}


int
settings_is_secret(setting_e s, const char *value)
{
    int             secret;
    paylock_url_t   url;

    if (s != SET_REDIS) {
        return s == SET_PASSWORD;
    }

    if (paylock_url_parse(value, strlen(value), &url) != NULL) {
        return 0;
    }

    secret = url.password != NULL;
    paylock_url_free(&url);

    return secret;
}


int
settings_put(admin_t *a, setting_e s, const char *value, settings_rank_e rank)
{
    if (a->ctl->settings.value[s]) {
        return STATUS_DONE;
    }

    a->ctl->settings.value[s] = strdup(value);
    a->from.rank[s] = rank;

    return a->ctl->settings.value[s] ? STATUS_DONE : control_no_memory(a->ctl);
}


void
settings_from_free(settings_from_t *from)
{
    size_t  i;

    for (i = 0; i < SETTINGS_DEFAULT; i++) {
        secret_free(from->redis[i]);
        free(from->file[i]);
    }
}
