
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "redis/redis_settings.h"


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
        settings_command, settings_environment, settings_files, access_load
    };

    status = STATUS_DONE;

    for (i = 0; status == STATUS_DONE
                && i < sizeof(steps) / sizeof(steps[0]); i++)
    {
        status = steps[i](a);
    }

    return status;
}


void
settings_free(settings_t *s)
{
    size_t  i;

    for (i = 0; i < SET_N; i++) {
        settings_wipe(s->value[i]);
    }

    for (i = 0; i < SETTINGS_DEFAULT; i++) {
        settings_wipe(s->redis[i]);
        free(s->file[i]);
    }

    paylock_url_free(&s->url);
    free(s->where);
    free(s->locks);
    free(s->audit);
    free(s->nodes);
}


int
settings_path(char *path, size_t size, const char *variable,
    const char *fallback, const char *name)
{
    int                   n;
    const char           *base;
    const struct passwd  *user;

    base = getenv(variable);

    /* the XDG specification has relative paths ignored */

    if (base && *base == '/') {
        n = snprintf(path, size, "%s/%s", base, name);

    } else {
        base = getenv("HOME");

        if (base == NULL || *base == '\0') {
            user = getpwuid(getuid());
            base = user ? user->pw_dir : "";
        }

        n = snprintf(path, size, "%s/%s/%s", base, fallback, name);
    }

    if (n >= (int) size) {
        errno = ENAMETOOLONG;
        return -1;
    }

    return 0;
}


int
settings_directory(char *path)
{
    int    rc;
    char  *p;

    for (p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
        *p = '\0';
        rc = mkdir(path, strchr(p + 1, '/') ? 0755 : 0700);
        *p = '/';

        if (rc != 0 && errno != EEXIST) {
            return -1;
        }
    }

    return 0;
}


static int
settings_command(admin_t *a)
{
    int     status;
    size_t  i;

    if (a->opt[OPT_REDIS] && settings_is_secret(SET_REDIS, a->opt[OPT_REDIS]))
    {
        return problem_set(&a->problem, STATUS_USAGE, "password",
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
        return settings_file(a, given, 1, SETTINGS_USER);
    }

    status = settings_path(path, sizeof(path), "XDG_CONFIG_HOME", ".config",
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


/* What holds a secret must not be there for everybody. */

int
settings_private(admin_t *a, int fd, const char *path, const char *what)
{
    char         mend[SETTINGS_LINE];
    struct stat  st;

    if (fstat(fd, &st) == 0 && !(st.st_mode & (S_IROTH|S_IWOTH))) {
        return STATUS_DONE;
    }

    (void) snprintf(mend, sizeof(mend), "chmod 600 %s", path);

    return problem_set(&a->problem, STATUS_FAILED, what, mend,
                       "\"%s\" holds a secret and others can read or "
                       "write it", path);
}


/* The first to set a value wins: ranks come in their order. */

int
settings_put(admin_t *a, setting_e s, const char *value, settings_rank_e rank)
{
    if (a->settings.value[s]) {
        return STATUS_DONE;
    }

    a->settings.value[s] = strdup(value);
    a->settings.rank[s] = rank;

    return a->settings.value[s] ? STATUS_DONE : admin_memory(a);
}


void
settings_wipe(char *secret)
{
    if (secret) {
        explicit_bzero(secret, strlen(secret));
        free(secret);
    }
}
