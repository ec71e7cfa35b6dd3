
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>

#include "nodes.h"
#include "text.h"


static int nodes_time(admin_t *a, uint64_t *now);
static int nodes_fill(admin_t *a, const redisReply *reply, uint64_t now,
    nodes_t *nodes);
static int nodes_fill_one(node_t *node, const redisReply *name,
    const redisReply *value, uint64_t now);
static int nodes_compare(const void *one, const void *two);


/* Whether one is silent is a matter of one clock, that of Redis. */

int
nodes_read(admin_t *a, nodes_t *nodes)
{
    int          status;
    uint64_t     now;
    redisReply  *reply;

    memset(nodes, 0, sizeof(nodes_t));
    now = 0;

    if (link_command(a->link, "TIME", NULL) != 0
        || link_command(a->link, "HGETALL", a->settings.nodes, NULL) != 0
        || link_send(a->link) != 0
        || nodes_time(a, &now) != STATUS_DONE)
    {
        return a->problem.status;
    }

    reply = link_expect(a->link, REDIS_REPLY_ARRAY);

    if (reply == NULL) {
        return a->problem.status;
    }

    status = nodes_fill(a, reply, now, nodes);
    freeReplyObject(reply);

    if (status != STATUS_DONE) {
        nodes_free(nodes);
        return status;
    }

    qsort(nodes->node, nodes->n, sizeof(node_t), nodes_compare);

    return STATUS_DONE;
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


void
nodes_warn(const admin_t *a, const node_t *node)
{
    char  *name;

    name = text_safe(node->name, node->len);

    admin_warn(a, "node", "", "remove it with \"paylock-admin nodes forget\"",
               "what \"%s\" in Redis holds for \"%.200s\" is no report of an "
               "nginx: it %s", a->settings.nodes, name ? name : "",
               node->why);
    free(name);
}


static int
nodes_time(admin_t *a, uint64_t *now)
{
    redisReply  *reply;

    reply = link_expect(a->link, REDIS_REPLY_ARRAY);

    if (reply == NULL) {
        return a->problem.status;
    }

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2
        || reply->element[0]->type != REDIS_REPLY_STRING
        || reply->element[1]->type != REDIS_REPLY_STRING)
    {
        freeReplyObject(reply);
        return problem_set(&a->problem, STATUS_FAILED, "protocol",
                           "is this the address of a Redis?",
                           "Redis at %s gave an answer to TIME of an "
                           "unexpected form", a->settings.where);
    }

    *now = strtoull(reply->element[0]->str, NULL, 10) * 1000
           + strtoull(reply->element[1]->str, NULL, 10) / 1000;

    freeReplyObject(reply);

    return STATUS_DONE;
}


static int
nodes_fill(admin_t *a, const redisReply *reply, uint64_t now, nodes_t *nodes)
{
    size_t  i;

    nodes->node = calloc(reply->elements / 2 + 1, sizeof(node_t));

    if (nodes->node == NULL) {
        return admin_memory(a);
    }

    for (i = 0; i + 1 < reply->elements; i += 2) {

        if (reply->element[i]->type != REDIS_REPLY_STRING
            || reply->element[i + 1]->type != REDIS_REPLY_STRING)
        {
            continue;
        }

        if (nodes_fill_one(&nodes->node[nodes->n++], reply->element[i],
                           reply->element[i + 1], now) != 0)
        {
            return admin_memory(a);
        }
    }

    return STATUS_DONE;
}


static int
nodes_fill_one(node_t *node, const redisReply *name, const redisReply *value,
    uint64_t now)
{
    node->name = malloc(name->len + 1);

    if (node->name == NULL) {
        return -1;
    }

    memcpy(node->name, name->str, name->len + 1);
    node->len = name->len;

    node->why = paylock_node_read(value->str, value->len, &node->report);

    if (node->report.time < now) {
        node->age = now - node->report.time;
    }

    node->silent = node->age > PAYLOCK_NODE_SILENT * 1000
                   || node->report.time > now + PAYLOCK_NODE_SILENT * 1000;

    return 0;
}


static int
nodes_compare(const void *one, const void *two)
{
    return strcmp(((const node_t *) one)->name, ((const node_t *) two)->name);
}
