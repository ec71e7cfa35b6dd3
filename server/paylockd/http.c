
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "paylockd/http.h"


#define HTTP_IDLE         30           /* seconds */
#define HTTP_MEMORY       (32 * 1024)  /* for the head of a request */


static enum MHD_Result http_request(void *data, struct MHD_Connection *c,
    const char *url, const char *method, const char *version,
    const char *upload, size_t *upload_size, void **request);
static void *http_create(void *data, const char *uri,
    struct MHD_Connection *c);
static void http_free(void *data, struct MHD_Connection *c, void **request,
    enum MHD_RequestTerminationCode why);
static int http_upload(http_request_t *r, const char *data, size_t len);
static int http_route(http_request_t *r, const char *url, const char *method);
static int http_matches(http_request_t *r, const char *path, const char *url);
static void http_parts_free(http_request_t *r);
static int http_run(http_request_t *r);
static int http_body(http_request_t *r);
static enum MHD_Result http_answer(http_request_t *r);
static json_t *http_problem(const http_request_t *r);
static void http_headers(const http_request_t *r,
    struct MHD_Response *response);


static const struct {
    unsigned     status;
    const char  *title;
} http_titles[] = {
    { 400, "Bad Request" }, { 401, "Unauthorized" }, { 403, "Forbidden" },
    { 404, "Not Found" }, { 405, "Method Not Allowed" }, { 409, "Conflict" },
    { 412, "Precondition Failed" }, { 413, "Content Too Large" },
    { 415, "Unsupported Media Type" }, { 422, "Unprocessable Content" },
    { 429, "Too Many Requests" }, { 500, "Internal Server Error" },
    { 503, "Service Unavailable" }
};


struct MHD_Daemon *
http_start(server_t *server, int descriptor)
{
    return MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION
                            |MHD_USE_INTERNAL_POLLING_THREAD|MHD_USE_POLL
                            |MHD_USE_ITC, 0, NULL, NULL, http_request, server,
                            MHD_OPTION_LISTEN_SOCKET, descriptor,
                            MHD_OPTION_CONNECTION_LIMIT,
                            (unsigned) HTTP_CONNECTIONS,
                            MHD_OPTION_CONNECTION_TIMEOUT,
                            (unsigned) HTTP_IDLE,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                            (size_t) HTTP_MEMORY,
                            MHD_OPTION_STRICT_FOR_CLIENT, 1,
                            MHD_OPTION_URI_LOG_CALLBACK, http_create, NULL,
                            MHD_OPTION_NOTIFY_COMPLETED, http_free, NULL,
                            MHD_OPTION_END);
}


static enum MHD_Result
http_request(void *data, struct MHD_Connection *c, const char *url,
    const char *method, const char *version, const char *upload,
    size_t *upload_size, void **request)
{
    http_request_t  *r;

    (void) c;
    (void) version;

    r = *request;

    if (r == NULL) {
        return MHD_NO;
    }

    if (r->server == NULL) {
        r->server = data;
        return MHD_YES;
    }

    if (*upload_size) {

        if (http_upload(r, upload, *upload_size) != 0) {
            return MHD_NO;
        }

        *upload_size = 0;

        return MHD_YES;
    }

    r->now = (uint32_t) time(NULL);

    if (http_route(r, url, method) == STATUS_DONE
        && http_run(r) == STATUS_DONE && r->status == 0)
    {
        r->status = 200;
    }

    return http_answer(r);
}


/* What comes decoded later would end at a zero. */

static void *
http_create(void *data, const char *uri, struct MHD_Connection *c)
{
    http_request_t  *r;

    (void) data;

    r = calloc(1, sizeof(http_request_t));

    if (r) {
        r->connection = c;
        r->zero = strstr(uri, "%00") != NULL;
    }

    return r;
}


static void
http_free(void *data, struct MHD_Connection *c, void **request,
    enum MHD_RequestTerminationCode why)
{
    http_request_t  *r;

    (void) data;
    (void) c;
    (void) why;

    r = *request;

