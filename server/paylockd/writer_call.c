
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "change/node_wait.h"
#include "context/settings_read.h"
#include "files/digest.h"
#include "paylockd/http.h"
#include "wire/wire.h"


#define CALL_KEPT  600                 /* s that an allowed caller may read */
#define CALL_KEYS  256
#define CALL_WAIT  30                  /* s, at most */


/* Who was allowed what: the SHA-256 of token, address and scope. */

typedef struct {
    char       key[PAYLOCK_HASH_LEN + 1];
    uint32_t   when;
    json_t    *caller;
} call_kept_t;


static json_t *call_command(const http_request_t *r, const char *name);
static void call_token(const http_request_t *r, json_t *command);
static int call_key(const json_t *command, char key[PAYLOCK_HASH_LEN + 1]);
static void call_keep(const http_request_t *r, const char *key);
static int call_known(http_request_t *r, const char *key);
static int call_refused(http_request_t *r, const json_t *answer);
static int call_away(http_request_t *r);
static int change_members(http_request_t *r, json_t *command);
static int change_headers(http_request_t *r, json_t *command);
static int change_answer(http_request_t *r, const json_t *answer);
static void change_wait(http_request_t *r, const json_t *head);
static void change_text(const json_t *head, const char *name, char *text,
    size_t size);


static pthread_mutex_t  call_lock = PTHREAD_MUTEX_INITIALIZER;
static call_kept_t      call_kept[CALL_KEYS];


json_t *
writer_call(const server_t *s, const json_t *command)
{
    int      fd;
    json_t  *answer;

    fd = wire_connect(s->writer);

    if (fd == -1) {
        return NULL;
    }

    answer = wire_write(fd, command) == 0 ? wire_read(fd) : NULL;
    (void) close(fd);

    return answer;
}


int
writer_check(http_request_t *r)
{
    int      status;
    char     key[PAYLOCK_HASH_LEN + 1];
    json_t  *command, *answer;

    command = call_command(r, "check");

    if (command == NULL || call_key(command, key) != 0) {
        json_decref(command);
        return http_error(r, 500, "memory", NULL, "out of memory");
    }

    answer = writer_call(r->server, command);
    json_decref(command);

    if (answer == NULL) {
        return call_known(r, key);
    }

    status = call_refused(r, answer);

    if (status == STATUS_DONE) {
        r->caller = json_incref(json_object_get(answer, "body"));
        call_keep(r, key);
    }

    json_decref(answer);

    return status;
}


static json_t *
call_command(const http_request_t *r, const char *name)
{
    json_t      *command;
    const char  *address;

    address = http_header(r, "X-Real-IP");
    command = json_pack("{s:s, s:s, s:s}", "command", name,
                        "address", address ? address : "",
                        "scope", r->route->scope);

    if (command) {
        call_token(r, command);
    }

    return command;
}


/* RFC 6750 */

static void
call_token(const http_request_t *r, json_t *command)
{
    const char  *text;

    text = http_header(r, "Authorization");

    if (text && strncmp(text, "Bearer ", 7) == 0) {
        (void) json_object_set_new(command, "token", json_string(text + 7));
    }
}


static int
call_key(const json_t *command, char key[PAYLOCK_HASH_LEN + 1])
{
    int    rc;
    char  *text;

    text = json_dumps(command, JSON_COMPACT|JSON_SORT_KEYS);
    rc = text ? digest_text(text, strlen(text), key) : -1;

    if (text) {
        explicit_bzero(text, strlen(text));
    }

    free(text);

    return rc;
}


static void
call_keep(const http_request_t *r, const char *key)
{
    size_t        i;
    call_kept_t  *oldest;

    (void) pthread_mutex_lock(&call_lock);

    oldest = &call_kept[0];

    for (i = 0; i < CALL_KEYS; i++) {

        if (strcmp(call_kept[i].key, key) == 0) {
            oldest = &call_kept[i];
            break;
        }

        if (call_kept[i].when < oldest->when) {
            oldest = &call_kept[i];
        }
    }

    json_decref(oldest->caller);
    strcpy(oldest->key, key);
    oldest->when = r->now;
    oldest->caller = json_deep_copy(r->caller);

    (void) pthread_mutex_unlock(&call_lock);
}


