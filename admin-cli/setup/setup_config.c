
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The settings of paylock-admin.
 */


#define _GNU_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/acl.h"
#include "setup/lines.h"
#include "setup/setup.h"


static int config_wanted(setup_t *s, char *line[SET_N]);
static const char *config_value(const setup_t *s, setting_e i);
static int config_differs(setup_t *s, setting_e i);
static int config_other(setup_t *s, setting_e i);
static char *config_text(const setup_t *s, setting_e i);
static void config_free(char *line[SET_N]);


/* Which user do the settings name, and is it the one that setup makes? */

int
setup_config_read(setup_t *s)
{
    size_t       len;
    const char  *line, *file;

    free(s->config_now);

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
            return config_other(s, i);
        }
    }

    return STATUS_DONE;
}


static int
config_other(setup_t *s, setting_e i)
{
    return error_set(&s->ctl->error, STATUS_FAILED, "config",
                     "change it there, or leave out the option",
                     "\"%.1000s\" has another \"%s\" already", s->config,
                     settings_names[i].name);
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
              || (i == SET_REDIS ? !setup_same_url(there, value)
                                 : strcmp(there, value) != 0);
    free(there);

    return differs;
}


int
setup_same_url(const char *one, const char *two)
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


/* Which sites are closed is to be seen in no other Redis. */

int
setup_config_undo_look(setup_t *s)
{
    size_t  i, len;

    static const setting_e  where[] = { SET_REDIS, SET_PREFIX };

    for (i = 0; s->configured && i < sizeof(where) / sizeof(where[0]); i++) {
        if (lines_find(s->config_now, settings_names[where[i]].name, &len)
            && config_value(s, where[i]) && config_differs(s, where[i]))
        {
            return config_other(s, where[i]);
        }
    }

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
