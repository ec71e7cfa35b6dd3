
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "change/change_order.h"
#include "cli/change_run.h"
#include "cli/interrupt.h"
#include "cli/output.h"


static int run_check_request(admin_t *a);
static int run_arguments(change_run_t *run);
static int run_commit(change_run_t *run);


int
change_run_action(admin_t *a, const char *content)
{
    int             status;
    change_run_t    run;
    change_order_t  order;

    memset(&run, 0, sizeof(change_run_t));
    memset(&order, 0, sizeof(change_order_t));

    order.ctl = a->ctl;
    order.action = change_action(a->command->name);
    order.host = a->host;
    order.n = a->n_hosts;
    order.in.now = (uint32_t) time(NULL);
    order.in.content = content;

    change_run_input(a, &order.in);

    status = change_order_check(&order);

    if (status == STATUS_DONE) {
        run.a = a;
        run.kind = order.kind;
        run.args = order.args;
        run.expects = order.action->expects;
        run.plans = order.plans;
        run.told = order.action->told;
        run.in = order.in;

        status = change_run(&run);
    }

    change_order_free(&order);

    return status;
}


/* The options of these names, which are in the same order. */

_Static_assert(OPT_REF - OPT_AT == (int) CHANGE_INPUT_REF
               && OPT_SENT - OPT_CHANNEL
                  == CHANGE_INPUT_SENT - CHANGE_INPUT_CHANNEL,
               "options and inputs");

void
change_run_input(const admin_t *a, change_input_t *in)
{
    change_input_e  i;

    for (i = 0; i < CHANGE_INPUTS; i++) {
        in->text[i] = i <= CHANGE_INPUT_REF
                      ? a->opt[OPT_AT + i]
                      : i == CHANGE_INPUT_TTL ? a->opt[OPT_TTL]
                      : i == CHANGE_INPUT_PATH ? a->opt[OPT_PATH]
                      : a->opt[OPT_CHANNEL + (i - CHANGE_INPUT_CHANNEL)];
    }
}


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


static int
run_arguments(change_run_t *run)
{
    run->arguments = change_input_arguments(&run->in);
    run->batch.arguments = run->arguments;

    return run->arguments ? STATUS_DONE : control_no_memory(run->a->ctl);
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
