
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Who remembers a head: checkpoint files, nodes of nginx.
 */


#define _GNU_SOURCE

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "verify.h"


static int witness_file(verify_t *c, const char *path);
static int witness_node(verify_t *c, const redisReply *name,
    const redisReply *value);
static int witness_hex(const json_t *node, const char *name, size_t len,
    char *hex);


int
verify_witness_add(verify_t *c, const char *name, const head_t *head,
    int inside)
{
    paylock_witness_t  *w;

    w = realloc(c->witness, (c->n_witnesses + 1) * sizeof(paylock_witness_t));

    if (w == NULL) {
        return admin_memory(c->admin);
    }

    c->witness = w;
    w += c->n_witnesses;

    memset(w, 0, sizeof(paylock_witness_t));
    w->name = strdup(name);

    if (w->name == NULL) {
        return admin_memory(c->admin);
    }

    w->seq = head->seq;
    w->inside = inside != 0;
    memcpy(w->chain, head->chain, sizeof(w->chain));
    memcpy(w->hash, head->hash, sizeof(w->hash));
    c->n_witnesses++;

    return STATUS_DONE;
}


int
verify_witness_files(verify_t *c)
{
    int  i;

    for (i = 0; i < c->admin->n_checkpoints; i++) {
        if (witness_file(c, c->admin->checkpoint[i]) != STATUS_DONE) {
            return c->admin->problem.status;
        }
    }

    return STATUS_DONE;
}


int
verify_witness_nodes(verify_t *c)
{
    int          status;
    size_t       i;
    admin_t     *a;
    redisReply  *reply;

    a = c->admin;

    if (link_command(a->link, "HGETALL", a->settings.nodes, NULL) != 0
        || link_send(a->link) != 0)
    {
        return a->problem.status;
    }

    reply = link_expect(a->link, REDIS_REPLY_ARRAY);

    if (reply == NULL) {
        return a->problem.status;
    }

    status = STATUS_DONE;

    for (i = 0; status == STATUS_DONE && i + 1 < reply->elements; i += 2) {
        status = witness_node(c, reply->element[i], reply->element[i + 1]);
    }

    freeReplyObject(reply);

    return status;
}


static int
witness_file(verify_t *c, const char *path)
{
    int                   status;
    char                  text[PAYLOCK_CHECKPOINT_MAX], *name;
    FILE                 *f;
    size_t                len;
    head_t                head;
    const char           *why;
    paylock_checkpoint_t  point;

    f = fopen(path, "re");

    if (f == NULL) {
        return problem_set(&c->admin->problem, STATUS_FAILED, "checkpoint",
                           NULL, "the checkpoint \"%.200s\" cannot be read: "
                           "%s", path, strerror(errno));
    }

    len = fread(text, 1, sizeof(text), f);
    why = ferror(f) ? "cannot be read"
                    : paylock_checkpoint_read(text, len, &point);
    (void) fclose(f);

    if (why) {
        return problem_set(&c->admin->problem, STATUS_FAILED, "checkpoint",
                           "take another copy of it",
                           "the checkpoint \"%.200s\" %s", path, why);
    }

    memset(&head, 0, sizeof(head_t));
    head.seq = point.seq;
    memcpy(head.chain, point.chain, sizeof(head.chain));
    memcpy(head.hash, point.hash, sizeof(head.hash));

    if (asprintf(&name, "the checkpoint \"%s\"", path) < 0) {
        return admin_memory(c->admin);
    }

    status = verify_witness_add(c, name, &head, 0);
    free(name);

    return status;
}


/* One that tells no head is no witness. */

static int
witness_node(verify_t *c, const redisReply *name, const redisReply *value)
{
    int          ok, status;
    char        *text;
    head_t       head;
    json_t      *node;
    json_int_t   seq;

    memset(&head, 0, sizeof(head_t));

    if (name->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING)
    {
        return STATUS_DONE;
    }

    node = json_loadb(value->str, value->len, 0, NULL);
    seq = json_integer_value(json_object_get(node, "seq"));

    ok = seq > 0
         && witness_hex(node, "chain", PAYLOCK_CHAIN_LEN, head.chain)
         && witness_hex(node, "hash", PAYLOCK_HASH_LEN, head.hash);

    json_decref(node);

    if (!ok) {
        return STATUS_DONE;
    }

    head.seq = (uint64_t) seq;

    if (asprintf(&text, "nginx \"%.100s\"", name->str) < 0) {
        return admin_memory(c->admin);
    }

    status = verify_witness_add(c, text, &head, 1);
    free(text);

    return status;
}


static int
witness_hex(const json_t *node, const char *name, size_t len, char *hex)
{
    paylock_str_t  s;
    const json_t  *value;

    value = json_object_get(node, name);
    s.data = json_string_value(value);
    s.len = json_string_length(value);

    if (s.data == NULL || !paylock_hex_check(&s, len)) {
        return 0;
    }

    memcpy(hex, s.data, len + 1);

    return 1;
}
