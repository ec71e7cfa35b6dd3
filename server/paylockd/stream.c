
/*
 * Copyright (C) 2026 paylock contributors
 *
 * GET /v1/events: Server-Sent Events (html.spec.whatwg.org).
 */


#define _GNU_SOURCE

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "paylockd/http.h"


#define STREAM_PAUSE  10               /* s between comments */
#define STREAM_ASK    5                /* ... and looks at the credential */
#define STREAM_BLOCK  1024
#define STREAM_MOST   (HTTP_CONNECTIONS / 2)


typedef struct {
    server_t  *server;
    json_t    *command;                /* by which the writer is asked */
    time_t     allowed;                /* when it said yes */
    time_t     asked;
    uint64_t   position;
    char      *text;                   /* what is not sent yet */
    size_t     sent;
} stream_t;


static atomic_int  stream_many;


static ssize_t stream_read(void *data, uint64_t pos, char *buf, size_t size);
static int stream_allowed(stream_t *s);
static int stream_fill(stream_t *s);
static void stream_free(void *data);


int
stream_begin(http_request_t *r)
{
    if (atomic_fetch_add(&stream_many, 1) < STREAM_MOST) {
        return STATUS_DONE;
    }

    (void) atomic_fetch_sub(&stream_many, 1);
    r->retry = 60;

    return http_error(r, 503, "busy", "end some, or ask for lists",
                      "too many clients wait for events");
}


struct MHD_Response *
stream_response(http_request_t *r)
{
    int                   known;
    stream_t             *s;
    const char           *last;
    struct MHD_Response  *response;

    s = calloc(1, sizeof(stream_t));

    if (s == NULL) {
        (void) atomic_fetch_sub(&stream_many, 1);
        return NULL;
    }

    s->server = r->server;
    s->allowed = s->asked = time(NULL);
    s->command = writer_command(r, "check");
    last = http_header(r, "Last-Event-ID");
    s->position = events_after(&s->server->events,
                               last ? strtoull(last, NULL, 10) : 0, &known);

    /* who asks for what is not kept any more has to read anew */

    s->text = strdup(last && !known ? "event: reset\ndata: {}\n\n" : ":\n\n");

    response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN,
                                                 STREAM_BLOCK, stream_read, s,
                                                 stream_free);
    if (response == NULL) {
        stream_free(s);
        return NULL;
    }

    (void) MHD_add_response_header(response, "Content-Type",
                                   "text/event-stream");
    (void) MHD_add_response_header(response, "X-Accel-Buffering", "no");

    return response;
}


static ssize_t
stream_read(void *data, uint64_t pos, char *buf, size_t size)
{
    size_t     len;
    stream_t  *s;

    (void) pos;
    s = data;

    if (s->text == NULL && stream_fill(s) != 0) {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }

    if (!stream_allowed(s)) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }

    len = strlen(s->text + s->sent);
    len = len < size ? len : size;
    memcpy(buf, s->text + s->sent, len);
    s->sent += len;

    if (s->text[s->sent] == '\0') {
        free(s->text);
        s->text = NULL;
        s->sent = 0;
    }

    return (ssize_t) len;
}


/* A token may be revoked, or expire, while its stream is open. */

static int
stream_allowed(stream_t *s)
{
    int     allowed;
    time_t  now;

    now = time(NULL);

    if (now - s->asked < STREAM_ASK) {
        return 1;
    }

    s->asked = now;
    allowed = caller_still(s->server, s->command);

    if (allowed == 1) {
        s->allowed = now;
    }

    return allowed == 1 || (allowed == -1 && now - s->allowed < CALLER_KEPT);
}


/* Waits for the next event. */

static int
stream_fill(stream_t *s)
{
    int        rc, n;
    char      *event;
    uint64_t   seq;

    rc = events_next(&s->server->events, &s->position, STREAM_PAUSE, &seq,
                     &event);

    if (rc == 1) {
        n = asprintf(&s->text, "id: %" PRIu64 "\ndata: %s\n\n", seq, event);
        free(event);
        return n > 0 ? 0 : -1;
    }

    s->text = strdup(rc == 0 ? ":\n\n" : "event: reset\ndata: {}\n\n");

    return s->text ? 0 : -1;
}


static void
stream_free(void *data)
{
    stream_t  *s;

    s = data;

    (void) atomic_fetch_sub(&stream_many, 1);
    json_decref(s->command);
    free(s->text);
    free(s);
}
