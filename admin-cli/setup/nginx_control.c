
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "records/nodes.h"
#include "setup/lines.h"
#include "setup/nginx_control.h"
#include "setup/nginx_dump.h"
#include "setup/run.h"
#include "trail/actor.h"


#define CONTROL_PATHS  "/usr/sbin:/usr/local/sbin:/usr/local/nginx/sbin"
#define CONTROL_WAIT   15              /* seconds, for a report */


static int nginx_control_run(setup_t *s, const char *one, const char *two,
    char **out, char **err);
static int nginx_control_try(setup_t *s, const char *text, const char *before,
    const char *needs);
static int nginx_control_wait(setup_t *s, uint64_t since);
static int nginx_control_now(setup_t *s, uint64_t *now);


/* The PATH of a user, and of cron, lacks sbin. */

int
nginx_control_find(setup_t *s)
{
    char        *paths, *next, *dir, *path;
    const char  *env;

    if (s->admin->opt[OPT_NGINX]) {
        s->program = strdup(s->admin->opt[OPT_NGINX]);
        return s->program ? STATUS_DONE : control_no_memory(s->ctl);
    }

    env = getenv("PATH");

    if (asprintf(&paths, "%s:" CONTROL_PATHS, env ? env : "") < 0) {
        return control_no_memory(s->ctl);
    }

    for (next = paths; s->program == NULL && (dir = strsep(&next, ":"));) {

        if (*dir == '/' && asprintf(&path, "%s/nginx", dir) >= 0) {
            if (access(path, X_OK) == 0) {
                s->program = path;
            } else {
                free(path);
            }
        }
    }

    free(paths);

    return STATUS_DONE;
}


static int
nginx_control_run(setup_t *s, const char *one, const char *two, char **out,
    char **err)
{
    int          rc;
    sigset_t     none;
    const char  *argv[] = { s->program, one, two, NULL };

    (void) sigemptyset(&none);
    rc = run_program(argv, &none, out, err);

    if (rc == -1) {
        (void) error_set(&s->ctl->error, STATUS_FAILED, "nginx",
                         "name nginx with --nginx", "cannot run \"%.500s\": %s",
                         s->program, strerror(errno));
    }

    return rc;
}


int
nginx_control_dump(setup_t *s, char **dump)
{
    int   rc, status;
    char *err, why[512];

    rc = nginx_control_run(s, "-T", NULL, dump, &err);

    if (rc == -1) {
        return s->ctl->error.status;
    }

    nginx_dump_error(err, why);
    free(err);

    status = rc == 0 ? STATUS_DONE
             : error_set(&s->ctl->error, STATUS_FAILED, "nginx",
                         "mend it, until \"nginx -t\" says that it is "
                         "successful",
                         "nginx refuses its configuration: %s", why);

    return status;
}


void
nginx_control_name(setup_t *s)
{
    char         machine[ACTOR_MACHINE];
    size_t       len;
    const char  *node;

    node = nginx_dump_find(s->dump, "paylock_node", &len);

    if (node == NULL || memchr(node, '$', len)) {
        actor_machine(machine);
        (void) snprintf(s->node, sizeof(s->node), "%s", machine);
        return;
    }

    node += strlen("paylock_node");
    node += strspn(node, " \t\"'");
    (void) snprintf(s->node, sizeof(s->node), "%.*s",
                    (int) strcspn(node, "; \t\"'"), node);
}


/* A signal comes to nothing meanwhile: it would leave a file untested. */

int
nginx_control_replace(setup_t *s, const char *text, const char *before,
    const char *needs)
{
    int           status;
    interrupt_t  *interrupt;

    interrupt = &s->admin->interrupt;

    interrupt_hold(interrupt);
    status = nginx_control_try(s, text, before, needs);
    interrupt_release(interrupt);

    return status;
}


