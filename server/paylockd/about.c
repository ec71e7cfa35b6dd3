
/*
 * Copyright (C) 2026 paylock contributors
 *
 * GET /v1/me, /v1/health and /v1/openapi.json.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/time_text.h"
#include "change/change_order.h"
#include "paylock_version.h"
#include "paylockd/http.h"


static json_t *openapi_operation(const route_t *route);
static json_t *openapi_parameters(const route_t *route);
static void openapi_parameter(json_t *list, const char *in, const char *name,
    int required);
static json_t *openapi_body(const route_t *route);
static json_t *openapi_login(void);
static json_t *openapi_answers(const route_t *route);


int
route_me(http_request_t *r)
{
    r->answer = json_incref(r->caller);

    return STATUS_DONE;
}


int
route_health(http_request_t *r)
{
    char             when[TIME_TEXT];
    follow_state_t   state;

    follow_state(&r->server->follow, &state);
    time_utc(state.stale_since, when);

    r->answer = json_pack("{s:b, s:o, s:I}", "live", state.live,
                          "stale_since", state.stale_since
                          ? json_string(when) : json_null(),
                          "as_of_seq", (json_int_t) state.head.seq);
    r->status = state.live ? 200 : 503;

    return STATUS_DONE;
}


/* OpenAPI 3.1, from the table of routes. */

int
route_openapi(http_request_t *r)
{
    json_t         *paths, *path;
    char            method[8], *p;
    const route_t  *route;

    paths = json_object();

    for (route = routes; route->method; route++) {
        (void) snprintf(method, sizeof(method), "%s", route->method);

        for (p = method; *p; p++) {
            *p |= 0x20;
        }

        path = json_object_get(paths, route->path);

        if (path == NULL) {
            path = json_object();
            (void) json_object_set_new(paths, route->path, path);
        }

        (void) json_object_set_new(path, method, openapi_operation(route));
    }

    r->answer = json_pack("{s:s, s:{s:s, s:s}, s:o,"
                          " s:{s:{s:{s:s, s:s}, s:{s:s, s:s, s:s}}},"
                          " s:[{s:[]}, {s:[]}]}",
                          "openapi", "3.1.0",
                          "info", "title", "paylock", "version",
                          PAYLOCK_VERSION, "paths", paths,
                          "components", "securitySchemes", "token",
                          "type", "http", "scheme", "bearer",
                          "session", "type", "apiKey", "in", "cookie",
                          "name", SESSION_COOKIE,
                          "security", "token", "session");

    return r->answer ? STATUS_DONE
           : http_error(r, 500, "memory", NULL, "out of memory");
}


static json_t *
openapi_operation(const route_t *route)
{
    json_t  *operation;

    operation = json_pack("{s:s, s:o, s:o}", "summary", route->summary,
                          "parameters", openapi_parameters(route),
                          "responses", openapi_answers(route));

    if (route->action) {
        (void) json_object_set_new(operation, "requestBody",
                                   openapi_body(route));

    } else if (route->run == route_login) {
        (void) json_object_set_new(operation, "requestBody", openapi_login());
    }

    if (route->scope == NULL) {
        (void) json_object_set_new(operation, "security",
                                   route->run == route_logout
                                   ? json_pack("[{s:[]}]", "session")
                                   : json_array());
    }

    return operation;
}


static json_t *
openapi_parameters(const route_t *route)
{
    char        *copy, *p, *name;
    json_t      *list;
    const char  *part;

    list = json_array();

    for (part = strchr(route->path, '{'); part; part = strchr(part, '{')) {
        part++;
        name = strndup(part, strcspn(part, "}"));
        openapi_parameter(list, "path", name, 1);
        free(name);
    }

    copy = strdup(route->query ? route->query : "");

    for (p = copy; route->query && (name = strsep(&p, " ")) != NULL; ) {
        openapi_parameter(list, "query", name, 0);
    }

    free(copy);

    if (route->action) {
        openapi_parameter(list, "header", "Idempotency-Key", 0);
        openapi_parameter(list, "header", "If-Match", 0);
        openapi_parameter(list, "header", "Prefer", 0);
    }

    return list;
}


static void
openapi_parameter(json_t *list, const char *in, const char *name,
    int required)
{
    (void) json_array_append_new(list,
                                 json_pack("{s:s, s:s, s:b, s:{s:s}}",
                                           "name", name, "in", in, "required",
                                           required, "schema", "type",
                                           "string"));
}


/* The members are the options of the command; the path may name the host. */

static json_t *
openapi_body(const route_t *route)
{
    int                     named;
    json_t                 *members;
    change_input_e          i;
    const change_action_t  *a;

    named = strchr(route->path, '{') != NULL;
    a = change_action(route->action);
    members = json_pack("{s:{s:s}}", "confirm", "type", "integer");

    if (!named) {
        (void) json_object_set_new(members, "hosts",
                                   json_pack("{s:s, s:i, s:i, s:{s:s}}",
                                             "type", "array", "minItems", 1,
                                             "maxItems", 1000, "items",
                                             "type", "string"));
    }

    for (i = 0; i < CHANGE_INPUTS; i++) {
        if (a->inputs & CHANGE_INPUT_BIT(i)) {
            (void) json_object_set_new(members, change_input_names[i],
                                       json_pack("{s:s}", "type", "string"));
        }
    }

    return json_pack("{s:b, s:{s:{s:{s:s, s:o, s:o, s:b}}}}",
                     "required", strcmp(route->method, "DELETE") != 0,
                     "content", "application/json", "schema",
                     "type", "object", "properties", members, "required",
                     named ? json_array() : json_pack("[s]", "hosts"),
                     "additionalProperties", 0);
}


static json_t *
openapi_login(void)
{
    return json_pack("{s:b, s:{s:{s:{s:s, s:{s:{s:s}}, s:[s], s:b}}}}",
                     "required", 1, "content", "application/json", "schema",
                     "type", "object", "properties", "login", "type",
                     "string", "required", "login", "additionalProperties", 0);
}


static json_t *
openapi_answers(const route_t *route)
{
    return json_pack("{s:{s:s, s:{s:{s:{s:s}}}},"
                     " s:{s:s, s:{s:{s:{s:s, s:[s, s, s, s, s]}}}}}",
                     "200", "description", route->summary, "content",
                     strcmp(route->path, "/v1/events") == 0
                     ? "text/event-stream" : "application/json",
                     "schema", "type",
                     strcmp(route->path, "/v1/events") == 0 ? "string"
                                                            : "object",
                     "default", "description", "RFC 9457", "content",
                     "application/problem+json", "schema", "type", "object",
                     "required", "status", "title", "detail", "code", "mend");
}
