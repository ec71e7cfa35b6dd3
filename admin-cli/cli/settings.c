
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>

#include "cli/admin.h"
#include "files/user_file.h"


#define SETTINGS_FILE  "/etc/paylock/config"
#define SETTINGS_LINE  4096


static int settings_command(admin_t *a);
static int settings_files(admin_t *a);


/* -1: none */

static const int  settings_options[SET_N] = {
    [SET_REDIS] = OPT_REDIS,
    [SET_PREFIX] = OPT_PREFIX,
    [SET_USERNAME] = -1,
    [SET_PASSWORD] = -1,
    [SET_PASSWORD_FILE] = OPT_PASSWORD_FILE,
    [SET_ACTOR] = -1,
    [SET_KEY] = OPT_KEY,
    [SET_PASSPHRASE_FILE] = OPT_PASSPHRASE_FILE,
    [SET_SIGNERS] = OPT_SIGNERS,
    [SET_REALM] = OPT_REALM,
    [SET_TOKENS] = -1,
    [SET_WRITER] = -1,
    [SET_PANEL] = OPT_URL,
    [SET_TLS_CA] = OPT_TLS_CA,
    [SET_TLS_CERT] = OPT_TLS_CERT,
    [SET_TLS_KEY] = OPT_TLS_KEY,
    [SET_TLS_NAME] = OPT_TLS_NAME
};


int
settings_load(admin_t *a)
{
    return settings_command(a) == STATUS_DONE
           && settings_environment(a->ctl, &a->from) == STATUS_DONE
           && settings_files(a) == STATUS_DONE
           && settings_secrets(a->ctl, &a->from) == STATUS_DONE
           ? settings_complete(&a->ctl->settings, &a->ctl->error)
           : a->ctl->error.status;
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

        if (settings_options[i] < 0
            || a->opt[settings_options[i]] == NULL)
        {
            continue;
        }

        status = settings_put(a->ctl, &a->from, i, a->opt[settings_options[i]],
                              SETTINGS_COMMAND);
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
        return settings_file(a->ctl, &a->from, given, !a->new_config,
                             SETTINGS_USER);
    }

    status = user_file_path(path, sizeof(path), "XDG_CONFIG_HOME", ".config",
                            "paylock/config") == 0
             ? settings_file(a->ctl, &a->from, path, 0, SETTINGS_USER)
             : STATUS_DONE;

    return status == STATUS_DONE
           ? settings_file(a->ctl, &a->from, SETTINGS_FILE, 0, SETTINGS_HOST)
           : status;
}
