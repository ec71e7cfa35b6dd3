
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "paylock_node.h"


static int paylock_node_write_head(char *p, size_t size,
    const paylock_node_head_t *head);
static int paylock_node_read_head(const json_t *object,
    paylock_node_head_t *head);
static void paylock_node_text(const json_t *object, const char *name,
    char text[PAYLOCK_NODE_TEXT]);
static void paylock_node_hex(const json_t *object, const char *name,
    size_t len, char *hex);
static uint64_t paylock_node_number(const json_t *object, const char *name);


void
paylock_node_head(paylock_node_head_t *head,
    const paylock_position_t *position)
{
    memset(head, 0, sizeof(paylock_node_head_t));

    if (position->seq == 0) {
        return;
    }

    head->seq = position->seq;
    memcpy(head->chain, position->chain, PAYLOCK_CHAIN_LEN);
    memcpy(head->hash, position->hash, PAYLOCK_HASH_LEN);
}


/* Fits PAYLOCK_NODE_MAX: the texts are short, and need no escapes. */

size_t
paylock_node_write(const paylock_node_t *node, char text[PAYLOCK_NODE_MAX])
{
    int     n;
    size_t  size;

    size = PAYLOCK_NODE_MAX;

    n = snprintf(text, size, "{\"version\":\"%s\",\"state\":\"%s\",",
                 node->version, node->state);
    n += paylock_node_write_head(text + n, size - n, &node->applied);

    n += snprintf(text + n, size - n, ",\"records\":%" PRIu64 ",\"held\":%"
                  PRIu64 ",\"dry_run\":%" PRIu64 ",\"time\":%" PRIu64
                  ",\"ahead\":%" PRId64, node->records, node->held,
                  node->dry_run, node->time, node->ahead);

    if (node->unaudited) {
        n += snprintf(text + n, size - n, ",\"unaudited\":%" PRIu64,
                      node->unaudited);
    }

    if (memcmp(&node->furthest, &node->applied, sizeof(node->applied)) != 0) {
        n += snprintf(text + n, size - n, ",\"furthest\":{");
        n += paylock_node_write_head(text + n, size - n, &node->furthest);
        n += snprintf(text + n, size - n, "}");
    }

    return n + snprintf(text + n, size - n, "}");
}


static int
paylock_node_write_head(char *p, size_t size, const paylock_node_head_t *head)
{
    return snprintf(p, size, "\"chain\":\"%s\",\"seq\":%" PRIu64
                    ",\"hash\":\"%s\"", head->chain, head->seq, head->hash);
}


const char *
paylock_node_read(const char *text, size_t len, paylock_node_t *node)
{
    int            bad;
    json_t        *object;
    const json_t  *ahead;

    memset(node, 0, sizeof(paylock_node_t));

    if (len > PAYLOCK_NODE_LARGE) {
        return PAYLOCK_NODE_LARGER;
    }

    object = json_loadb(text, len, 0, NULL);

    if (!json_is_object(object)) {
        json_decref(object);
        return "is no JSON object";
    }

    bad = paylock_node_read_head(object, &node->applied);

    if (paylock_node_read_head(json_object_get(object, "furthest"),
                               &node->furthest)
        || node->furthest.seq == 0)
    {
        node->furthest = node->applied;
    }

    paylock_node_text(object, "version", node->version);
    paylock_node_text(object, "state", node->state);

    node->records = paylock_node_number(object, "records");
    node->held = paylock_node_number(object, "held");
    node->dry_run = paylock_node_number(object, "dry_run");
    node->unaudited = paylock_node_number(object, "unaudited");
    node->time = paylock_node_number(object, "time");

    ahead = json_object_get(object, "ahead");
    node->ahead = json_integer_value(ahead);

    json_decref(object);

    return bad ? "has a \"seq\" that is no number of an entry" : NULL;
}


/* Returns 1 if there is a "seq" and it is wrong. */

static int
paylock_node_read_head(const json_t *object, paylock_node_head_t *head)
{
    json_int_t     n;
    const json_t  *seq;

    seq = json_object_get(object, "seq");
    n = json_integer_value(seq);

    /* one more than that must be a number still */

    if ((seq && !json_is_integer(seq)) || n < 0 || n == INT64_MAX) {
        return 1;
    }

    head->seq = (uint64_t) n;

    paylock_node_hex(object, "chain", PAYLOCK_CHAIN_LEN, head->chain);
    paylock_node_hex(object, "hash", PAYLOCK_HASH_LEN, head->hash);

    return 0;
}


static void
paylock_node_text(const json_t *object, const char *name,
    char text[PAYLOCK_NODE_TEXT])
{
    size_t         len;
    const json_t  *value;

    value = json_object_get(object, name);
    len = json_string_length(value);

    if (len && len < PAYLOCK_NODE_TEXT) {
        memcpy(text, json_string_value(value), len);
    }
}


static void
paylock_node_hex(const json_t *object, const char *name, size_t len,
    char *hex)
{
    paylock_str_t  s;
    const json_t  *value;

    value = json_object_get(object, name);
    s.data = json_string_value(value);
    s.len = json_string_length(value);

    if (s.data && paylock_hex_check(&s, len)) {
        memcpy(hex, s.data, len);
    }
}


static uint64_t
paylock_node_number(const json_t *object, const char *name)
{
    json_int_t  n;

    n = json_integer_value(json_object_get(object, name));

    return n > 0 ? (uint64_t) n : 0;
}
