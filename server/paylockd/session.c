
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Sessions of people: a cookie in place of a token.  paylock-writer has them.
 */


#define _GNU_SOURCE

#include <stdio.h>
#include <string.h>

#include "paylockd/http.h"


#define SESSION_ATTRIBUTES  "; Secure; HttpOnly; SameSite=Strict; Path=/"


static enum MHD_Result session_is_cookie(void *data, enum MHD_ValueKind kind,
    const char *name, const char *value);
static int session_login(http_request_t *r, const char **login);
static int session_call(http_request_t *r, json_t *command, json_t **body);


/* Names differ by case: a browser guards the right one only. */

const char *
session_cookie(const http_request_t *r)
{
    const char  *secret;

    secret = NULL;
    (void) MHD_get_connection_values(r->connection, MHD_COOKIE_KIND,
                                     session_is_cookie, &secret);

    return secret && *secret ? secret : NULL;
}


static enum MHD_Result
session_is_cookie(void *data, enum MHD_ValueKind kind, const char *name,
    const char *value)
{
    (void) kind;

    if (strcmp(name, SESSION_COOKIE) != 0) {
        return MHD_YES;
    }

    *(const char **) data = value;

    return MHD_NO;
}


/*
 * A browser sends the cookie by itself, with what a page of somebody else makes
 * it ask for, too.
 */

int
session_check(http_request_t *r)
{
    if (session_cookie(r) == NULL) {
        return STATUS_DONE;
    }

    if (http_bearer(r)) {
        return http_error(r, 400, "credentials",
                          "send a token, or the cookie of a session",
                          "the request has both a token and a session");
    }

    if (strcmp(r->route->method, "GET") != 0 && !origin_is_own(r)) {
        return http_error(r, 403, "origin", "ask from the page that comes "
                          "from here; a program needs a token",
                          "nothing says that the request is from a page of "
                          "this site");
    }

    return STATUS_DONE;
}


int
route_login(http_request_t *r)
{
    int          status;
    json_t      *body;
    const char  *login, *secret;

    if (session_login(r, &login) != STATUS_DONE) {
        return r->error.status;
    }

    status = session_call(r, json_pack("{s:s, s:s}", "command",
                                       "session begin", "link", login), &body);

    if (status == STATUS_DONE) {
        secret = json_string_value(json_object_get(body, "session"));
        (void) snprintf(r->cookie, sizeof(r->cookie), "%s=%s%s",
                        SESSION_COOKIE, secret ? secret : "",
                        SESSION_ATTRIBUTES);
        (void) json_object_del(body, "session");
        r->answer = body;
    }

    return status;
}


static int
session_login(http_request_t *r, const char **login)
{
    *login = json_string_value(json_object_get(r->body, "login"));

    return *login && json_object_size(r->body) == 1
           ? STATUS_DONE
           : http_error(r, 422, "member", "send {\"login\": \"...\"}, with "
                        "what stands behind \"#login=\" in the link",
                        "the body has another form");
}


int
route_logout(http_request_t *r)
{
    int          status;
    json_t      *command;
    const char  *secret;

    secret = session_cookie(r);
    command = json_pack("{s:s, s:s}", "command", "session end", "session",
                        secret ? secret : "");

    status = session_call(r, json_incref(command), &r->answer);

    if (status == STATUS_DONE) {
        caller_forget(command);
        (void) snprintf(r->cookie, sizeof(r->cookie), "%s=; Max-Age=0%s",
                        SESSION_COOKIE, SESSION_ATTRIBUTES);
    }

    json_decref(command);

    return status;
}


/* Takes over the command. */

static int
session_call(http_request_t *r, json_t *command, json_t **body)
{
    int      status, sent;
    json_t  *answer;

    if (command == NULL) {
        return http_error(r, 500, "memory", NULL, "out of memory");
    }

    answer = writer_call(r->server, command, &sent);
    json_decref(command);

    if (answer == NULL) {
        return writer_away(r);
    }

    status = writer_refused(r, answer);

    if (status == STATUS_DONE) {
        *body = json_incref(json_object_get(answer, "body"));
    }

    json_decref(answer);

    return status;
}
