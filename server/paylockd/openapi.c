
/*
 * Copyright (C) 2026 paylock contributors
 *
 * GET /v1/openapi.json: OpenAPI 3.1, from the table of routes.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "change/change_order.h"
#include "paylock_version.h"
#include "paylockd/http.h"
#include "paylockd/schema.h"


static json_t *openapi_operation(const route_t *route);
static json_t *openapi_parameters(const route_t *route);
static void openapi_parameter(json_t *list, const char *in, const char *name,
    int required);
static json_t *openapi_body(const route_t *route);
static void openapi_list(json_t *members, const char *list);
static json_t *openapi_login(void);
static json_t *openapi_row(void);
static json_t *openapi_answers(const route_t *route);
static json_t *openapi_answer(const char *description, const char *type,
    json_t *schema);
static const char *openapi_type(const route_t *route);
static json_t *openapi_schema(const route_t *route);


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
                          " s:{s:o, s:{s:{s:s, s:s}, s:{s:s, s:s, s:s}}},"
                          " s:[{s:[]}, {s:[]}]}",
                          "openapi", "3.1.0",
                          "info", "title", "paylock", "version",
                          PAYLOCK_VERSION, "paths", paths,
                          "components", "schemas", schema_all(),
                          "securitySchemes", "token",
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
    json_t                 *members;
    const char             *list;
    change_input_e          i;
    const change_action_t  *a;

    a = change_action(route->action);
    list = strchr(route->path, '{') ? NULL
           : strcmp(route->action, "import") == 0 ? "rows" : "hosts";
    members = json_pack("{s:{s:s}}", "confirm", "type", "integer");

    if (list) {
        openapi_list(members, list);
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
                     list ? json_pack("[s]", list) : json_array(),
                     "additionalProperties", 0);
}


static void
openapi_list(json_t *members, const char *list)
{
    (void) json_object_set_new(members, list,
               json_pack("{s:s, s:i, s:i, s:o}", "type", "array",
                         "minItems", 1, "maxItems", 1000, "items",
                         *list == 'r' ? openapi_row()
                         : json_pack("{s:s}", "type", "string")));
}


static json_t *
openapi_login(void)
{
    return json_pack("{s:b, s:{s:{s:{s:s, s:{s:{s:s}}, s:[s], s:b}}}}",
                     "required", 1, "content", "application/json", "schema",
                     "type", "object", "properties", "login", "type",
                     "string", "required", "login", "additionalProperties", 0);
}


/* A row of an import: a host, and what its record may have. */

static json_t *
openapi_row(void)
{
    size_t                  i;
    json_t                 *members;
    const paylock_field_t  *field;

    members = json_pack("{s:{s:s}}", "host", "type", "string");

    for (i = 0; i < PAYLOCK_RECORD_FIELDS; i++) {
        field = paylock_record_fields[i];

        if (field->flags & PAYLOCK_FIELD_IMPORT) {
            (void) json_object_set_new(members, field->name,
                       field->type == PAYLOCK_FIELD_TIME
                       ? json_pack("{s:[s, s, s]}", "type", "string",
                                   "integer", "null")
                       : json_pack("{s:[s, s]}", "type", "string", "null"));
        }
    }

    return json_pack("{s:s, s:o, s:[s], s:b}", "type", "object",
                     "properties", members, "required", "host",
                     "additionalProperties", 0);
}


static json_t *
openapi_answers(const route_t *route)
{
    json_t  *answers;

    answers = json_pack("{s:o, s:o}", "200",
                        openapi_answer(route->summary, openapi_type(route),
                                       openapi_schema(route)),
                        "default",
                        openapi_answer("RFC 9457", "application/problem+json",
                                       schema_reference("problem")));

    if (route->action) {
        (void) json_object_set_new(answers, "202",
                   openapi_answer("Some nodes do not have it yet",
                                  "application/json",
                                  openapi_schema(route)));
    }

    if (route->run == route_health) {
        (void) json_object_set_new(answers, "503",
                   openapi_answer("Redis is not followed", "application/json",
                                  openapi_schema(route)));
    }

    return answers;
}


static json_t *
openapi_answer(const char *description, const char *type, json_t *schema)
{
    return json_pack("{s:s, s:{s:{s:o}}}", "description", description,
                     "content", type, "schema", schema);
}


static const char *
openapi_type(const route_t *route)
{
    return route->action == NULL && route->run == NULL ? "text/event-stream"
           : route->run == route_export ? "application/x-ndjson"
           : "application/json";
}


static json_t *
openapi_schema(const route_t *route)
{
    return route->answer ? schema_reference(route->answer)
           : json_pack("{s:s}", "type", strcmp(openapi_type(route),
                                               "application/json") == 0
                                        ? "object" : "string");
}
