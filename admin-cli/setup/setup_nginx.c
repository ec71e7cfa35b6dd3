
/*
 * Copyright (C) 2026 paylock contributors
 *
 * nginx: the directives that gate its sites.
 */


#define _GNU_SOURCE

#include <stdlib.h>
#include <string.h>

#include "paylock_redis_keys.h"
#include "setup/lines.h"
#include "setup/nginx_control.h"
#include "setup/nginx_dump.h"
#include "setup/nginx_lines.h"
#include "setup/setup.h"


#define NGINX_HEADER                                                          \
    "# paylock, for all sites: see ngx_http_paylock_module(8)\n\n"


static int nginx_undo_same(setup_t *s, const char *line, size_t len);
static int nginx_undo_elsewhere(setup_t *s);


/* what --undo takes out */

static const char  *nginx_words[] = {
    "paylock", "paylock_redis", "paylock_signers",
    "paylock_redis_ssl_trusted_certificate", "paylock_redis_ssl_certificate",
    "paylock_redis_ssl_certificate_key", "paylock_redis_ssl_name",
    "paylock_contact", NULL
};


int
setup_nginx_read(setup_t *s)
{
    size_t       len;
    const char  *redis;

    free(s->program);
    free(s->dump);
    s->program = NULL;
    s->dump = NULL;

    if (nginx_control_find(s) != STATUS_DONE) {
        return s->ctl->error.status;
    }

    if (s->program == NULL) {
        s->nginx.own = s->admin->opt[OPT_UNDO] != NULL;

        if (!s->nginx.own) {
            control_warn(s->ctl, "nginx", "", "run this there, too, with "
                         "--redis; --nginx names one that is elsewhere",
                         "there is no nginx on this machine");
        }

        return STATUS_DONE;
    }

    if (nginx_control_dump(s, &s->dump) != STATUS_DONE) {

        /* what is to be taken out may be what it refuses */

        if (!s->admin->opt[OPT_UNDO] || s->dump == NULL) {
            return s->ctl->error.status;
        }

        s->refused = 1;
        control_warn(s->ctl, "nginx", "", NULL, "%s",
                     s->ctl->error.message);
    }

    nginx_control_name(s);

    redis = nginx_dump_find(s->dump, "paylock_redis", &len);
    s->nginx.own = redis == NULL
                   || memmem(redis, len, s->nginx.file, strlen(s->nginx.file));

    if (nginx_dump_loads(s->dump, "ngx_http_paylock_module")
        || s->admin->opt[OPT_UNDO])
    {
        return STATUS_DONE;
    }

    return error_set(&s->ctl->error, STATUS_FAILED, "nginx_module",
                     "install the package libnginx-mod-http-paylock; after "
                     "\"make install\" write \"load_module "
                     "modules/ngx_http_paylock_module.so;\" at the top of "
                     "nginx.conf", "nginx does not load the module of "
                     "paylock");
}


int
setup_nginx_look(setup_t *s)
{
    int            reports, status;
    size_t         i;
    nginx_line_t   line[NGINX_LINES];

    if (s->program == NULL) {
        return STATUS_DONE;
    }

    status = nginx_lines_missing(s, line);

    for (i = 0; status == STATUS_DONE && i < NGINX_LINES; i++) {
        if (line[i].line) {
            setup_change(s, "%s: %s", s->conf, line[i].line);
        }
    }

    nginx_lines_free(line);

    if (status != STATUS_DONE) {
        return status;
    }

    if (json_array_size(s->changes)) {
        setup_change(s, "test the configuration, and reload nginx");
        return STATUS_DONE;
    }

    status = nginx_control_reports(s, 0, &reports);

    if (status == STATUS_DONE && !reports) {
        setup_change(s, "reload nginx, which does not report to Redis");
    }

    return status;
}


int
setup_nginx_apply(setup_t *s)
{
    int            status;
    char          *text, *before;
    size_t         i;
    nginx_line_t   line[NGINX_LINES];

    if (lines_read(&s->ctl->error, s->conf, &before) != STATUS_DONE) {
        return s->ctl->error.status;
    }

    status = nginx_lines_missing(s, line);
    text = strdup(*before ? before : NGINX_HEADER);

    if (status == STATUS_DONE && text == NULL) {
        status = control_no_memory(s->ctl);
    }

    for (i = 0; status == STATUS_DONE && i < NGINX_LINES; i++) {
        if (line[i].line && lines_put(&text, line[i].word, line[i].line) != 0)
        {
            status = control_no_memory(s->ctl);
        }
    }

    if (status == STATUS_DONE && strcmp(text, *before ? before : NGINX_HEADER))
    {
        status = nginx_control_replace(s, text, before, "paylock_redis");
    }

    nginx_lines_free(line);
    free(text);
    free(before);

    return status == STATUS_DONE ? nginx_control_reload(s, 1) : status;
}


