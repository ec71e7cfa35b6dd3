
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Reads settings from a file.  Errors never show a line: it may be a secret.
 */


#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "context/settings_read.h"
#include "files/user_file.h"


#define SETTINGS_LINE  4096


static int settings_line(control_t *ctl, settings_from_t *from, char *line,
    const char *path, int number, settings_rank_e rank, int *secret);
static int settings_set(control_t *ctl, settings_from_t *from, setting_e s,
    const char *value, settings_rank_e rank);
static int settings_owned(control_t *ctl, int fd, const char *path);


int
settings_file(control_t *ctl, settings_from_t *from, const char *path,
    int must, settings_rank_e rank)
{
    int    status, number, secret;
    char   line[SETTINGS_LINE];
    FILE  *f;

    f = fopen(path, "re");

    if (f == NULL) {

        if (!must && (errno == ENOENT || errno == ENOTDIR)) {
            return STATUS_DONE;
        }

        return error_set(&ctl->error, STATUS_FAILED, "config",
                         "make it readable for you, or name another with "
                         "--config", "cannot read \"%s\": %s", path,
                         strerror(errno));
    }

    status = settings_owned(ctl, fileno(f), path);
    secret = 0;

    if (status == STATUS_DONE) {
        from->file[rank] = strdup(path);
        status = from->file[rank] ? STATUS_DONE : control_no_memory(ctl);
    }

    for (number = 1; status == STATUS_DONE && fgets(line, sizeof(line), f);
         number++)
    {
        status = settings_line(ctl, from, line, path, number, rank, &secret);
    }

    if (status == STATUS_DONE && ferror(f)) {
        status = error_set(&ctl->error, STATUS_FAILED, "config", NULL,
                           "cannot read \"%s\": %s", path, strerror(errno));
    }

    if (status == STATUS_DONE && secret) {
        status = user_file_check_private(&ctl->error, fileno(f), path,
                                         "config");
    }

    explicit_bzero(line, sizeof(line));
    (void) fclose(f);

    return status;
}


static int
settings_line(control_t *ctl, settings_from_t *from, char *line,
    const char *path, int number, settings_rank_e rank, int *secret)
{
    char       *key, *value, *end;
    setting_e   s;

    for (key = line; isspace((unsigned char) *key); key++) { /* void */ }

    if (*key == '\0' || *key == '#') {
        return STATUS_DONE;
    }

    for (end = key + strlen(key); isspace((unsigned char) end[-1]); end--) {
        /* void */
    }

    *end = '\0';
    value = strchr(key, '=');

    if (value == NULL) {
        return error_set(&ctl->error, STATUS_FAILED, "config",
                         "write \"key = value\"",
                         "\"%s\", line %d has no \"=\"", path, number);
    }

    for (end = value; end > key && isspace((unsigned char) end[-1]); end--) {
        /* void */
    }

    for (value++; isspace((unsigned char) *value); value++) { /* void */ }

    *end = '\0';

    for (s = 0; s < SET_N; s++) {
        if (strcmp(key, settings_names[s].name) == 0) {
            *secret |= settings_is_secret(s, value);
            return settings_set(ctl, from, s, value, rank);
        }
    }

    /* do not show the line: this may be any file, with secrets */

    return error_set(&ctl->error, STATUS_FAILED, "config",
                     "there are redis, prefix, username, password, "
                     "password_file, actor, key, passphrase_file, "
                     "signers, realm, tokens, tls_ca, tls_cert, tls_key and "
                     "tls_name",
                     "\"%s\", line %d is not a setting", path,
                     number);
}


/* Also notes the URL of the file: its secrets are for that Redis only. */

static int
settings_set(control_t *ctl, settings_from_t *from, setting_e s,
    const char *value, settings_rank_e rank)
{
    char  **redis;

    redis = &from->redis[rank];

    if (s == SET_REDIS && *redis == NULL) {
        *redis = strdup(value);

        if (*redis == NULL) {
            return control_no_memory(ctl);
        }
    }

    return settings_put(ctl, from, s, value, rank);
}


/* Fails if other users can write the file: they could redirect secrets. */

static int
settings_owned(control_t *ctl, int fd, const char *path)
{
    char         mend[SETTINGS_LINE + 16];
    struct stat  st;

    if (fstat(fd, &st) != 0) {
        return error_set(&ctl->error, STATUS_FAILED, "config", NULL,
                         "cannot look at \"%s\": %s", path,
                         strerror(errno));
    }

    if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)) {
        return STATUS_DONE;                                /* /dev/null */
    }

    if ((st.st_mode & (S_IWGRP|S_IWOTH))
        || (st.st_uid != 0 && st.st_uid != geteuid()))
    {
        (void) snprintf(mend, sizeof(mend), st.st_mode & (S_IWGRP|S_IWOTH)
                        ? "chmod go-w %s" : "chown root %s", path);

        return error_set(&ctl->error, STATUS_FAILED, "config", mend,
                         "others can write \"%s\", which says where Redis "
                         "is and which password it gets", path);
    }

    return user_file_check_directory(&ctl->error, path, "config");
}
