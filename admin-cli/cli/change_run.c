
/*
 * Copyright (C) 2026 paylock contributors
 */


#include "cli/change_run.h"
#include "cli/interrupt.h"
#include "cli/output.h"


static int run_check_request(admin_t *a);
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
    run->batch.committed = change_print_done;
    run->batch.data = run;

    if ((status = run_check_request(a)) == STATUS_DONE
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
