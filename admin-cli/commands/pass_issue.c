
/*
 * Copyright (C) 2026 paylock contributors
 *
 * "pass issue": issues a pass for one host, as a link.
 */


#include <string.h>
#include <time.h>

#include "change/change_order.h"
#include "cli/change_run.h"
#include "cli/output.h"
#include "commands.h"
#include "files/pass_file.h"


static int issue_options(admin_t *a, change_order_t *order);
static int issue_run(admin_t *a, change_order_t *order);
static void issue_report(const change_run_t *run);


int
cmd_pass_issue(admin_t *a)
{
    int             status;
    pass_file_t     file;
    change_order_t  order;

    memset(&order, 0, sizeof(change_order_t));
    status = issue_options(a, &order);

    if (status != STATUS_DONE) {
        return status;
    }

    status = pass_file_read(&a->ctl->error, a->opt[OPT_PASS_KEY], &file);

    if (status == STATUS_DONE) {
        order.issue.keys = &file.keys;
        status = issue_run(a, &order);
    }

    explicit_bzero(&file, sizeof(pass_file_t));

    return status;
}


static int
issue_options(admin_t *a, change_order_t *order)
{
    order->ctl = a->ctl;
    order->action = change_action("pass issue");
    order->host = a->host;
    order->n = a->n_hosts;
    order->in.now = (uint32_t) time(NULL);
    change_run_input(a, &order->in);

    if (change_order_check(order) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    if (a->opt[OPT_PASS_KEY] == NULL) {
        return error_set(&a->ctl->error, STATUS_USAGE, "option",
                         "give the file that nginx has as paylock_pass_key",
                         "\"pass issue\" needs --key");
    }

    return a->opt[OPT_QUIET] == NULL
           ? STATUS_DONE
           : error_set(&a->ctl->error, STATUS_USAGE, "option", "leave it out",
                       "with --quiet nobody would see the link");
}


static int
issue_run(admin_t *a, change_order_t *order)
{
    change_run_t  run = {
        .a = a, .kind = order->kind, .args = order->args, .in = order->in,
        .report = issue_report
    };

    return change_run(&run);
}


/* Prints the link, after the entry is written. */

static void
issue_report(const change_run_t *run)
{
    json_t                     *link;
    admin_t                    *a;
    const change_pass_issue_t  *issue;

    a = run->a;
    issue = run->args;

    if (!a->ctl->dry_run) {
        a->done = "the entry is written";
    }

    if (pass_link(&run->batch, &link) != STATUS_DONE) {
        control_warn(a->ctl, a->ctl->error.code, run->batch.host[0],
                     a->ctl->error.mend, "%s", a->ctl->error.message);
        return;
    }

    if (output_is_text(a) && a->ctl->dry_run) {
        (void) printf("%s: a pass would be issued: %s\n", run->batch.host[0],
                      issue->reference);

    } else if (output_is_text(a)) {
        (void) puts(json_string_value(json_object_get(link, "url")));
    }

    (void) output_print_json(a, link);
}
