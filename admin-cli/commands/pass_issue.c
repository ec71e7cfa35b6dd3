
/*
 * Copyright (C) 2026 paylock contributors
 *
 * A pass for one host, as a link.
 */


#include <inttypes.h>
#include <string.h>

#include "change/change_ops.h"
#include "change/pass_entry.h"
#include "cli/output.h"
#include "cli/pass_file.h"
#include "trail/entry.h"


#define ISSUE_PATH  1000               /* bytes */


typedef struct {
    uint32_t        ttl;
    paylock_pass_t  pass;
    char            reference[ISSUED_REFERENCE];
} issue_t;


static int issue_options(admin_t *a, issue_t *issue);
static int issue_path(admin_t *a);
static int issue_change(flips_t *fs, flip_t *f, uint32_t now);
static void issue_warn(flips_t *fs, const flip_t *f, uint32_t now);
static void issue_entry(flips_t *fs, paylock_entry_t *e);
static void issue_report(const flips_t *fs);
static void issue_print(const flips_t *fs, const char *token);


int
cmd_pass_issue(admin_t *a)
{
    int          status;
    issue_t      issue;
    pass_file_t  file;
    flip_kind_t  kind = {
        .action = "pass-issue", .change = issue_change, .data = &issue,
        .inherits = 1, .entry = issue_entry, .report = issue_report
    };

    status = issue_options(a, &issue);

    if (status != STATUS_DONE) {
        return status;
    }

    status = pass_file_read(a, a->opt[OPT_PASS_KEY], &file);

    if (status == STATUS_DONE) {
        issue.pass.key = &file.keys.key[0];
        status = flips_run(a, &kind);
    }

    explicit_bzero(&file, sizeof(pass_file_t));

    return status;
}


static int
issue_options(admin_t *a, issue_t *issue)
{
    char         text[32];
    const char  *ttl;

    ttl = a->opt[OPT_TTL];
    issue->ttl = 0;

    if (a->arg[0][0] == '.' || a->arg[0][0] == '*') {
        return problem_set(&a->problem, STATUS_USAGE, "host",
                           "give the name of the site",
                           "a pass is for one host, and \"%.100s\" stands for "
                           "many", a->arg[0]);
    }

    if (ttl == NULL || a->opt[OPT_PASS_KEY] == NULL) {
        return problem_set(&a->problem, STATUS_USAGE, "option",
                           ttl ? "give the file that nginx has as "
                                 "paylock_pass_key"
                               : "give a time such as 7d",
                           "\"pass issue\" needs --%s",
                           admin_options[ttl ? OPT_PASS_KEY : OPT_TTL].name);
    }

    (void) snprintf(text, sizeof(text), "+%s", ttl + (*ttl == '+'));

    if (strlen(ttl) > sizeof(text) - 2
        || when_parse(text, 0, &issue->ttl) != NULL || issue->ttl == 0)
    {
        return problem_set(&a->problem, STATUS_USAGE, "time",
                           "give a number and one of s, m, h, d, w, such as "
                           "7d", "\"%.100s\" of --ttl is no length of time",
                           ttl);
    }

    if (a->opt[OPT_QUIET]) {
        return problem_set(&a->problem, STATUS_USAGE, "option", "take it away",
                           "with --quiet nobody would see the link");
    }

    return change_check(a, OPT_REASON, CHANGE_REASON) == STATUS_DONE
           ? issue_path(a) : a->problem.status;
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
           ? problem_set(&a->problem, STATUS_USAGE, "path",
                         "give it as it stands in an address, such as "
                         "/shop?page=2", "\"%.100s\" of --path is no path on "
                         "the site", path)
           : STATUS_DONE;
}


/* A pass that follows on a revocation in the same second comes after it. */

static int
issue_change(flips_t *fs, flip_t *f, uint32_t now)
{
    issue_t         *issue;
    paylock_pass_t  *pass;

    issue = (issue_t *) fs->kind->data;
    pass = &issue->pass;

    pass->issued = now > f->holder.pass_after ? now : f->holder.pass_after;

    if (issue->ttl > UINT32_MAX - pass->issued) {
        return problem_set(&fs->admin->problem, STATUS_USAGE, "time",
                           "give a shorter --ttl",
                           "the pass would be good beyond the year 2106");
    }

    pass->expires = pass->issued + issue->ttl;

    issued_write(pass, issue->reference);
    issue_warn(fs, f, now);

    f->after = json_incref(f->record);
    f->changed = 1;

    return STATUS_DONE;
}


static void
issue_warn(flips_t *fs, const flip_t *f, uint32_t now)
{
    paylock_record_t  rec;

    rec = change_times(f->holder.record);

    if (f->holder.record
        && paylock_timeline_stage(&rec, now, PAYLOCK_LOCKED)
           < PAYLOCK_READONLY)
    {
        admin_warn(fs->admin, "open", f->host,
                   "lock the site first, and issue the pass then",
                   "\"%s\" is not locked, and \"lock\" ends all passes that "
                   "were issued before it", f->host);
    }
}


static void
issue_entry(flips_t *fs, paylock_entry_t *e)
{
    const issue_t  *issue;

    issue = fs->kind->data;

    entry_set(e, PAYLOCK_AUDIT_REFERENCE, issue->reference);
    entry_set(e, PAYLOCK_AUDIT_REASON, fs->admin->opt[OPT_REASON]);
}


/* The entry is written: now the link may be seen. */

static void
issue_report(const flips_t *fs)
{
    char             token[PAYLOCK_PASS_TOKEN + 1];
    admin_t         *a;
    const char      *host;
    const issue_t   *issue;

    a = fs->admin;
    host = fs->host[0];
    issue = fs->kind->data;

    if (a->opt[OPT_DRY_RUN]) {

        if (output_text(a)) {
            (void) printf("%s: a pass would be issued: %s\n", host,
                          issue->reference);
        }

        (void) output_json(a, json_pack("{s:s, s:b}", "host", host,
                                        "dry_run", 1));
        return;
    }

    a->done = "the entry is written";

    if (paylock_pass_make(&issue->pass, PAYLOCK_PASS_LINK, host,
                          strlen(host), token)
        == 0)
    {
        admin_warn(a, "crypto", host, NULL, "OpenSSL makes no pass");
        return;
    }

    issue_print(fs, token);
}


static void
issue_print(const flips_t *fs, const char *token)
{
    char             from[WHEN_MAX], to[WHEN_MAX];
    char             url[ISSUE_PATH + PAYLOCK_PASS_TOKEN + 512];
    admin_t         *a;
    const char      *host;
    const char      *path, *between;
    const issue_t   *issue;

    a = fs->admin;
    host = fs->host[0];
    issue = fs->kind->data;

    path = a->opt[OPT_PATH] ? a->opt[OPT_PATH] : "/";
    between = strchr(path, '?') == NULL ? "?"
              : strchr("?&", path[strlen(path) - 1]) ? "" : "&";

    (void) snprintf(url, sizeof(url),
                    "https://%s%s%s" PAYLOCK_PASS_NAME "=%s", host, path,
                    between, token);

    if (output_text(a)) {
        (void) puts(url);
    }

    when_utc(issue->pass.issued, from);
    when_utc(issue->pass.expires, to);

    (void) output_json(a, json_pack("{s:s, s:s, s:s, s:s, s:s%, s:I, s:s}",
                                    "host", host, "url", url,
                                    "issued", from, "expires", to,
                                    "kid", issue->pass.key->kid,
                                    (size_t) issue->pass.key->kid_len,
                                    "seq", (json_int_t) fs->became[0].seq,
                                    "request_id", fs->request));
}
