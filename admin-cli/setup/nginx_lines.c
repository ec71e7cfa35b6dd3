
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "setup/nginx_dump.h"
#include "setup/nginx_lines.h"


static int nginx_lines_is_off(const char *line, size_t len);
static int nginx_lines_wanted(setup_t *s, nginx_line_t line[NGINX_LINES]);
static char *nginx_lines_redis(setup_t *s);
static char *nginx_lines_quoted(const char *text);


int
nginx_lines_missing(setup_t *s, nginx_line_t line[NGINX_LINES])
{
    size_t       i, len;
    const char  *there, *contact;

    contact = s->admin->opt[OPT_CONTACT];

    if (nginx_lines_wanted(s, line) != STATUS_DONE) {
        return s->ctl->error.status;
    }

    for (i = 0; i < NGINX_LINES; i++) {
        there = line[i].line ? nginx_dump_find(s->dump, line[i].word, &len)
                             : NULL;

        /* a location that is let through gates nothing */

        while (i == 0 && there && nginx_lines_is_off(there, len)) {
            there = nginx_dump_find(there + len, line[i].word, &len);
        }

        if (there == NULL) {
            continue;
        }

        if (strcmp(line[i].word, "paylock_contact") == 0
            && memmem(there, len, contact, strlen(contact)) == NULL)
        {
            return error_set(&s->ctl->error, STATUS_FAILED, "contact",
                             "change it there, or leave out --contact",
                             "the configuration of nginx has another "
                             "\"paylock_contact\" already");
        }

        free(line[i].line);
        line[i].line = NULL;
    }

    return STATUS_DONE;
}


static int
nginx_lines_is_off(const char *line, size_t len)
{
    const char  *value;

    value = line + strcspn(line, " \t\n");
    value += strspn(value, " \t\n\"'");

    return value + 3 < line + len && strncmp(value, "off", 3) == 0
           && strchr("; \t\"'", value[3]);
}


static int
nginx_lines_wanted(setup_t *s, nginx_line_t line[NGINX_LINES])
{
    int                n, i;
    char              *value;
    const settings_t  *set;

    set = &s->ctl->settings;

    const struct {
        const char  *word;
        const char  *value;
    } simple[] = {
        { "paylock_contact", s->admin->opt[OPT_CONTACT] },
        { "paylock_redis_ssl_trusted_certificate", set->value[SET_TLS_CA] },
        { "paylock_redis_ssl_certificate", set->value[SET_TLS_CERT] },
        { "paylock_redis_ssl_certificate_key", set->value[SET_TLS_KEY] },
        { "paylock_redis_ssl_name", set->value[SET_TLS_NAME] }
    };

    memset(line, 0, NGINX_LINES * sizeof(nginx_line_t));

    line[0].word = "paylock";
    line[0].line = strdup("paylock on;");
    line[1].word = "paylock_redis";
    line[1].line = nginx_lines_redis(s);
    line[2].word = "paylock_signers";
    n = asprintf(&line[2].line, "paylock_signers %s%s%s;", s->signers,
                 set->value[SET_REALM] ? " realm=" : "",
                 set->value[SET_REALM] ? set->value[SET_REALM] : "");

    if (n < 0 || line[0].line == NULL || line[1].line == NULL) {
        line[2].line = n < 0 ? NULL : line[2].line;
        return control_no_memory(s->ctl);
    }

    /* the others are of TLS */

    for (i = 0; i < (set->url.tls ? 5 : 1); i++) {
        line[3 + i].word = simple[i].word;

        if (simple[i].value == NULL) {
            continue;
        }

        value = nginx_lines_quoted(simple[i].value);

        if (value == NULL
            || asprintf(&line[3 + i].line, "%s %s;", simple[i].word, value)
               < 0)
        {
            line[3 + i].line = NULL;
            free(value);
            return control_no_memory(s->ctl);
        }

        free(value);
    }

    return STATUS_DONE;
}


static char *
nginx_lines_redis(setup_t *s)
{
    char        *line, *prefix, *quoted;
    settings_t  *set;

    set = &s->ctl->settings;
    quoted = NULL;

    if (s->admin->from.rank[SET_PREFIX] != SETTINGS_DEFAULT) {

        if (asprintf(&prefix, "prefix=%s", set->value[SET_PREFIX]) < 0) {
            return NULL;
        }

        quoted = nginx_lines_quoted(prefix);
        free(prefix);

        if (quoted == NULL) {
            return NULL;
        }
    }

    if (asprintf(&line, "paylock_redis %s username=%s password_file=%s%s%s;",
                 set->where, s->nginx.name, s->nginx.file, quoted ? " " : "",
                 quoted ? quoted : "")
        < 0)
    {
        line = NULL;
    }

    free(quoted);

    return line;
}


/* Control characters would begin another line. */

static char *
nginx_lines_quoted(const char *text)
{
    char  *quoted, *p;

    quoted = malloc(2 * strlen(text) + 3);

    if (quoted == NULL) {
        return NULL;
    }

    p = quoted;
    *p++ = '"';

    for ( ; *text; text++) {

        if (strchr("\"\\", *text)) {
            *p++ = '\\';
        }

        *p++ = (unsigned char) *text < ' ' ? ' ' : *text;
    }

    *p++ = '"';
    *p = '\0';

    return quoted;
}


void
nginx_lines_free(nginx_line_t line[NGINX_LINES])
{
    size_t  i;

    for (i = 0; i < NGINX_LINES; i++) {
        free(line[i].line);
    }
}
