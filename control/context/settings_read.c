
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>

#include "context/settings_read.h"
#include "files/secret.h"


const setting_name_t  settings_names[SET_N] = {
    [SET_REDIS] = { "redis", "PAYLOCK_REDIS" },
    [SET_PREFIX] = { "prefix", "PAYLOCK_PREFIX" },
    [SET_USERNAME] = { "username", "PAYLOCK_USERNAME" },
    [SET_PASSWORD] = { "password", "PAYLOCK_PASSWORD" },
    [SET_PASSWORD_FILE] = { "password_file", "PAYLOCK_PASSWORD_FILE" },
    [SET_ACTOR] = { "actor", "PAYLOCK_ACTOR" },
    [SET_KEY] = { "key", "PAYLOCK_KEY" },
    [SET_PASSPHRASE_FILE] = { "passphrase_file", "PAYLOCK_PASSPHRASE_FILE" },
    [SET_SIGNERS] = { "signers", "PAYLOCK_SIGNERS" },
    [SET_REALM] = { "realm", "PAYLOCK_REALM" },
    [SET_TOKENS] = { "tokens", "PAYLOCK_TOKENS" },
    [SET_WRITER] = { "writer", "PAYLOCK_WRITER" },
    [SET_PANEL] = { "panel", "PAYLOCK_PANEL" },
    [SET_TLS_CA] = { "tls_ca", "PAYLOCK_TLS_CA" },
    [SET_TLS_CERT] = { "tls_cert", "PAYLOCK_TLS_CERT" },
    [SET_TLS_KEY] = { "tls_key", "PAYLOCK_TLS_KEY" },
    [SET_TLS_NAME] = { "tls_name", "PAYLOCK_TLS_NAME" }
};


int
settings_environment(control_t *ctl, settings_from_t *from)
{
    int          status;
    size_t       i;
    const char  *value;

    for (i = 0; i < SET_N; i++) {
        value = getenv(settings_names[i].environment);

        if (value == NULL || *value == '\0') {
            continue;
        }

        status = settings_put(ctl, from, i, value, SETTINGS_ENVIRONMENT);

        if (status != STATUS_DONE) {
            return status;
        }
    }

    return STATUS_DONE;
}


int
settings_of_server(control_t *ctl, settings_from_t *from, const char *path)
{
    return settings_environment(ctl, from) == STATUS_DONE
           && settings_file(ctl, from, path, 1, SETTINGS_USER) == STATUS_DONE
           && settings_secrets(ctl, from) == STATUS_DONE
           ? settings_complete(&ctl->settings, &ctl->error)
           : ctl->error.status;
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
settings_put(control_t *ctl, settings_from_t *from, setting_e s,
    const char *value, settings_rank_e rank)
{
    if (ctl->settings.value[s]) {
        return STATUS_DONE;
    }

    ctl->settings.value[s] = strdup(value);
    from->rank[s] = rank;

    return ctl->settings.value[s] ? STATUS_DONE : control_no_memory(ctl);
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