    if (r) {
        http_parts_free(r);
        long_read_end(r);
        free(r->raw);
        json_decref(r->body);
        json_decref(r->caller);
        json_decref(r->answer);
        free(r);
    }

    *request = NULL;
}


static int
http_upload(http_request_t *r, const char *data, size_t len)
{
    char  *room;

    if (r->too_large || len > HTTP_BODY - r->raw_len) {
        r->too_large = 1;
        return 0;
    }

    if (len > r->raw_room - r->raw_len) {
        r->raw_room = 2 * r->raw_room + len;
        room = realloc(r->raw, r->raw_room);

        if (room == NULL) {
            return -1;
        }

        r->raw = room;
    }

    memcpy(r->raw + r->raw_len, data, len);
    r->raw_len += len;

    return 0;
}


static int
http_route(http_request_t *r, const char *url, const char *method)
{
    int             there;
    const route_t  *route;

    there = 0;

    if (r->zero) {
        return http_error(r, 400, "path", "leave it out",
                          "the path or the query has a zero byte");
    }

    for (route = routes; route->method; route++) {

        if (!http_matches(r, route->path, url)) {
            continue;
        }

        if (strcmp(route->method, method) == 0) {
            r->route = route;
            return STATUS_DONE;
        }

        there = 1;
    }

    return there ? http_error(r, 405, "method",
                              "\"GET /v1/openapi.json\" says what there is",
                              "the path has no such method")
                 : http_error(r, 404, "path",
                              "\"GET /v1/openapi.json\" says what there is",
                              "there is no such path");
}


/* A part in braces is any but an empty one. */

static int
http_matches(http_request_t *r, const char *path, const char *url)
{
    size_t  n, len, own;

    http_parts_free(r);

    for (n = 0; *path && *url; path += own, url += len) {

        if (*path != '{') {
            own = len = 1;

            if (*path != *url) {
                break;
            }

            continue;
        }

        own = strcspn(path, "}") + 1;
        len = strcspn(url, "/");

        if (len == 0 || n == HTTP_PARTS) {
            break;
        }

        r->part[n++] = strndup(url, len);
    }

    return *path == '\0' && *url == '\0';
}


static void
http_parts_free(http_request_t *r)
{
    size_t  i;

    for (i = 0; i < HTTP_PARTS; i++) {
        free(r->part[i]);
        r->part[i] = NULL;
    }
}


static int
http_run(http_request_t *r)
{
    /* of those who may not ask no body is looked at */

    if (origin_check(r) != STATUS_DONE || session_check(r) != STATUS_DONE
        || (r->route->scope && caller_check(r) != STATUS_DONE)
        || parameters_check(r) != STATUS_DONE || http_body(r) != STATUS_DONE)
    {
        return r->error.status;
    }

    if (r->route->action) {
        return change_run(r);
    }

    /* else events, which tell of all hosts */

    return r->route->run ? r->route->run(r)
           : caller_of_all(r) == STATUS_DONE ? stream_begin(r)
           : r->error.status;
}


static int
http_body(http_request_t *r)
{
    const char  *type;

    if (r->too_large || (r->route->scope == NULL && r->raw_len > HTTP_SMALL)) {
        return http_error(r, 413, "large", "send fewer hosts at once",
                          "the request is larger than 1 MB, or than 4 KB "
                          "where no token is needed");
    }

    if (strcmp(r->route->method, "GET") == 0) {
        return STATUS_DONE;
    }

    if (strcmp(r->route->method, "DELETE") == 0 && r->raw_len == 0) {
        r->body = json_object();
        return STATUS_DONE;
    }

    type = http_header(r, "Content-Type");

    if (type == NULL || strncmp(type, "application/json", 16) != 0
        || strchr(" ;", type[16]) == NULL)
    {
        return http_error(r, 415, "type",
                          "send \"Content-Type: application/json\"",
                          "the request is not said to be JSON");
    }

    r->body = r->raw ? json_loadb(r->raw, r->raw_len, JSON_REJECT_DUPLICATES,
                                  NULL) : NULL;

    return json_is_object(r->body)
           ? STATUS_DONE
           : http_error(r, 400, "json", "send one JSON object",
                        "what came is no JSON object");
}


