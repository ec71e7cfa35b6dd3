
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/time_text.h"
#include "cli/output.h"
#include "cli/table.h"
#include "commands.h"
#include "records/nodes.h"
#include "records/nodes_json.h"
#include "trail/head.h"


#define NODES_AHEAD  1000              /* milliseconds of tolerance */


static int nodes_report(admin_t *a, const nodes_t *nodes, const head_t *head);
static int nodes_row(table_t *c, const node_t *node, const head_t *head);
static const char *nodes_colour(const char *cell, int colours);
static int nodes_remove(admin_t *a);
static int nodes_known(admin_t *a, json_t *forgotten, json_t *unknown);
static int nodes_forgotten(admin_t *a, json_t *forgotten, json_t *unknown);


static const column_t  nodes_columns[] = {
    { "NODE", 8, NULL },
    { "STATE", 0, nodes_colour },
    { "LAG", 0, NULL },
    { "WRITTEN", 0, NULL },
    { "ENTRY", 0, NULL },
    { "RECORDS", 0, NULL },
    { "HELD", 0, NULL },
    { "CLOCK", 0, NULL },
    { "DRY RUN", 0, NULL },
    { "VERSION", 0, NULL }
};


int
cmd_nodes(admin_t *a)
{
    int       status;
    head_t    head;
    nodes_t   nodes;

    /* head first: then no report is older than the head */

    if (head_newest(a->ctl, &head) != STATUS_DONE
        || nodes_read(a->ctl, &nodes) != STATUS_DONE)
    {
        return a->ctl->error.status;
    }

    status = nodes_report(a, &nodes, &head);
    nodes_free(&nodes);

    return status;
}


static int
nodes_report(admin_t *a, const nodes_t *nodes, const head_t *head)
{
    int            status;
    size_t         i;
    table_t        c;
    const node_t  *node;

    memset(&c, 0, sizeof(table_t));
    c.column = nodes_columns;
    c.n = sizeof(nodes_columns) / sizeof(nodes_columns[0]);

    status = STATUS_DONE;
    nodes_warn(a->ctl, nodes);

    for (i = 0; i < nodes->n && status == STATUS_DONE; i++) {
        node = &nodes->node[i];

        if (node->why) {
            continue;
        }

        if (output_is_json(a)) {
            status = output_print_json(a, nodes_json(node, head->seq,
                                                     head->chain));

        } else if (nodes_row(&c, node, head) != 0) {
            status = control_no_memory(a->ctl);
        }
    }

    if (status == STATUS_DONE && output_is_text(a)) {
        table_print(&c, stdout, output_colours());
    }

    table_free(&c);

    return status;
}


static int
nodes_row(table_t *c, const node_t *node, const head_t *head)
{
    char                   lag[24], age[32], seq[24], records[24], held[24];
    char                   clock[32];
    uint64_t               n;
    const paylock_node_t  *r;

    r = &node->report;
    held[0] = '\0';
    clock[0] = '\0';

    (void) snprintf(lag, sizeof(lag), "?");

    if (nodes_lag(node, head->seq, head->chain, &n)) {
        (void) snprintf(lag, sizeof(lag), "%" PRIu64, n);
    }

    (void) snprintf(age, sizeof(age), "%" PRIu64 " s ago", node->age / 1000);
    (void) snprintf(seq, sizeof(seq), "%" PRIu64, r->applied.seq);
    (void) snprintf(records, sizeof(records), "%" PRIu64, r->records);

    if (r->held) {
        (void) snprintf(held, sizeof(held), "%" PRIu64, r->held);
    }

    if (r->ahead > NODES_AHEAD || r->ahead < -NODES_AHEAD) {
        (void) snprintf(clock, sizeof(clock), "%+" PRId64 " s",
                        r->ahead / 1000);
    }

    return table_add(c, text_safe(node->name, node->len)) == 0
           && table_add(c, node->silent ? strdup("silent")
                           : text_safe(r->state, strlen(r->state))) == 0
           && table_add(c, strdup(lag)) == 0
           && table_add(c, strdup(age)) == 0
           && table_add(c, strdup(seq)) == 0
           && table_add(c, strdup(records)) == 0
           && table_add(c, strdup(held)) == 0
           && table_add(c, strdup(clock)) == 0
           && table_add(c, strdup(r->dry_run ? "yes" : "")) == 0
           && table_add(c, text_safe(r->version, strlen(r->version))) == 0
           ? 0 : -1;
}


