
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The passwords of the users of Redis, and the settings of paylock-admin.
 */


#define _GNU_SOURCE

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "cli/acl.h"
#include "paylock_hex.h"
#include "setup/lines.h"
#include "setup/setup.h"


#define FILES_PASSWORD  32             /* random bytes */


static void passwords_look(setup_t *s, const setup_user_t *user,
    const char *mode);
static int passwords_make(setup_t *s, setup_user_t *user, mode_t mode);
static int passwords_remove(setup_t *s, setup_user_t *user);
static int config_wanted(setup_t *s, char *line[SET_N]);
static const char *config_value(const setup_t *s, setting_e i);
static int config_differs(setup_t *s, setting_e i);
static int config_same_url(const char *one, const char *two);
static char *config_text(const setup_t *s, setting_e i);
static void config_free(char *line[SET_N]);


int
setup_passwords_look(setup_t *s)
{
    /* operators are in the group of the directory */

    passwords_look(s, &s->nginx, "0600");
    passwords_look(s, &s->op, "0640");

    return STATUS_DONE;
}


static void
passwords_look(setup_t *s, const setup_user_t *user, const char *mode)
{
    if (user->own && !user->there) {
        setup_change(s, "%s: a random password, mode %s", user->file, mode);
    }
}


int
setup_passwords_apply(setup_t *s)
{
    return passwords_make(s, &s->nginx, 0600) == STATUS_DONE
           ? passwords_make(s, &s->op, 0640) : s->ctl->error.status;
}


static int
passwords_make(setup_t *s, setup_user_t *user, mode_t mode)
{
    int            status;
    char           text[2 * FILES_PASSWORD + 2];
    unsigned char  random[FILES_PASSWORD];

    if (!user->own || user->there) {
        return STATUS_DONE;
    }

    if (RAND_bytes(random, sizeof(random)) != 1) {
        return control_no_crypto(s->ctl);
    }

    paylock_hex(random, sizeof(random), text);
    (void) strcat(text, "\n");

    status = lines_write(&s->ctl->error, user->file, text, mode);
    user->there = status == STATUS_DONE;

    explicit_bzero(random, sizeof(random));
    explicit_bzero(text, sizeof(text));

    return status;
}


int
setup_passwords_undo_look(setup_t *s)
{
    size_t  i;

    setup_user_t  *users[] = { &s->nginx, &s->op };

    for (i = 0; i < 2; i++) {
        if (users[i]->there && users[i]->own && !s->users_stay) {
            setup_change(s, "%s: remove it", users[i]->file);
        }
    }

    return STATUS_DONE;
}


int
setup_passwords_undo(setup_t *s)
{
    return passwords_remove(s, &s->nginx) == STATUS_DONE
           ? passwords_remove(s, &s->op) : s->ctl->error.status;
}


static int
passwords_remove(setup_t *s, setup_user_t *user)
{
    if (!user->there || !user->own || unlink(user->file) == 0
        || errno == ENOENT)
    {
        return STATUS_DONE;
    }

    return error_set(&s->ctl->error, STATUS_FAILED, "file", NULL,
                     "cannot remove \"%.1000s\": %s", user->file,
                     strerror(errno));
}


/* Which user do the settings name, and is it the one that setup makes? */

int
setup_config_read(setup_t *s)
{
    size_t       len;
    const char  *line, *file;

    if (lines_read(&s->ctl->error, s->config, &s->config_now) != STATUS_DONE) {
        return s->ctl->error.status;
    }

    line = lines_find(s->config_now, "username", &len);
    s->configured = line && memmem(line, len, ACL_OP, strlen(ACL_OP));

    file = lines_find(s->config_now, "password_file", &len);
    s->configured &= file && memmem(file, len, s->op.file,
                                    strlen(s->op.file));

    s->op.own = line == NULL || s->configured;

    return STATUS_DONE;
}


int
setup_config_look(setup_t *s)
{
    int     status;
    char   *line[SET_N];
    size_t  i;

    if (s->admin->from.file[SETTINGS_USER]
        && strcmp(s->admin->from.file[SETTINGS_USER], s->config) != 0)
    {
        control_warn(s->ctl, "config", "", NULL, "what \"%.1000s\" says wins "
                     "over \"%.500s\"", s->admin->from.file[SETTINGS_USER],
                     s->config);
    }

    status = config_wanted(s, line);

    for (i = 0; status == STATUS_DONE && i < SET_N; i++) {
        if (line[i]) {
            setup_change(s, "%s: %s", s->config, line[i]);
        }
    }

    config_free(line);

    return status;
}


