
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>

#include "cli/change_run.h"
#include "cli/interrupt.h"
#include "cli/output.h"


/* options that do not say what is to be changed; or "content" does */

#define RUN_ASIDE  (OPT_GLOBAL|OPT_BIT(OPT_REQUEST_ID)|OPT_BIT(OPT_YES)       \
                    |OPT_BIT(OPT_WAIT)|OPT_BIT(OPT_FILE))


static int run_check_request(admin_t *a);
static int run_arguments(change_run_t *run);
static void run_argument(FILE *f, const char *name, const char *value);
static int run_commit(change_run_t *run);


int
change_run(change_run_t *run)
{
    return change_run_hosts(run, run->a->host, run->a->n_hosts);
}


int
change_run_hosts(change_run_t *run, char **host, size_t n)
{
    int       status;
    admin_t  *a;

    a = run->a;

    run->batch.ctl = a->ctl;
    run->batch.kind = run->kind;
    run->batch.args = run->args;
    run->batch.host = host;
    run->batch.n = n;
    run->batch.request = a->opt[OPT_REQUEST_ID];
    run->batch.by_trail = a->opt[OPT_YES] != NULL;
    run->batch.committed = change_print_done;
    run->batch.data = run;

    if ((status = run_check_request(a)) == STATUS_DONE
        && (status = run_arguments(run)) == STATUS_DONE
        && (status = change_wait_check(a)) == STATUS_DONE
        && (status = change_confirm(run)) == STATUS_DONE
        && (status = settings_load(a)) == STATUS_DONE)
    {
        status = run_commit(run);

        /* text is printed before the wait, JSON after it */

        if (status == STATUS_DONE && output_is_json(a)) {
            status = change_wait(run);
        }

        if (status == STATUS_DONE || status == STATUS_PARTLY) {
            change_print_end(run);
            change_warn_absent(run);
        }

        if (status == STATUS_DONE && !output_is_json(a)) {
            status = change_wait(run);
        }
    }

    change_batch_free(&run->batch);
    json_decref(run->waited);
    free(run->arguments);

    return status;
}


static int
run_check_request(admin_t *a)
{
    const char  *why;

    why = a->opt[OPT_REQUEST_ID] ? idempotency_check(a->opt[OPT_REQUEST_ID])
                                 : NULL;

    return why ? error_set(&a->ctl->error, STATUS_USAGE, "request",
                           "give one line of UTF-8 text of 1 to 200 bytes",
                           "the value of --request-id %s", why)
               : STATUS_DONE;
}


/* The options as they were typed: a retry of "--until +3d" types the same. */

static int
run_arguments(change_run_t *run)
{
    FILE      *f;
    admin_t   *a;
    size_t     size;
    option_e   o;

    a = run->a;
    f = open_memstream(&run->arguments, &size);

    if (f == NULL) {
        return control_no_memory(a->ctl);
    }

    for (o = 0; o < OPT_N; o++) {
        if (a->opt[o] && !(RUN_ASIDE & OPT_BIT(o))) {
            run_argument(f, admin_options[o].name, a->opt[o]);
        }
    }

    if (run->content) {
        run_argument(f, "content", run->content);
    }

    if (fclose(f) != 0) {
        return control_no_memory(a->ctl);
    }

    run->batch.arguments = run->arguments;

    return STATUS_DONE;
}


static void
run_argument(FILE *f, const char *name, const char *value)
{
    (void) fprintf(f, "%s=%zu:%s,", name, strlen(value), value);
}


/* Several transactions can be interrupted between two of them. */

static int
run_commit(change_run_t *run)
{
    int       status;
    admin_t  *a;

    a = run->a;

    if (!change_batch_several(&run->batch)) {
        return change_batch_run(&run->batch);
    }

    interrupt_hold(&a->interrupt);
    progress_begin(&a->progress, output_is_text(a));

    status = change_batch_run(&run->batch);

    progress_end(&a->progress);
    interrupt_release(&a->interrupt);

    return status;
}