int
setup_default_locked(const setup_t *s)
{
    size_t       len;
    const char  *p;

    if (s->refused) {
        return 1;
    }

    for (p = s->dump; p && (p = nginx_dump_find(p, "paylock_default", &len));
         p += len)
    {
        if (memmem(p, len, "locked", strlen("locked"))) {
            return 1;
        }
    }

    return 0;
}


int
setup_nginx_undo_look(setup_t *s)
{
    int          own, status;
    char        *text;
    size_t       i, len;
    const char  *redis;

    text = NULL;

    if (lines_read(&s->ctl->error, s->conf, &text) != STATUS_DONE) {
        free(text);
        return s->ctl->error.status;
    }

    redis = lines_find(text, "paylock_redis", &len);
    own = redis && memmem(redis, len, s->nginx.file, strlen(s->nginx.file));
    status = own ? nginx_undo_same(s, redis, len) : nginx_undo_elsewhere(s);

    if (status != STATUS_DONE) {
        free(text);
        return status;
    }

    for (i = 0; own && nginx_words[i]; i++) {
        if (lines_find(text, nginx_words[i], &len)) {
            setup_change(s, "%s: without %s", s->conf, nginx_words[i]);
        }
    }

    if (own && s->program) {
        setup_change(s, "test the configuration, and reload nginx");
    }

    free(text);

    return STATUS_DONE;
}


/* Which sites it closes is to be seen in no other Redis. */

static int
nginx_undo_same(setup_t *s, const char *line, size_t len)
{
    int          same;
    char        *text, *url, *prefix;
    size_t       n;
    const char  *wanted;

    wanted = s->ctl->settings.value[SET_PREFIX];
    text = strndup(line, len);

    if (text == NULL) {
        return control_no_memory(s->ctl);
    }

    prefix = strstr(text, "prefix=");
    prefix = prefix ? prefix + strlen("prefix=") : NULL;
    n = prefix ? strcspn(prefix, "\" \t;") : 0;
    same = prefix ? n == strlen(wanted) && memcmp(prefix, wanted, n) == 0
                  : strcmp(wanted, PAYLOCK_PREFIX) == 0;

    url = strstr(text, "paylock_redis") + strlen("paylock_redis");
    url += strspn(url, " \t\"'");
    url[strcspn(url, " \t\"';")] = '\0';
    same = same && setup_same_url(url, s->ctl->settings.where);

    free(text);

    return same ? STATUS_DONE
           : error_set(&s->ctl->error, STATUS_FAILED, "redis",
                       "name that Redis, and its prefix, as they are there",
                       "\"%.1000s\" has another \"paylock_redis\" than "
                       "Redis at %s with the prefix \"%.200s\"", s->conf,
                       s->ctl->settings.where, wanted);
}


/* Without the file of its password nginx would not start again. */

static int
nginx_undo_elsewhere(setup_t *s)
{
    size_t       len;
    const char  *redis;

    for (redis = s->dump;
         redis && (redis = nginx_dump_find(redis, "paylock_redis", &len));
         redis += len)
    {
        if (memmem(redis, len, s->nginx.file, strlen(s->nginx.file))) {
            return error_set(&s->ctl->error, STATUS_FAILED, "nginx_conf",
                             "name the file that has it with --nginx-conf: "
                             "\"nginx -T\" shows which",
                             "\"%.1000s\" is not where nginx has its "
                             "\"paylock_redis\"", s->conf);
        }
    }

    return STATUS_DONE;
}


int
setup_nginx_undo(setup_t *s)
{
    int      status;
    char    *text, *before;
    size_t   i;

    if (lines_read(&s->ctl->error, s->conf, &before) != STATUS_DONE) {
        return s->ctl->error.status;
    }

    text = strdup(before);
    status = text ? STATUS_DONE : control_no_memory(s->ctl);

    for (i = 0; status == STATUS_DONE && nginx_words[i]; i++) {
        if (lines_comment(&text, nginx_words[i]) != 0) {
            status = control_no_memory(s->ctl);
        }
    }

    if (status == STATUS_DONE) {
        status = s->program ? nginx_control_replace(s, text, before, NULL)
                            : lines_write(&s->ctl->error, s->conf, text, 0644);
    }

    free(text);
    free(before);

    return status == STATUS_DONE && s->program ? nginx_control_reload(s, 0)
                                               : status;
}
