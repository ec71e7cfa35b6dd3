
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>
#include <string.h>

#include "base/time_text.h"
#include "change/pass_issue.h"
#include "trail/head.h"


#define LINK_URL  (CHANGE_PASS_PATH + PAYLOCK_PASS_TOKEN + 512)


static int link_again(const change_batch_t *b, change_pass_issue_t *issue);
static void link_url(const change_batch_t *b, const char *path,
    const char *token, char url[LINK_URL]);


int
pass_link(const change_batch_t *b, json_t **link)
{
    char                  token[PAYLOCK_PASS_TOKEN + 1], url[LINK_URL];
    char                  from[TIME_TEXT], to[TIME_TEXT];
    const char           *host;
    change_pass_issue_t  *issue;

    host = b->host[0];
    issue = (change_pass_issue_t *) b->args;

    if (b->ctl->dry_run) {
        *link = json_pack("{s:s, s:b}", "host", host, "dry_run", 1);
        return *link ? STATUS_DONE : control_no_memory(b->ctl);
    }

    if (b->result[0].found && link_again(b, issue) != STATUS_DONE) {
        return b->ctl->error.status;
    }

    if (paylock_pass_make(&issue->pass, PAYLOCK_PASS_LINK, host, strlen(host),
                          token)
        == 0)
    {
        return control_no_crypto(b->ctl);
    }

    link_url(b, issue->path ? issue->path : "/", token, url);
    time_utc(issue->pass.issued, from);
    time_utc(issue->pass.expires, to);

    *link = json_pack("{s:s, s:s, s:s, s:s, s:s%, s:I, s:s}",
                      "host", host, "url", url, "issued", from, "expires", to,
                      "kid", issue->pass.key->kid,
                      (size_t) issue->pass.key->kid_len,
                      "seq", (json_int_t) b->result[0].seq,
                      "request_id", b->request);

    return *link ? STATUS_DONE : control_no_memory(b->ctl);
}


/* A pass is what its entry says, and the key. */

static int
link_again(const change_batch_t *b, change_pass_issue_t *issue)
{
    int               there;
    redisReply       *reply;
    pass_entry_t      issued;
    paylock_entry_t   e;

    if (head_entry_read(b->ctl, b->result[0].seq, &reply, &e) != STATUS_DONE) {
        return b->ctl->error.status;
    }

    there = reply && pass_entry_read(&e, &issued);
    freeReplyObject(reply);

    issue->pass.key = there ? paylock_pass_find(issue->keys, issued.kid,
                                                strlen(issued.kid)) : NULL;

    if (issue->pass.key == NULL) {
        return error_set(&b->ctl->error, STATUS_FAILED, "record",
                         "issue another one, with another request id",
                         "that pass cannot be made again: its %s",
                         there ? "key is not in the file any more"
                               : "entry is archived");
    }

    issue->pass.issued = issued.issued;
    issue->pass.expires = issued.expires;

    return STATUS_DONE;
}


static void
link_url(const change_batch_t *b, const char *path, const char *token,
    char url[LINK_URL])
{
    const char  *between;

    between = strchr(path, '?') == NULL ? "?"
              : strchr("?&", path[strlen(path) - 1]) ? "" : "&";

    (void) snprintf(url, LINK_URL, "https://%s%s%s" PAYLOCK_PASS_NAME "=%s",
                    b->host[0], path, between, token);
}
