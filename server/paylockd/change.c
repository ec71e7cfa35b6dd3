
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The routes that change something: paylock-writer does it.
 */


#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "change/node_wait.h"
#include "context/settings_read.h"
#include "paylockd/http.h"


#define CHANGE_WAIT  30                /* s, at most */


static int change_unknown(http_request_t *r);
static int change_members(http_request_t *r, json_t *command);
static int change_headers(http_request_t *r, json_t *command);
static int change_put(http_request_t *r, json_t *command, const char *name,
    const char *text);
static int change_match(http_request_t *r, json_t *command);
static int change_answer(http_request_t *r, const json_t *answer);
static void change_wait(http_request_t *r, const json_t *head);
static long change_prefers(const char *prefer);
static void change_text(const json_t *head, const char *name, char *text,
    size_t size);


int
change_run(http_request_t *r)
{
    int      status, sent;
    json_t  *command, *answer;

    command = writer_command(r, r->route->action);

    if (command == NULL) {
        return http_error(r, 500, "memory", NULL, "out of memory");
    }

    answer = NULL;

    if ((status = change_members(r, command)) == STATUS_DONE
        && (status = change_headers(r, command)) == STATUS_DONE)
    {
        answer = writer_call(r->server, command, &sent);
        status = answer == NULL ? (sent ? change_unknown(r) : writer_away(r))
                 : writer_refused(r, answer) == STATUS_DONE
                 ? change_answer(r, answer) : r->error.status;
    }

    json_decref(command);
    json_decref(answer);

    return status;
}


static int
change_unknown(http_request_t *r)
{
    return http_error(r, 500, "unknown", "send the same again, with its "
                      "Idempotency-Key", "paylock-writer has got the command, "
                      "and no answer came: it may be carried out");
}


/*
 * confirm, and hosts or rows unless the path names a host; the others are what
 * the command takes as options.
 */

static int
change_members(http_request_t *r, json_t *command)
{
    json_t      *input, *value;
    const char  *name, *list;

    /* what is no UTF-8 would be left out, as if it had not been asked for */

    if (r->part[0]
        && (json_object_set_new(command, "hosts", json_pack("[s]", r->part[0]))
            != 0
            || json_object_set_new(command, "hold", json_string(r->part[1]))
               != 0))
    {
        return http_error(r, 422, "path", "send names as UTF-8",
                          "the host or the hold is no text");
    }

    input = json_object();
    list = strcmp(r->route->action, "import") == 0 ? "rows" : "hosts";

    json_object_foreach(r->body, name, value) {

        if (strcmp(name, "confirm") == 0
            || (strcmp(name, list) == 0 && r->part[0] == NULL))
        {
            (void) json_object_set(command, name, value);

        } else {
            (void) json_object_set(input, name, value);
        }
    }

    return json_object_set_new(command, "input", input) == 0
           ? STATUS_DONE
           : http_error(r, 500, "memory", NULL, "out of memory");
}


static int
change_headers(http_request_t *r, json_t *command)
{
    const char  *key, *dry_run;

    key = http_header(r, "Idempotency-Key");
    dry_run = http_query(r, "dry_run");

    if (dry_run && strcmp(dry_run, "true") != 0
        && strcmp(dry_run, "false") != 0)
    {
        return http_error(r, 422, "dry_run", "give true or false",
                          "dry_run is neither true nor false");
    }

    if (dry_run && strcmp(dry_run, "true") == 0) {
        (void) json_object_set_new(command, "dry_run", json_true());
    }

    if (key && change_put(r, command, "key", key) != STATUS_DONE) {
        return r->error.status;
    }

    return change_match(r, command);
}


/* What is no UTF-8 would be left out, as if it had not been sent. */

static int
change_put(http_request_t *r, json_t *command, const char *name,
    const char *text)
{
    return json_object_set_new(command, name, json_string(text)) == 0
           ? STATUS_DONE
           : http_error(r, 422, "header", "send ASCII",
                        "a header of the request is no text");
}


static int
change_match(http_request_t *r, json_t *command)
{
    char         hash[PAYLOCK_HASH_LEN + 1];
    size_t       len;
    const char  *match;

    match = http_header(r, "If-Match");

    if (match == NULL) {
        return STATUS_DONE;
    }

    /* "none" is the tag of a host without a record */

    len = strlen(match);

    if (len < 2 || len - 2 > PAYLOCK_HASH_LEN || match[0] != '"'
        || match[len - 1] != '"')
    {
        return http_error(r, 422, "if_match", "send the ETag as it came",
                          "If-Match is no ETag of a site");
    }

    memcpy(hash, match + 1, len - 2);
    hash[len - 2] = '\0';

    return change_put(r, command, "if_match",
                      strcmp(hash, "none") == 0 ? "" : hash);
}


static int
change_answer(http_request_t *r, const json_t *answer)
{
    json_t  *body, *head;

    body = json_object_get(answer, "body");
    head = json_incref(json_object_get(body, "head"));

    r->replayed = json_is_true(json_object_get(body, "replayed"));
    (void) json_object_del(body, "replayed");
    (void) json_object_del(body, "head");

    r->answer = json_incref(body);
    r->status = 200;

    change_wait(r, head);
    json_decref(head);

    return STATUS_DONE;
}


/* RFC 7240: 202 names the nodes that do not have it yet. */

static void
change_wait(http_request_t *r, const json_t *head)
{
    long              seconds;
    head_t            at;
    control_t         ctl;
    node_wait_t       w;
    settings_from_t   from;

    seconds = change_prefers(http_header(r, "Prefer"));

    if (seconds == 0 || head == NULL) {
        return;
    }

    memset(&ctl, 0, sizeof(control_t));
    memset(&from, 0, sizeof(settings_from_t));
    memset(&w, 0, sizeof(node_wait_t));
    memset(&at, 0, sizeof(head_t));

    at.seq = (uint64_t) json_integer_value(json_object_get(head, "seq"));
    change_text(head, "hash", at.hash, sizeof(at.hash));
    change_text(head, "chain", at.chain, sizeof(at.chain));

    if (settings_of_server(&ctl, &from, r->server->config) == STATUS_DONE
        && control_connect(&ctl) == STATUS_DONE
        && node_wait(&ctl, &at, seconds, &w) != STATUS_FAILED)
    {
        r->status = json_array_size(w.missing) ? 202 : 200;
        (void) json_object_set_new(r->answer, "nodes",
                                   json_pack("{s:I, s:I, s:I, s:O?}",
                                             "live", (json_int_t) w.live,
                                             "have", (json_int_t) w.have,
                                             "ms", (json_int_t) w.ms,
                                             "missing", w.missing));
    } else {
        r->status = 202;
    }

    node_wait_free(&w);
    settings_from_free(&from);
    control_free(&ctl);
}


/* The seconds of "wait" in a list of preferences; 0: it is not there. */

static long
change_prefers(const char *prefer)
{
    long  seconds;

    while (prefer && *prefer) {
        prefer += strspn(prefer, " \t,");

        if (strncasecmp(prefer, "wait=", 5) == 0
            && isdigit((unsigned char) prefer[5]))
        {
            seconds = strtol(prefer + 5, NULL, 10);

            return seconds < 1 ? 1 : seconds > CHANGE_WAIT ? CHANGE_WAIT
                                                           : seconds;
        }

        prefer += strcspn(prefer, ",");
    }

    return 0;
}


static void
change_text(const json_t *head, const char *name, char *text, size_t size)
{
    const char  *value;

    value = json_string_value(json_object_get(head, name));
    (void) snprintf(text, size, "%s", value ? value : "");
}
