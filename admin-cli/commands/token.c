
/*
 * Copyright (C) 2026 paylock contributors
 *
 * "token create" and "token revoke": each leaves an entry in the audit trail.
 */


#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "access/token_grant.h"
#include "base/time_text.h"
#include "change/change_input.h"
#include "cli/output.h"
#include "cli/token_file.h"
#include "cli/token_note.h"
#include "commands.h"


static int create_options(admin_t *a, token_grant_t *grant);
static int create_free(admin_t *a, const char *name);
static int create_token(admin_t *a, json_t *token);
static int revoke_token(admin_t *a, const json_t *token);


int
cmd_token_create(admin_t *a)
{
    int             status;
    json_t         *token;
    token_grant_t   grant;

    if (create_options(a, &grant) != STATUS_DONE
        || token_grant(&grant, &token, &a->ctl->error) != STATUS_DONE)
    {
        return a->ctl->error.status;
    }

    status = create_free(a, grant.name);

    if (status == STATUS_DONE) {
        status = create_token(a, token);
    }

    json_decref(token);

    return status;
}


static int
create_options(admin_t *a, token_grant_t *grant)
{
    char         text[TIME_TEXT + 1];
    const char  *expires;

    memset(grant, 0, sizeof(token_grant_t));

    grant->name = a->arg[0];
    grant->allow = a->opt[OPT_ALLOW];
    grant->holds = a->opt[OPT_HOLD];
    grant->hosts = a->opt[OPT_HOSTS];
    grant->ip = a->opt[OPT_IP];
    grant->now = (uint32_t) time(NULL);

    expires = a->opt[OPT_EXPIRES];

    /* 1y is +1y */

    if (expires && strlen(expires) < 12 && expires[0] >= '0'
        && expires[0] <= '9' && strchr(expires, '-') == NULL)
    {
        (void) snprintf(text, sizeof(text), "+%s", expires);
        expires = text;
    }

    return input_time(&a->ctl->error, "expires", expires, grant->now,
                      &grant->expires);
}


/* Before an entry is written: the file can be, and the name is free. */

static int
create_free(admin_t *a, const char *name)
{
    char      dir[PATH_MAX];
    tokens_t  t;

    if (token_file_load(a, &t) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    if (tokens_named(&t, name)) {
        tokens_free(&t);
        return error_set(&a->ctl->error, STATUS_FAILED, "token",
                         "give another name, or revoke that one first",
                         "there is a token \"%.64s\"", name);
    }

    tokens_free(&t);
    (void) snprintf(dir, sizeof(dir), "%s", token_file(a));

    return access(dirname(dir), W_OK) == 0
           ? STATUS_DONE : tokens_failed(token_file(a), &a->ctl->error);
}


static int
create_token(admin_t *a, json_t *token)
{
    char     text[TOKEN_TEXT], sha256[PAYLOCK_HASH_LEN + 1], *reason;
    int      status;
    head_t   head;

    reason = token_text(token);

    if (reason == NULL) {
        return control_no_memory(a->ctl);
    }

    if (token_make(text, sha256) != 0) {
        free(reason);
        return control_no_crypto(a->ctl);
    }

    status = json_object_set_new(token, "sha256", json_string(sha256)) == 0
             ? token_note(a, "token-create",
                          json_string_value(json_object_get(token, "name")),
                          reason, &head)
             : control_no_memory(a->ctl);
    free(reason);

    if (status == STATUS_DONE && !a->ctl->dry_run) {
        status = tokens_add(token_file(a), token, &a->ctl->error);
    }

    if (status == STATUS_DONE) {
        token_report(a, token, a->ctl->dry_run ? NULL : text, head.seq);
    }

    explicit_bzero(text, sizeof(text));

    return status;
}


int
cmd_token_revoke(admin_t *a)
{
    int            status;
    tokens_t       t;
    const json_t  *token;

    if (token_file_load(a, &t) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    token = tokens_to_revoke(&t, a->arg[0]);
    status = token ? revoke_token(a, token)
             : error_set(&a->ctl->error, STATUS_FAILED, "token",
                         "\"paylock-admin token list\" shows those that there "
                         "are", "there is no token \"%.100s\" that is not "
                         "revoked", a->arg[0]);
    tokens_free(&t);

    return status;
}


/* It is refused at once; a trail that cannot be written does not prevent it. */

static int
revoke_token(admin_t *a, const json_t *token)
{
    int          status;
    char        *reason;
    head_t       head;
    const char  *name;

    name = json_string_value(json_object_get(token, "name"));
    reason = token_text(token);

    if (reason == NULL) {
        return control_no_memory(a->ctl);
    }

    status = a->ctl->dry_run
             ? STATUS_DONE
             : tokens_revoke(token_file(a), name, (uint32_t) time(NULL),
                             &a->ctl->error);

    if (status == STATUS_DONE) {
        a->done = a->ctl->dry_run ? NULL
                  : "the token is revoked, and this says what is left to do";
        status = token_note(a, "token-revoke", name, reason, &head);
    }

    free(reason);

    if (status == STATUS_DONE && !a->ctl->dry_run) {
        status = tokens_noted(token_file(a), name, &a->ctl->error);
    }

    if (status == STATUS_DONE) {
        a->done = NULL;
        token_report(a, token, NULL, head.seq);
    }

    return status;
}
