
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Witnesses, which remember a head: checkpoint files and nodes of nginx.
 */


#define _GNU_SOURCE

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "records/nodes.h"
#include "trail/verify.h"


static int witness_node(verify_t *c, const node_t *node);


int
verify_witness_add(verify_t *c, const char *name, const head_t *head,
    int inside)
{
    paylock_witness_t  *w;

    w = realloc(c->witness, (c->n_witnesses + 1) * sizeof(paylock_witness_t));

    if (w == NULL) {
        return control_no_memory(c->ctl);
    }

    c->witness = w;
    w += c->n_witnesses;

    memset(w, 0, sizeof(paylock_witness_t));
    w->name = strdup(name);

    if (w->name == NULL) {
        return control_no_memory(c->ctl);
    }

    w->seq = head->seq;
    w->inside = inside != 0;
    memcpy(w->chain, head->chain, sizeof(w->chain));
    memcpy(w->hash, head->hash, sizeof(w->hash));
    c->n_witnesses++;

    return STATUS_DONE;
}


int
verify_witness_nodes(verify_t *c)
{
    int       status;
    size_t    i;
    nodes_t   nodes;

    if (nodes_read(c->ctl, &nodes) != STATUS_DONE) {
        return c->ctl->error.status;
    }

    status = STATUS_DONE;

    if (!c->warned) {
        nodes_warn(c->ctl, &nodes);
        c->warned = 1;
    }

    for (i = 0; status == STATUS_DONE && i < nodes.n; i++) {
        status = witness_node(c, &nodes.node[i]);
    }

    nodes_free(&nodes);

    return status;
}


int
verify_witness_file(verify_t *c, const char *path)
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
        return error_set(&c->ctl->error, STATUS_FAILED, "checkpoint",
                         NULL, "the checkpoint \"%.200s\" cannot be read: "
                         "%s", path, strerror(errno));
    }

    len = fread(text, 1, sizeof(text), f);
    why = ferror(f) ? "cannot be read"
                    : paylock_checkpoint_read(text, len, &point);
    (void) fclose(f);

    if (why == NULL && strcmp(point.realm, c->ctl->settings.realm) != 0) {
        why = "is of another realm: see --realm";
    }

    if (why) {
        return error_set(&c->ctl->error, STATUS_FAILED, "checkpoint",
                         "take another copy of it",
                         "the checkpoint \"%.200s\" %s", path, why);
    }

    if (c->signers == NULL || !verify_counts(c, point.key, point.seq)) {
        return error_set(&c->ctl->error, STATUS_FAILED, "checkpoint",
                         "if you were told that this is a signer's key, give "
                         "it with --trust", "the checkpoint \"%.200s\" is "
                         "signed by %s, which does not count here", path,
                         point.key);
    }

    memset(&head, 0, sizeof(head_t));
    head.seq = point.seq;
    memcpy(head.chain, point.chain, sizeof(head.chain));
    memcpy(head.hash, point.hash, sizeof(head.hash));

    if (asprintf(&name, "the checkpoint \"%s\"", path) < 0) {
        return control_no_memory(c->ctl);
    }

    status = verify_witness_add(c, name, &head, 0);
    free(name);

    return status;
}


/* A node that reports no head is not a witness. */

static int
witness_node(verify_t *c, const node_t *node)
{
    int                         status;
    char                       *text;
    head_t                      head;
    const paylock_node_head_t  *at;

    at = &node->report.furthest;

    if (node->why || at->seq == 0 || *at->chain == '\0' || *at->hash == '\0') {
        return STATUS_DONE;
    }

    memset(&head, 0, sizeof(head_t));

    head.seq = at->seq;
    memcpy(head.chain, at->chain, sizeof(head.chain));
    memcpy(head.hash, at->hash, sizeof(head.hash));

    if (asprintf(&text, "nginx \"%.100s\"", node->name) < 0) {
        return control_no_memory(c->ctl);
    }

    status = verify_witness_add(c, text, &head, 1);
    free(text);

    return status;
}
