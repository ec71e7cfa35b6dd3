
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "change/node_wait.h"
#include "cli/change_run.h"
#include "cli/output.h"


#define WAIT_SECONDS  10
#define WAIT_MOST     3600


static long wait_seconds(const char *text);
static const char *wait_what(const change_run_t *run);
static void wait_print(const node_wait_t *w, const char *what);
static json_t *wait_json(node_wait_t *w);


int
change_wait_check(admin_t *a)
{
    if (a->opt[OPT_WAIT] == NULL || wait_seconds(a->opt[OPT_WAIT]) > 0) {
        return STATUS_DONE;
    }

    return error_set(&a->ctl->error, STATUS_USAGE, "wait",
                     "give --wait alone, or --wait= and 1 to 3600 seconds",
                     "the value of --wait is no such number");
}


static long
wait_seconds(const char *text)
{
    char  *end;
    long   n;

    if (*text == '\0') {
        return WAIT_SECONDS;
    }

    n = strtol(text, &end, 10);

    return *text >= '0' && *text <= '9' && *end == '\0' && n <= WAIT_MOST
           ? n : 0;
}


int
change_wait(change_run_t *run)
{
    int          status;
    admin_t     *a;
    node_wait_t  w;

    a = run->a;

    if (a->opt[OPT_WAIT] == NULL || a->ctl->dry_run) {
        return STATUS_DONE;
    }

    (void) fflush(stdout);

    status = node_wait(a->ctl, &run->batch.head,
                       wait_seconds(a->opt[OPT_WAIT]), &w);

    if (output_is_json(a)) {
        run->waited = wait_json(&w);

    } else if (status == STATUS_DONE && output_is_text(a)) {
        wait_print(&w, wait_what(run));
    }

    node_wait_free(&w);

    return status;
}


/* How to say that nodes have the change; a plan does not take effect yet. */

static const char *
wait_what(const change_run_t *run)
{
    if (run->plans) {
        return "known on";
    }

    return strcmp(run->kind->action, "lock") == 0 ? "locked on"
           : strcmp(run->kind->action, "unlock") == 0 ? "open on" : "known on";
}


static void
wait_print(const node_wait_t *w, const char *what)
{
    char  silent[1024], dry_run[1024];

    node_wait_names(w->silent, silent, sizeof(silent));
    node_wait_names(w->dry_run, dry_run, sizeof(dry_run));

    (void) printf("%s %zu of %zu node%s in %lld ms%s%s%s%s\n", what,
                  w->have, w->live, w->live == 1 ? "" : "s", w->ms,
                  *silent ? "; silent: " : "", silent,
                  *dry_run ? "; in dry run, which closes nothing and only "
                             "logs: " : "", dry_run);
}


static json_t *
wait_json(node_wait_t *w)
{
    json_t  *o;

    o = json_pack("{s:I, s:I, s:I, s:o, s:o, s:o}",
                  "live", (json_int_t) w->live, "have", (json_int_t) w->have,
                  "ms", (json_int_t) w->ms,
                  "missing", w->missing ? w->missing : json_array(),
                  "silent", w->silent ? w->silent : json_array(),
                  "dry_run", w->dry_run ? w->dry_run : json_array());

    w->missing = NULL;
    w->silent = NULL;
    w->dry_run = NULL;

    return o;
}
