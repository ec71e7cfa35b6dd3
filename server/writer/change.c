
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "change/change_answer.h"
#include "change/change_matter.h"
#include "records/host_name.h"
#include "writer/change.h"


#define CHANGE_TURN  4                 /* seconds to wait for it, at most */


static void command_warn(void *data, const error_info_t *warning);
static int command_hosts(change_command_t *c);
static int command_hold(change_command_t *c);
static int command_input(change_command_t *c);
static int command_both(change_command_t *c);
static int command_pass_key(change_command_t *c);
static int command_request(change_command_t *c);
static int command_confirm(change_command_t *c);
static int command_settings(change_command_t *c);
static int command_turn(change_command_t *c);
static int command_answer(change_command_t *c, json_t **body);
static json_t *command_sum(const change_command_t *c);
static void command_free(change_command_t *c);


int
change_command(writer_t *w, const json_t *command, const char *name,
    error_info_t *error, char request[REQUEST_ID + 1], json_t **body)
{
    int                status;
    change_command_t   c;

    memset(&c, 0, sizeof(change_command_t));

    c.writer = w;
    c.command = command;
    c.order.ctl = &c.ctl;
    c.order.action = change_action(name);
    c.order.in.now = (uint32_t) time(NULL);
    c.ctl.program = "paylock-writer";
    c.ctl.calls.warn = command_warn;
    c.ctl.dry_run = json_is_true(json_object_get(command, "dry_run"));

    if ((status = command_hosts(&c)) == STATUS_DONE
        && (status = credential_check(w, command,
                                      strncmp(name, "pass", 4) == 0 ? "pass"
                                                                    : name,
                                      c.host, c.n, &c.caller, &c.ctl.error))
           == STATUS_DONE
        && (status = command_hold(&c)) == STATUS_DONE
        && (status = command_input(&c)) == STATUS_DONE
        && (status = command_both(&c)) == STATUS_DONE
        && (status = change_order_check(&c.order)) == STATUS_DONE
        && (status = command_pass_key(&c)) == STATUS_DONE
        && (status = command_request(&c)) == STATUS_DONE
        && (status = command_confirm(&c)) == STATUS_DONE
        && (status = command_settings(&c)) == STATUS_DONE
        && (status = command_turn(&c)) == STATUS_DONE)
    {
        status = commit_change(&c);
        (void) pthread_mutex_unlock(&w->turn);
    }

    if (status == STATUS_DONE) {
        status = command_answer(&c, body);
    }

    if (status != STATUS_DONE) {
        *error = c.ctl.error;
        (void) snprintf(request, REQUEST_ID + 1, "%s", c.batch.request
                                                       ? c.batch.request
                                                       : c.request);
    }

    command_free(&c);

    return status;
}


/* Into the log: whoever asked can do nothing about it. */

static void
command_warn(void *data, const error_info_t *warning)
{
    (void) data;

    flockfile(stderr);
    (void) fputs("paylock-writer: warning: ", stderr);
    text_print(stderr, warning->message, strlen(warning->message));

    if (warning->mend[0]) {
        (void) fputs(": ", stderr);
        text_print(stderr, warning->mend, strlen(warning->mend));
    }

    (void) fputc('\n', stderr);
    funlockfile(stderr);
}


/* The hosts as in Redis, each once. */

