
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "records/nodes.h"
#include "base/text.h"


#define NODES_MOST   10000             /* nodes, at most */
#define NODES_NAME   255               /* bytes of a name, at most */
#define NODES_SLICE  100               /* reports per request */


static int nodes_names(control_t *ctl, nodes_t *nodes, uint64_t *now);
static int nodes_time(control_t *ctl, uint64_t *now);
static int nodes_named(control_t *ctl, const redisReply *reply, nodes_t *nodes);
static int nodes_fill(control_t *ctl, nodes_t *nodes, uint64_t now);
static int nodes_measure(control_t *ctl, node_t *node, size_t n);
static int nodes_fetch(control_t *ctl, node_t *node, size_t n, uint64_t now);
static void nodes_take(node_t *node, const redisReply *value, uint64_t now);
static void nodes_drop(nodes_t *nodes);
static int nodes_compare(const void *one, const void *two);


int
nodes_read(control_t *ctl, nodes_t *nodes)
{
    uint64_t  now;

    memset(nodes, 0, sizeof(nodes_t));

    if (nodes_names(ctl, nodes, &now) != STATUS_DONE
        || nodes_fill(ctl, nodes, now) != STATUS_DONE)
    {
        nodes_free(nodes);
        return ctl->error.status;
    }

    nodes_drop(nodes);
    qsort(nodes->node, nodes->n, sizeof(node_t), nodes_compare);

    return STATUS_DONE;
}


int
nodes_look(control_t *ctl, nodes_t *nodes, char **name, size_t n)
{
    int       status;
    uint64_t  now;

    memset(nodes, 0, sizeof(nodes_t));
    nodes->node = calloc(n + 1, sizeof(node_t));

    if (nodes->node == NULL) {
        return control_no_memory(ctl);
    }

    while (nodes->n < n) {
        nodes->node[nodes->n].name = strdup(name[nodes->n]);
        nodes->node[nodes->n].len = strlen(name[nodes->n]);

        if (nodes->node[nodes->n++].name == NULL) {
            nodes_free(nodes);
            return control_no_memory(ctl);
        }
    }

    status = redis_queue(ctl->redis, "TIME", NULL) == 0
             && redis_send(ctl->redis) == 0 ? nodes_time(ctl, &now)
                                        : ctl->error.status;

    if (status == STATUS_DONE) {
        status = nodes_fill(ctl, nodes, now);
    }

    if (status != STATUS_DONE) {
        nodes_free(nodes);
    }

    return status;
}


void
nodes_free(nodes_t *nodes)
{
    while (nodes->n) {
        free(nodes->node[--nodes->n].name);
    }

    free(nodes->node);
    nodes->node = NULL;
}


const char *
nodes_mend(const node_t *node)
{
    return node->len > NODES_NAME
           ? NODES_MEND : "remove it with \"paylock-admin nodes forget\"";
}


void
nodes_warn(const control_t *ctl, const nodes_t *nodes)
{
    char          *name;
    size_t         i, bad;
    const node_t  *node;

    bad = 0;

    for (i = 0; i < nodes->n; i++) {
        node = &nodes->node[i];

        if (node->why == NULL || bad++ >= NODES_NAMED) {
            continue;
        }

        name = text_safe(node->name, node->len);

        control_warn(ctl, "node", "", nodes_mend(node),
                     "what \"%s\" in Redis holds for \"%.200s\" is no report "
                     "of an nginx: it %s", ctl->settings.nodes,
                     name ? name : "", node->why);
        free(name);
    }

    if (bad > NODES_NAMED || nodes->more) {
        control_warn(ctl, "node", "", NODES_MEND,
                     "\"%s\" in Redis holds %" PRIu64
                     " fields that are no report or were not looked at",
                     ctl->settings.nodes, nodes->more + bad);
    }
}


/* Reads the names only: the values may be of any size. */

static int
nodes_names(control_t *ctl, nodes_t *nodes, uint64_t *now)
{
    int          status;
    char         most[16];
    uint64_t     all;
    redisReply  *reply;

    (void) snprintf(most, sizeof(most), "%d", NODES_MOST);
    redis_trim(ctl->redis, NODES_NAME + 1);

    if (redis_queue(ctl->redis, "TIME", NULL) != 0
        || redis_queue(ctl->redis, "HLEN", ctl->settings.nodes, NULL) != 0
        || redis_queue(ctl->redis, "HRANDFIELD", ctl->settings.nodes, most,
                       NULL)
           != 0
        || redis_send(ctl->redis) != 0
        || nodes_time(ctl, now) != STATUS_DONE
        || (reply = redis_expect(ctl->redis, REDIS_REPLY_INTEGER)) == NULL)
    {
        return ctl->error.status;
    }

    all = reply->integer > 0 ? (uint64_t) reply->integer : 0;
    freeReplyObject(reply);

    reply = redis_expect(ctl->redis, REDIS_REPLY_ARRAY);
    redis_trim(ctl->redis, 0);

    if (reply == NULL) {
        return ctl->error.status;
    }

    status = nodes_named(ctl, reply, nodes);
    freeReplyObject(reply);

    nodes->more = all > nodes->n ? all - nodes->n : 0;

    return status;
}