static int
nginx_control_try(setup_t *s, const char *text, const char *before,
    const char *needs)
{
    int           status, there;
    char         *dump;
    size_t        len;
    error_info_t  why;

    there = access(s->conf, F_OK) == 0;

    if (lines_write(&s->ctl->error, s->conf, text, 0644) != STATUS_DONE) {
        return s->ctl->error.status;
    }

    dump = NULL;
    status = nginx_control_dump(s, &dump);

    if (status == STATUS_DONE && needs
        && nginx_dump_find(dump, needs, &len) == NULL)
    {
        status = error_set(&s->ctl->error, STATUS_FAILED, "nginx",
                           "name a file that it includes in its http block "
                           "with --nginx-conf",
                           "nginx does not read \"%.1000s\"", s->conf);
    }

    free(dump);

    if (status == STATUS_DONE) {
        return STATUS_DONE;
    }

    why = s->ctl->error;

    if (!there) {
        (void) unlink(s->conf);

    } else if (lines_write(&s->ctl->error, s->conf, before, 0644)
               != STATUS_DONE)
    {
        return s->ctl->error.status;
    }

    s->ctl->error = why;

    return status;
}


int
nginx_control_reload(setup_t *s, int follows)
{
    int       rc;
    char     *out, *err, why[512];
    uint64_t  since;

    since = 0;

    if (follows && nginx_control_now(s, &since) != STATUS_DONE) {
        return s->ctl->error.status;
    }

    rc = nginx_control_run(s, "-s", "reload", &out, &err);

    if (rc == -1) {
        return s->ctl->error.status;
    }

    nginx_dump_error(err, why);
    free(out);
    free(err);

    if (rc) {
        *s->node = '\0';
        control_warn(s->ctl, "nginx", "", "start it",
                     "nginx was not reloaded, as it does not run: %s", why);
        return STATUS_DONE;
    }

    return follows ? nginx_control_wait(s, since) : STATUS_DONE;
}


/* Its report is what shows that all parts work together. */

static int
nginx_control_wait(setup_t *s, uint64_t since)
{
    int  i, reports;

    static const struct timespec  pause = { 0, 20 * 1000 * 1000 };

    for (i = 0; i < CONTROL_WAIT * 50; i++) {

        if (nginx_control_reports(s, since, &reports) != STATUS_DONE) {
            return s->ctl->error.status;
        }

        if (reports) {
            return STATUS_DONE;
        }

        (void) nanosleep(&pause, NULL);
    }

    return error_set(&s->ctl->error, STATUS_FAILED, "nginx",
                     "see its error log; \"paylock-admin nodes\" shows when it "
                     "is live", "nginx was reloaded, and its node \"%.200s\" "
                     "does not follow Redis", s->node);
}


int
nginx_control_reports(setup_t *s, uint64_t since, int *reports)
{
    size_t               i;
    nodes_t              nodes;
    const node_t        *node;

    if (nodes_read(s->ctl, &nodes) != STATUS_DONE) {
        return s->ctl->error.status;
    }

    *reports = 0;

    for (i = 0; i < nodes.n; i++) {
        node = &nodes.node[i];

        *reports |= node->why == NULL && !node->silent
                    && strcasecmp(node->name, s->node) == 0
                    && strcmp(node->report.state, "live") == 0
                    && node->report.time > since;
    }

    nodes_free(&nodes);

    return STATUS_DONE;
}


/* Milliseconds, by the clock of Redis. */

static int
nginx_control_now(setup_t *s, uint64_t *now)
{
    redisReply  *reply;

    reply = setup_ask(s, "TIME", NULL);

    if (reply == NULL) {
        return s->ctl->error.status;
    }

    *now = 0;

    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2
        && reply->element[0]->str && reply->element[1]->str)
    {
        *now = strtoull(reply->element[0]->str, NULL, 10) * 1000
               + strtoull(reply->element[1]->str, NULL, 10) / 1000;
    }

    freeReplyObject(reply);

    return STATUS_DONE;
}