static int
call_known(http_request_t *r, const char *key)
{
    size_t  i;

    (void) pthread_mutex_lock(&call_lock);

    for (i = 0; i < CALL_KEYS; i++) {
        if (strcmp(call_kept[i].key, key) == 0
            && call_kept[i].when + CALL_KEPT > r->now)
        {
            r->caller = json_deep_copy(call_kept[i].caller);
        }
    }

    (void) pthread_mutex_unlock(&call_lock);

    return r->caller ? STATUS_DONE : call_away(r);
}


static int
call_away(http_request_t *r)
{
    return http_error(r, 503, "writer", "see \"systemctl status "
                      "paylock-writer\"; try again with the same "
                      "Idempotency-Key", "paylock-writer does not answer");
}


/* Takes an error of the writer over. */

static int
call_refused(http_request_t *r, const json_t *answer)
{
    const char    *code, *message, *mend, *host;
    const json_t  *error;

    error = json_object_get(answer, "error");

    if (error == NULL) {
        return STATUS_DONE;
    }

    code = json_string_value(json_object_get(error, "code"));
    message = json_string_value(json_object_get(error, "message"));
    mend = json_string_value(json_object_get(error, "mend"));
    host = json_string_value(json_object_get(error, "host"));

    (void) http_error(r, (unsigned) json_integer_value(json_object_get(answer,
                                                                 "status")),
                      "writer", mend, message ? message : "");
    (void) snprintf(r->code, sizeof(r->code), "%s", code ? code : "writer");
    r->error.code = r->code;

    return host ? error_about(&r->error, host) : r->error.status;
}


int
writer_change(http_request_t *r)
{
    int      status;
    json_t  *command, *answer;

    command = call_command(r, r->route->action);

    if (command == NULL) {
        return http_error(r, 500, "memory", NULL, "out of memory");
    }

    answer = NULL;

    if ((status = change_members(r, command)) == STATUS_DONE
        && (status = change_headers(r, command)) == STATUS_DONE)
    {
        answer = writer_call(r->server, command);
        status = answer == NULL ? call_away(r)
                 : call_refused(r, answer) == STATUS_DONE
                 ? change_answer(r, answer) : r->error.status;
    }

    json_decref(command);
    json_decref(answer);

    return status;
}


/* hosts and confirm; the others are what the command takes as options. */

static int
change_members(http_request_t *r, json_t *command)
{
    json_t      *input, *value;
    const char  *name;

    input = json_object();

    json_object_foreach(r->body, name, value) {

        if (strcmp(name, "hosts") == 0 || strcmp(name, "confirm") == 0) {
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
    char         hash[PAYLOCK_HASH_LEN + 1];
    size_t       len;
    const char  *key, *match, *dry_run;

    key = http_header(r, "Idempotency-Key");
    match = http_header(r, "If-Match");
    dry_run = http_query(r, "dry_run");

    if (key) {
        (void) json_object_set_new(command, "key", json_string(key));
    }

    if (dry_run && strcmp(dry_run, "false") != 0) {
        (void) json_object_set_new(command, "dry_run", json_true());
    }

    if (match == NULL || strcmp(match, "*") == 0) {
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

    (void) json_object_set_new(command, "if_match",
                               json_string(strcmp(hash, "none") == 0 ? ""
                                                                     : hash));

    return STATUS_DONE;
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
    const char       *prefer;
    node_wait_t       w;
    settings_from_t   from;

    prefer = http_header(r, "Prefer");

    if (prefer == NULL || strncmp(prefer, "wait=", 5) != 0
        || !isdigit((unsigned char) prefer[5]) || head == NULL)
    {
        return;
    }

    seconds = strtol(prefer + 5, NULL, 10);
    seconds = seconds < 1 ? 1 : seconds > CALL_WAIT ? CALL_WAIT : seconds;

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


static void
change_text(const json_t *head, const char *name, char *text, size_t size)
{
    const char  *value;

    value = json_string_value(json_object_get(head, name));
    (void) snprintf(text, size, "%s", value ? value : "");
}
