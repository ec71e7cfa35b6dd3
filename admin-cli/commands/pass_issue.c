
/*
 * Copyright (C) 2026 paylock contributors
 *
 * "pass issue": issues a pass for one host, as a link.
 */


#include <string.h>


#include "base/time_text.h"
#include "change/pass_issue.h"
#include "cli/change_run.h"
#include "cli/output.h"
#include "cli/pass_file.h"
#include "commands.h"


#define ISSUE_PATH  1000               /* bytes */


static int issue_options(change_run_t *run, change_pass_issue_t *issue);
static int issue_path(admin_t *a);
static void issue_report(const change_run_t *run);
static void issue_print(const change_run_t *run, const char *token);


int
cmd_pass_issue(admin_t *a)
{
    int                  status;
    pass_file_t          file;
    change_pass_issue_t  issue;
    change_run_t         run = {
        .a = a, .kind = &change_pass_issue, .args = &issue,
        .report = issue_report
    };

    status = issue_options(&run, &issue);

    if (status != STATUS_DONE) {
        return status;
    }

    status = pass_file_read(a, a->opt[OPT_PASS_KEY], &file);

    if (status == STATUS_DONE) {
        issue.pass.key = &file.keys.key[0];
        status = change_run(&run);
    }

    explicit_bzero(&file, sizeof(pass_file_t));

    return status;
}


static int
issue_options(change_run_t *run, change_pass_issue_t *issue)
{
    char         text[32];
    admin_t     *a;
    const char  *ttl;

    a = run->a;
    ttl = a->opt[OPT_TTL];
    issue->ttl = 0;
    issue->reason = a->opt[OPT_REASON];

    if (a->arg[0][0] == '.' || a->arg[0][0] == '*') {
        return error_set(&a->ctl->error, STATUS_USAGE, "host",
                         "give the name of the site",
                         "a pass is for one host, and \"%.100s\" stands for "
                         "many", a->arg[0]);
    }

    if (ttl == NULL || a->opt[OPT_PASS_KEY] == NULL) {
        return error_set(&a->ctl->error, STATUS_USAGE, "option",
                         ttl ? "give the file that nginx has as "
                               "paylock_pass_key"
                             : "give a time such as 7d",
                         "\"pass issue\" needs --%s",
                         admin_options[ttl ? OPT_PASS_KEY : OPT_TTL].name);
    }

    (void) snprintf(text, sizeof(text), "+%s", ttl + (*ttl == '+'));

    if (strlen(ttl) > sizeof(text) - 2
        || time_parse(text, 0, &issue->ttl) != NULL || issue->ttl == 0)
    {
        return error_set(&a->ctl->error, STATUS_USAGE, "time",
                         "give a number and one of s, m, h, d, w, such as "
                         "7d", "\"%.100s\" of --ttl is no length of time",
                         ttl);
    }

    if (a->opt[OPT_QUIET]) {
        return error_set(&a->ctl->error, STATUS_USAGE, "option", "leave it out",
                         "with --quiet nobody would see the link");
    }

    run->in.text[CHANGE_INPUT_REASON] = issue->reason;

    return change_input_reason(&a->ctl->error, &run->in) == STATUS_DONE
           ? issue_path(a) : a->ctl->error.status;
}


static int
issue_path(admin_t *a)
{
    size_t       i, len;
    const char  *path;

    path = a->opt[OPT_PATH];

    if (path == NULL) {
        return STATUS_DONE;
    }

    len = strlen(path);

    for (i = 0; i < len && path[i] > ' ' && path[i] < 0x7f
                && strchr("\"#<>\\^`{|}", path[i]) == NULL; i++)
    {
        /* void */
    }

    return path[0] != '/' || i < len || len > ISSUE_PATH
           ? error_set(&a->ctl->error, STATUS_USAGE, "path",
                       "give it as in an address, such as "
                       "/shop?page=2", "\"%.100s\" of --path is no path on "
                       "the site", path)
           : STATUS_DONE;
}


/* Prints the link, after the entry is written. */

static void
issue_report(const change_run_t *run)
{
    char                        token[PAYLOCK_PASS_TOKEN + 1];
    admin_t                    *a;
    const char                 *host;
    const change_pass_issue_t  *issue;

    a = run->a;
    host = run->batch.host[0];
    issue = run->args;

    if (a->ctl->dry_run) {

        if (output_is_text(a)) {
            (void) printf("%s: a pass would be issued: %s\n", host,
                          issue->reference);
        }

        (void) output_print_json(a, json_pack("{s:s, s:b}", "host", host,
                                              "dry_run", 1));
        return;
    }

    a->done = "the entry is written";

    if (paylock_pass_make(&issue->pass, PAYLOCK_PASS_LINK, host,
                          strlen(host), token)
        == 0)
    {
        control_warn(a->ctl, "crypto", host, NULL, "OpenSSL makes no pass");
        return;
    }

    issue_print(run, token);
}


static void
issue_print(const change_run_t *run, const char *token)
{
    char                        from[TIME_TEXT], to[TIME_TEXT];
    char                        url[ISSUE_PATH + PAYLOCK_PASS_TOKEN + 512];
    admin_t                    *a;
    const char                 *host;
    const char                 *path, *between;
    const change_pass_issue_t  *issue;

    a = run->a;
    host = run->batch.host[0];
    issue = run->args;

    path = a->opt[OPT_PATH] ? a->opt[OPT_PATH] : "/";
    between = strchr(path, '?') == NULL ? "?"
              : strchr("?&", path[strlen(path) - 1]) ? "" : "&";

    (void) snprintf(url, sizeof(url),
                    "https://%s%s%s" PAYLOCK_PASS_NAME "=%s", host, path,
                    between, token);

    if (output_is_text(a)) {
        (void) puts(url);
    }

    time_utc(issue->pass.issued, from);
    time_utc(issue->pass.expires, to);

    (void) output_print_json(a,
                             json_pack("{s:s, s:s, s:s, s:s, s:s%, s:I, s:s}",
                                          "host", host, "url", url,
                                          "issued", from, "expires", to,
                                          "kid", issue->pass.key->kid,
                                          (size_t) issue->pass.key->kid_len,
                                          "seq",
                                          (json_int_t) run->batch.result[0].seq,
                                          "request_id", run->batch.request));
}