/* Sets *lag to the entries a node is behind; returns 0 if not known. */

static const char *
nodes_colour(const char *cell, int colours)
{
    return !colours ? ""
           : strcmp(cell, "live") == 0 ? "\033[32m"
           : strcmp(cell, "syncing") == 0 ? "\033[33m" : "\033[31m";
}


int
cmd_nodes_forget(admin_t *a)
{
    int      status;
    json_t  *forgotten, *unknown;

    forgotten = json_array();
    unknown = json_array();

    status = nodes_known(a, forgotten, unknown);

    if (status == STATUS_DONE && !a->opt[OPT_DRY_RUN]
        && json_array_size(forgotten))
    {
        status = nodes_remove(a);
    }

    if (status == STATUS_DONE) {
        return nodes_forgotten(a, forgotten, unknown);
    }

    json_decref(forgotten);
    json_decref(unknown);

    return status;
}


/* Sorts the names by whether they have a report; warns of live nodes. */

static int
nodes_known(admin_t *a, json_t *forgotten, json_t *unknown)
{
    size_t         i;
    nodes_t        nodes;
    const node_t  *node;

    if (nodes_look(a->ctl, &nodes, a->arg, (size_t) a->n_args) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    for (i = 0; i < nodes.n; i++) {
        node = &nodes.node[i];

        (void) json_array_append_new(node->there ? forgotten : unknown,
                                     text_json(node->name, node->len));

        if (node->there && node->why == NULL && !node->silent) {
            control_warn(a->ctl, "node", "", "stop that nginx first",
                         "the node \"%.200s\" reports still, and will be there "
                         "again within %d s", node->name,
                         PAYLOCK_NODE_INTERVAL);
        }
    }

    nodes_free(&nodes);

    return STATUS_DONE;
}


static int
nodes_remove(admin_t *a)
{
    int           i, failed;
    redisReply   *reply;
    const char  **word;

    word = calloc((size_t) a->n_args + 2, sizeof(char *));

    if (word == NULL) {
        return control_no_memory(a->ctl);
    }

    word[0] = "HDEL";
    word[1] = a->ctl->settings.nodes;

    for (i = 0; i < a->n_args; i++) {
        word[i + 2] = a->arg[i];
    }

    failed = redis_queue_argv(a->ctl->redis, (size_t) a->n_args + 2, word,
                              NULL) != 0
             || redis_send(a->ctl->redis) != 0;
    free(word);

    reply = failed ? NULL : redis_expect(a->ctl->redis, REDIS_REPLY_INTEGER);

    if (reply == NULL) {
        return a->ctl->error.status;
    }

    freeReplyObject(reply);
    a->done = "the report is removed";

    return STATUS_DONE;
}


static int
nodes_forgotten(admin_t *a, json_t *forgotten, json_t *unknown)
{
    int          status, n;
    char        *safe;
    size_t       i;
    json_t      *name;
    char         first[200];
    const char  *text;

    n = (int) json_array_size(forgotten);

    json_array_foreach(forgotten, i, name) {
        if (output_is_text(a)) {
            safe = text_safe(json_string_value(name),
                             json_string_length(name));
            (void) printf("%s: %sforgotten\n", safe ? safe : "",
                          a->opt[OPT_DRY_RUN] ? "would be " : "");
            free(safe);
        }
    }

    name = json_array_get(unknown, 0);

    text = json_string_value(name);
    (void) snprintf(first, sizeof(first), "%s", text ? text : "");

    status = output_print_json(a, json_pack("{s:o, s:o}", "forgotten",
                                            forgotten, "unknown", unknown));

    if (status != STATUS_DONE || name == NULL) {
        return status;
    }

    return error_set(&a->ctl->error, n ? STATUS_PARTLY : STATUS_FAILED, "node",
                     "\"paylock-admin nodes\" lists them",
                     "there is no report of a node \"%s\" in \"%s\" in Redis "
                     "at %s", first, a->ctl->settings.nodes,
                     a->ctl->settings.where);
}