int
setup_config_apply(setup_t *s)
{
    int     status;
    char   *line[SET_N];
    size_t  i;

    status = config_wanted(s, line);

    for (i = 0; status == STATUS_DONE && i < SET_N; i++) {
        if (line[i]
            && lines_put(&s->config_now, settings_names[i].name, line[i]) != 0)
        {
            status = control_no_memory(s->ctl);
        }
    }

    config_free(line);

    return status == STATUS_DONE
           ? lines_write(&s->ctl->error, s->config, s->config_now, 0644)
           : status;
}


/* The lines to be added, by setting; NULL: is there, or not wanted. */

static int
config_wanted(setup_t *s, char *line[SET_N])
{
    size_t     len;
    setting_e  i;

    memset(line, 0, SET_N * sizeof(char *));

    for (i = 0; i < SET_N; i++) {

        if (config_value(s, i) == NULL) {
            continue;
        }

        if (lines_find(s->config_now, settings_names[i].name, &len) == NULL) {

            if (asprintf(&line[i], "%s = %s", settings_names[i].name,
                         config_value(s, i))
                < 0)
            {
                line[i] = NULL;
                return control_no_memory(s->ctl);
            }

        } else if (config_differs(s, i)) {
            return error_set(&s->ctl->error, STATUS_FAILED, "config",
                             "change it there, or leave out the option",
                             "\"%.1000s\" has another \"%s\" already",
                             s->config, settings_names[i].name);
        }
    }

    return STATUS_DONE;
}


/* Our user, and what was given on the command line or in the environment. */

static const char *
config_value(const setup_t *s, setting_e i)
{
    const settings_t  *set;

    set = &s->ctl->settings;

    switch (i) {

    case SET_REDIS:
        return set->where;

    case SET_USERNAME:
        return s->op.own ? s->op.name : NULL;

    case SET_PASSWORD_FILE:
        return s->op.own ? s->op.file : NULL;

    case SET_PASSWORD:
    case SET_ACTOR:
    case SET_PASSPHRASE_FILE:
        return NULL;

    default:
        break;
    }

    return set->value[i] == NULL || s->admin->from.rank[i] >= SETTINGS_USER
           ? NULL
           : i == SET_SIGNERS ? s->signers : i == SET_KEY ? s->key
                                                         : set->value[i];
}


static int
config_differs(setup_t *s, setting_e i)
{
    int          differs;
    char        *there;
    const char  *value;

    there = config_text(s, i);
    value = config_value(s, i);

    differs = there == NULL
              || (i == SET_REDIS ? !config_same_url(there, value)
                                 : strcmp(there, value) != 0);
    free(there);

    return differs;
}


/* Credentials do not count. */

static int
config_same_url(const char *one, const char *two)
{
    int            same;
    paylock_url_t  a, b;

    if (paylock_url_parse(one, strlen(one), &a) != NULL) {
        return 0;
    }

    if (paylock_url_parse(two, strlen(two), &b) != NULL) {
        paylock_url_free(&a);
        return 0;
    }

    same = a.tls == b.tls && a.port == b.port && a.db == b.db
           && (a.path == NULL) == (b.path == NULL)
           && (a.path ? strcmp(a.path, b.path) == 0
                      : strcasecmp(a.host, b.host) == 0);

    paylock_url_free(&a);
    paylock_url_free(&b);

    return same;
}


/* The value that the file has, allocated. */

static char *
config_text(const setup_t *s, setting_e i)
{
    char        *text;
    size_t       len;
    const char  *line, *value;

    line = lines_find(s->config_now, settings_names[i].name, &len);
    value = line ? memchr(line, '=', len) : NULL;

    if (value == NULL) {
        return NULL;
    }

    len -= (size_t) (value + 1 - line);
    value++;

    while (len && strchr(" \t", *value)) {
        value++;
        len--;
    }

    while (len && strchr(" \t\r", value[len - 1])) {
        len--;
    }

    text = strndup(value, len);

    return text;
}


static void
config_free(char *line[SET_N])
{
    size_t  i;

    for (i = 0; i < SET_N; i++) {
        free(line[i]);
    }
}


int
setup_config_undo_look(setup_t *s)
{
    if (s->configured) {
        setup_change(s, "%s: without username, without password_file",
                     s->config);
    }

    return STATUS_DONE;
}


int
setup_config_undo(setup_t *s)
{
    if (lines_comment(&s->config_now, "username") != 0
        || lines_comment(&s->config_now, "password_file") != 0)
    {
        return control_no_memory(s->ctl);
    }

    return lines_write(&s->ctl->error, s->config, s->config_now, 0644);
}