static int
nodes_time(control_t *ctl, uint64_t *now)
{
    redisReply  *reply;

    reply = redis_expect(ctl->redis, REDIS_REPLY_ARRAY);

    if (reply == NULL) {
        return ctl->error.status;
    }

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2
        || reply->element[0]->type != REDIS_REPLY_STRING
        || reply->element[1]->type != REDIS_REPLY_STRING)
    {
        freeReplyObject(reply);
        return error_set(&ctl->error, STATUS_FAILED, "protocol",
                         "is this the address of a Redis?",
                         "Redis at %s gave an answer to TIME of an "
                         "unexpected form", ctl->settings.where);
    }

    *now = strtoull(reply->element[0]->str, NULL, 10) * 1000
           + strtoull(reply->element[1]->str, NULL, 10) / 1000;

    freeReplyObject(reply);

    return STATUS_DONE;
}


static int
nodes_named(control_t *ctl, const redisReply *reply, nodes_t *nodes)
{
    size_t             i;
    node_t            *node;
    const redisReply  *name;

    nodes->node = calloc(reply->elements + 1, sizeof(node_t));

    if (nodes->node == NULL) {
        return control_no_memory(ctl);
    }

    for (i = 0; i < reply->elements; i++) {
        name = reply->element[i];

        if (name->type != REDIS_REPLY_STRING) {
            continue;
        }

        node = &nodes->node[nodes->n++];
        node->name = malloc(name->len + 1);

        if (node->name == NULL) {
            return control_no_memory(ctl);
        }

        memcpy(node->name, name->str, name->len + 1);
        node->len = name->len;

        if (node->len > NODES_NAME) {
            node->why = "has a name of more than 255 bytes";
            node->there = 1;
        }
    }

    return STATUS_DONE;
}


/* Reads the reports; now is the clock of Redis, which decides who is silent. */

static int
nodes_fill(control_t *ctl, nodes_t *nodes, uint64_t now)
{
    size_t   n, left;
    node_t  *node;

    node = nodes->node;

    for (left = nodes->n; left; left -= n, node += n) {
        n = left < NODES_SLICE ? left : NODES_SLICE;

        if (nodes_measure(ctl, node, n) != STATUS_DONE
            || nodes_fetch(ctl, node, n, now) != STATUS_DONE)
        {
            return ctl->error.status;
        }
    }

    return STATUS_DONE;
}


/* Reads the sizes and marks reports that are too large. */

static int
nodes_measure(control_t *ctl, node_t *node, size_t n)
{
    size_t       i;
    redisReply  *reply;

    for (i = 0; i < n; i++) {
        size_t       len[] = { strlen("HSTRLEN"), strlen(ctl->settings.nodes),
                               node[i].len };
        const char  *word[] = { "HSTRLEN", ctl->settings.nodes, node[i].name };

        if (node[i].why == NULL && redis_queue_argv(ctl->redis, 3, word,
                                                    len) != 0) {
            return ctl->error.status;
        }
    }

    if (redis_send(ctl->redis) != 0) {
        return ctl->error.status;
    }

    for (i = 0; i < n; i++) {

        if (node[i].why) {
            continue;
        }

        reply = redis_expect(ctl->redis, REDIS_REPLY_INTEGER);

        if (reply == NULL) {
            return ctl->error.status;
        }

        if (reply->integer > PAYLOCK_NODE_LARGE) {
            node[i].why = PAYLOCK_NODE_LARGER;
            node[i].there = 1;
        }

        freeReplyObject(reply);
    }

    return STATUS_DONE;
}


/* Fetches the reports; what has grown since is cut by redis_trim(). */

static int
nodes_fetch(control_t *ctl, node_t *node, size_t n, uint64_t now)
{
    size_t       i, m, len[NODES_SLICE + 2];
    redisReply  *reply;
    const char  *word[NODES_SLICE + 2];

    word[0] = "HMGET";
    word[1] = ctl->settings.nodes;
    len[0] = strlen(word[0]);
    len[1] = strlen(word[1]);

    for (i = 0, m = 2; i < n; i++) {
        if (node[i].why == NULL) {
            word[m] = node[i].name;
            len[m++] = node[i].len;
        }
    }

    if (m == 2) {
        return STATUS_DONE;
    }

    redis_trim(ctl->redis, PAYLOCK_NODE_LARGE + 1);

    if (redis_queue_argv(ctl->redis, m, word,
                         len) != 0 || redis_send(ctl->redis) != 0) {
        return ctl->error.status;
    }

    reply = redis_expect(ctl->redis, REDIS_REPLY_ARRAY);
    redis_trim(ctl->redis, 0);

    if (reply == NULL) {
        return ctl->error.status;
    }

    for (i = 0, m = 0; i < n && m < reply->elements; i++) {
        if (node[i].why == NULL) {
            nodes_take(&node[i], reply->element[m++], now);
        }
    }

    freeReplyObject(reply);

    return STATUS_DONE;
}


static void
nodes_take(node_t *node, const redisReply *value, uint64_t now)
{
    if (value->type != REDIS_REPLY_STRING) {
        return;
    }

    node->there = 1;
    node->why = paylock_node_read(value->str, value->len, &node->report);

    if (node->report.time < now) {
        node->age = now - node->report.time;
    }

    node->silent = node->age > PAYLOCK_NODE_SILENT * 1000
                   || node->report.time > now + PAYLOCK_NODE_SILENT * 1000;
}


/* Drops nodes whose reports were removed meanwhile. */

static void
nodes_drop(nodes_t *nodes)
{
    size_t  i, n;

    n = 0;

    for (i = 0; i < nodes->n; i++) {
        if (nodes->node[i].there) {
            nodes->node[n++] = nodes->node[i];

        } else {
            free(nodes->node[i].name);
        }
    }

    nodes->n = n;
}


static int
nodes_compare(const void *one, const void *two)
{
    return strcmp(((const node_t *) one)->name, ((const node_t *) two)->name);
}