const char *
http_query(const http_request_t *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND,
                                       name);
}


const char *
http_header(const http_request_t *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}


const char *
http_bearer(const http_request_t *r)
{
    const char  *text;

    text = http_header(r, "Authorization");

    return text && strncmp(text, "Bearer ", 7) == 0 ? text + 7 : NULL;
}


int
http_error(http_request_t *r, unsigned status, const char *code,
    const char *mend, const char *message)
{
    r->status = status;

    return error_set(&r->error, STATUS_FAILED, code, mend, "%s", message);
}


static enum MHD_Result
http_answer(http_request_t *r)
{
    char                 *text;
    json_t               *json;
    enum MHD_Result       rc;
    struct MHD_Response  *response;

    if (r->response) {
        response = r->response;

    } else if (r->status == 200 && r->answer == NULL) {
        response = stream_response(r);

    } else {
        json = r->answer ? json_incref(r->answer) : http_problem(r);
        text = json ? json_dumps(json, JSON_COMPACT) : NULL;
        json_decref(json);

        response = text ? MHD_create_response_from_buffer(strlen(text), text,
                                                      MHD_RESPMEM_MUST_FREE)
                        : NULL;
    }

    if (response == NULL) {
        return MHD_NO;
    }

    http_headers(r, response);
    rc = MHD_queue_response(r->connection, r->status, response);
    MHD_destroy_response(response);

    return rc;
}


/* RFC 9457 */

static json_t *
http_problem(const http_request_t *r)
{
    size_t       i;
    const char  *title;

    title = "Error";

    for (i = 0; i < sizeof(http_titles) / sizeof(http_titles[0]); i++) {
        if (http_titles[i].status == r->status) {
            title = http_titles[i].title;
        }
    }

    return json_pack("{s:s, s:s, s:i, s:o, s:s, s:o, s:o, s:o}",
                     "type", "about:blank", "title", title,
                     "status", (int) r->status,
                     "detail", text_json(r->error.message,
                                         strlen(r->error.message)),
                     "code", r->error.code ? r->error.code : "memory",
                     "mend", text_json(r->error.mend, strlen(r->error.mend)),
                     "host", text_json(r->error.host, strlen(r->error.host)),
                     "request_id", text_json(r->request, strlen(r->request)));
}


static void
http_headers(const http_request_t *r,
    struct MHD_Response *response)
{
    char  retry[16];

    (void) MHD_add_response_header(response, "Cache-Control", "no-store");
    (void) MHD_add_response_header(response, "X-Content-Type-Options",
                                   "nosniff");

    if (r->answer || r->status != 200) {
        (void) MHD_add_response_header(response, "Content-Type",
                                       r->answer ? "application/json"
                                       : "application/problem+json");
    }

    if (r->stale[0]) {
        (void) MHD_add_response_header(response, "Paylock-Stale-Since",
                                       r->stale);
    }

    /* nobody keeps a connection that may do nothing with it */

    if (r->status == 401 || r->status == 503) {
        (void) MHD_add_response_header(response, "Connection", "close");
    }

    if (r->etag[0]) {
        (void) MHD_add_response_header(response, "ETag", r->etag);
    }

    if (r->cookie[0]) {
        (void) MHD_add_response_header(response, "Set-Cookie", r->cookie);
    }

    if (r->replayed) {
        (void) MHD_add_response_header(response, "Idempotency-Replayed",
                                       "true");
    }

    if (r->status == 401) {
        (void) MHD_add_response_header(response, "WWW-Authenticate",
                                       "Bearer realm=\"paylock\"");
    }

    if (r->status == 503 || r->status == 429) {
        (void) snprintf(retry, sizeof(retry), "%d", r->retry ? r->retry
                        : r->status == 429 ? 300 : 2);
        (void) MHD_add_response_header(response, "Retry-After", retry);
    }
}
