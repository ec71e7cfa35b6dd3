
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "access/tokens.h"
#include "base/time_text.h"
#include "change/change_order.h"
#include "writer/writer.h"


static int command_check(const writer_t *w, const json_t *command,
    error_info_t *error, json_t **body);
static int command_tokens(const writer_t *w, const json_t *command,
    error_info_t *error, json_t **body);


json_t *
command_run(writer_t *w, const json_t *command, int trusted)
{
    int            status;
    char           request[REQUEST_ID + 1];
    json_t        *body;
    const char    *name;
    error_info_t   error;

    memset(&error, 0, sizeof(error_info_t));
    body = NULL;
    request[0] = '\0';
    name = json_string_value(json_object_get(command, "command"));

    if (name && strncmp(name, "session ", 8) == 0) {
        status = session_command(command, name + 8, trusted, &error, &body);

    } else if (name && strcmp(name, "check") == 0) {
        status = command_check(w, command, &error, &body);

    } else if (name && strcmp(name, "token list") == 0) {
        status = command_tokens(w, command, &error, &body);

    } else if (name && change_action(name)) {
        status = change_command(w, command, name, &error, request, &body);

    } else {
        status = error_set(&error, STATUS_FAILED, "command", NULL,
                           "there is no command \"%.40s\"",
                           name ? name : "");
    }

    if (status == STATUS_DONE && body == NULL) {
        status = error_no_memory(&error);
    }

    return status == STATUS_DONE ? answer_body(body)
                                 : answer_error(&error, request);
}


/* For what paylockd answers by itself: may they? */

static int
command_check(const writer_t *w, const json_t *command, error_info_t *error,
    json_t **body)
{
    int          status;
    char         when[TIME_TEXT];
    caller_t     caller;
    const char  *scope;

    scope = json_string_value(json_object_get(command, "scope"));

    status = credential_check(w, command, scope ? scope : "read", NULL, 0,
                              &caller, error);

    if (status == STATUS_DONE) {
        time_utc(caller.expires, when);

        *body = json_pack("{s:s, s:O, s:O, s:s?, s:s?}", "actor", caller.actor,
                          "allow", caller.allow, "hosts", caller.hosts,
                          "role", caller.role ? caller.role->name : NULL,
                          "expires", caller.expires ? when : NULL);
    }

    caller_free(&caller);

    return status;
}


/* Of all customers: not for those who have some of them. */

static int
command_tokens(const writer_t *w, const json_t *command, error_info_t *error,
    json_t **body)
{
    int            status;
    size_t         i;
    json_t        *list;
    caller_t       caller;
    tokens_t       t;
    const json_t  *token;

    status = credential_check(w, command, "read", NULL, 0, &caller, error);

    if (status == STATUS_DONE && json_array_size(caller.hosts)) {
        status = error_set(error, STATUS_FAILED, "forbidden",
                           "create one without --hosts",
                           "the token is not for all hosts");
    }

    caller_free(&caller);

    if (status != STATUS_DONE) {
        return status;
    }

    status = tokens_load(&t, w->tokens, error);

    if (status == STATUS_DONE) {
        list = json_array();

        json_array_foreach(t.list, i, token) {
            (void) json_array_append_new(list, token_json(token));
        }

        *body = json_pack("{s:o}", "data", list);
    }

    tokens_free(&t);

    return status;
}