static int
command_hosts(change_command_t *c)
{
    int            status;
    char          *name;
    size_t         i;
    json_t        *seen;
    const json_t  *hosts, *host;

    if (c->order.action->kind == &change_import) {
        return import_rows(c);
    }

    hosts = json_object_get(c->command, "hosts");

    if (json_array_size(hosts) == 0 || json_array_size(hosts) > WRITER_HOSTS) {
        return error_set(&c->ctl.error, STATUS_USAGE, "hosts",
                         "give an array of 1 to 1000 host names",
                         "\"hosts\" is none, or too many");
    }

    seen = json_object();
    c->host = calloc(json_array_size(hosts), sizeof(char *));
    status = seen && c->host ? STATUS_DONE : control_no_memory(&c->ctl);

    for (i = 0; i < json_array_size(hosts) && status == STATUS_DONE; i++) {
        host = json_array_get(hosts, i);

        status = json_is_string(host)
                 ? host_name_read(&c->ctl.error, json_string_value(host),
                                  &name)
                 : error_set(&c->ctl.error, STATUS_USAGE, "hosts",
                             "give an array of 1 to 1000 host names",
                             "a member of \"hosts\" is no text");

        if (status != STATUS_DONE) {
            break;
        }

        if (json_object_get(seen, name)
            || json_object_set_new(seen, name, json_true()) != 0)
        {
            free(name);

        } else {
            c->host[c->n++] = name;
        }
    }

    json_decref(seen);

    c->order.host = c->host;
    c->order.n = c->n;

    return status;
}


/* A record has one hold. */

static int
command_hold(change_command_t *c)
{
    const char  *hold;

    hold = json_string_value(json_object_get(c->command, "hold"));

    return hold == NULL || strcmp(hold, "billing") == 0
           ? STATUS_DONE
           : error_set(&c->ctl.error, STATUS_USAGE, "hold",
                       "set and lift the hold \"billing\"",
                       "a site cannot be closed by the hold \"%.20s\" yet",
                       hold);
}


/* The members that this action takes, and no others. */

static int
command_input(change_command_t *c)
{
    json_t          *value;
    const char      *name;
    const json_t    *input;
    change_input_e   i;

    input = json_object_get(c->command, "input");

    json_object_foreach((json_t *) input, name, value) {

        for (i = 0; i < CHANGE_INPUTS; i++) {
            if (strcmp(name, change_input_names[i]) == 0) {
                break;
            }
        }

        if (i == CHANGE_INPUTS
            || !(c->order.action->inputs & CHANGE_INPUT_BIT(i)))
        {
            return error_set(&c->ctl.error, STATUS_USAGE, "member",
                             "leave it out",
                             "\"%s\" takes no member \"%.40s\"",
                             c->order.action->name, name);
        }

        if (!json_is_string(value)) {
            return error_set(&c->ctl.error, STATUS_USAGE, "member",
                             "give it in quotes",
                             "the member \"%s\" is no text", name);
        }

        c->order.in.text[i] = json_string_value(value);
    }

    return STATUS_DONE;
}


/* "until" closes what is open, or opens what is closed, in a moment. */

static int
command_both(change_command_t *c)
{
    const char  *scope, *name;

    name = c->order.action->name;
    scope = strcmp(name, "lock") == 0 ? "unlock" : "lock";

    return c->order.in.text[CHANGE_INPUT_UNTIL] == NULL
           || caller_allows(&c->caller, scope)
           ? STATUS_DONE
           : error_set(&c->ctl.error, STATUS_FAILED, "forbidden",
                       "leave \"until\" out, or create a token with --allow "
                       "lock,unlock",
                       "\"%s\" may not \"%s\", which \"%s\" with \"until\" "
                       "does as well", c->caller.actor, scope, name);
}


/* Read each time: a new key is used at once. */

static int
command_pass_key(change_command_t *c)
{
    if (c->order.kind != &change_pass_issue) {
        return STATUS_DONE;
    }

    c->order.issue.keys = &c->pass_file.keys;

    return c->writer->pass_key
           ? pass_file_read(&c->ctl.error, c->writer->pass_key, &c->pass_file)
           : error_set(&c->ctl.error, STATUS_FAILED, "pass_key",
                       "start it with --pass-key and the file that nginx has "
                       "as paylock_pass_key",
                       "paylock-writer has no keys of passes");
}


/* A key of one caller is not that of another. */

static int
command_request(change_command_t *c)
{
    const char  *key;

    c->arguments = change_input_arguments(&c->order.in);

    if (c->arguments == NULL) {
        return control_no_memory(&c->ctl);
    }

    key = json_string_value(json_object_get(c->command, "key"));

    if (key == NULL) {
        return STATUS_DONE;
    }

    if (*key == '\0' || strlen(key) > CHANGE_KEY) {
        return error_set(&c->ctl.error, STATUS_USAGE, "request",
                         "give 1 to 120 bytes, such as a UUID",
                         "the Idempotency-Key is empty or too long");
    }

    (void) snprintf(c->request, sizeof(c->request), "%s:%s",
                    c->caller.keys, key);
    return STATUS_DONE;
}


static int
command_confirm(change_command_t *c)
{
    char         matter[CHANGE_MATTER], mend[64];
    size_t       next;
    const char  *host;
    json_int_t   confirmed;

    next = 0;
    commit_batch(c);

    confirmed = json_integer_value(json_object_get(c->command, "confirm"));

    if (c->ctl.dry_run || confirmed == (json_int_t) c->n
        || !change_matter(&c->batch, &next, matter, &host))
    {
        return STATUS_DONE;
    }

    (void) snprintf(mend, sizeof(mend), "send \"confirm\": %zu with it", c->n);
    (void) error_set(&c->ctl.error, STATUS_FAILED, "confirm", mend, "%s",
                     matter);

    return host ? error_about(&c->ctl.error, host) : c->ctl.error.status;
}


/* What is wrong with them is no fault of the request, and may be mended. */

static int
command_settings(change_command_t *c)
{
    control_t  *ctl;

    ctl = &c->ctl;

    if (settings_put(ctl, &c->from, SET_ACTOR, c->caller.actor,
                     SETTINGS_COMMAND) == STATUS_DONE
        && settings_of_server(ctl, &c->from, c->writer->config) == STATUS_DONE
        && control_need_key(ctl) == STATUS_DONE)
    {
        return STATUS_DONE;
    }

    return ctl->error.status = STATUS_FAILED;
}


static int
command_turn(change_command_t *c)
{
    struct timespec  until;

    (void) clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += CHANGE_TURN;

    return pthread_mutex_timedlock(&c->writer->turn, &until) == 0
           ? STATUS_DONE
           : error_set(&c->ctl.error, STATUS_FAILED, "busy",
                       "try again with the same Idempotency-Key",
                       "other changes take too long");
}


static int
command_answer(change_command_t *c, json_t **body)
{
    if (c->order.kind != &change_pass_issue) {
        *body = command_sum(c);

    } else if (pass_link(&c->batch, body) != STATUS_DONE) {
        return c->ctl.error.status;
    }

    if (*body && c->batch.repeated) {
        (void) json_object_set_new(*body, "replayed", json_true());
    }

    if (*body && c->batch.head.seq) {
        (void) json_object_set_new(*body, "head",
                                   json_pack("{s:I, s:s, s:s}", "seq",
                                             (json_int_t) c->batch.head.seq,
                                             "hash", c->batch.head.hash,
                                             "chain", c->batch.head.chain));
    }

    return *body ? STATUS_DONE : control_no_memory(&c->ctl);
}


static json_t *
command_sum(const change_command_t *c)
{
    char    *text;
    FILE    *f;
    size_t   size;
    json_t  *body;

    f = open_memstream(&text, &size);

    if (f == NULL) {
        return NULL;
    }

    change_answer_write(f, &c->batch, NULL);

    if (fclose(f) != 0) {
        free(text);
        return NULL;
    }

    body = json_loads(text, 0, NULL);
    free(text);

    return body;
}


static void
command_free(change_command_t *c)
{
    change_batch_free(&c->batch);
    change_order_free(&c->order);
    free(c->arguments);

    if (c->host != c->list.host) {
        host_names_free(c->host, c->n);
    }

    import_list_free(&c->list);
    explicit_bzero(&c->pass_file, sizeof(pass_file_t));
    caller_free(&c->caller);
    settings_from_free(&c->from);
    control_free(&c->ctl);
}
