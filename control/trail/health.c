
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <string.h>

#include "records/nodes.h"
#include "trail/head.h"
#include "trail/health.h"
#include "trail/known_head.h"


static void health_trail(control_t *ctl, const head_t *head,
    const head_t *known, const nodes_t *nodes);
static void health_nodes(control_t *ctl, const nodes_t *nodes);


void
health_warn(control_t *ctl)
{
    head_t        head, known;
    nodes_t       nodes;
    error_info_t  kept;

    if (ctl->calls.warn == NULL) {
        return;
    }

    kept = ctl->error;
    memset(&nodes, 0, sizeof(nodes_t));

    if (known_head_load(ctl, &known) != STATUS_DONE) {
        memset(&known, 0, sizeof(head_t));
    }

    if (head_newest(ctl, &head) == STATUS_DONE) {
        (void) nodes_read(ctl, &nodes);

        health_trail(ctl, &head, &known, &nodes);
        health_nodes(ctl, &nodes);
        nodes_free(&nodes);
    }

    ctl->error = kept;
}


static void
health_trail(control_t *ctl, const head_t *head, const head_t *known,
    const nodes_t *nodes)
{
    size_t       i;
    uint64_t     seen;
    const char  *what;

    seen = known->seq;

    for (i = 0; i < nodes->n; i++) {
        if (nodes->node[i].why == NULL
            && nodes->node[i].report.furthest.seq > seen)
        {
            seen = nodes->node[i].report.furthest.seq;
        }
    }

    what = seen && head->seq == 0 ? "is gone"
           : known->seq == 0 ? NULL
           : strcmp(known->chain, head->chain) != 0
             ? "is another than the one known here"
           : head->seq < known->seq
             || (head->seq == known->seq
                 && strcmp(head->hash, known->hash) != 0)
             ? "lacks the entry last seen from here" : NULL;

    if (what) {
        control_warn(ctl, "chain_differs", "",
                     "\"paylock-admin doctor\" says what "
                     "to do", "the audit trail \"%s\" in Redis at %s %s: nginx "
                     "may hold sites closed that are open here",
                     ctl->settings.audit, ctl->settings.where, what);
    }
}


static void
health_nodes(control_t *ctl, const nodes_t *nodes)
{
    size_t         i, n;
    uint64_t       most;
    const node_t  *node;

    n = 0;
    most = 0;

    for (i = 0; i < nodes->n; i++) {
        node = &nodes->node[i];

        if (node->why == NULL && !node->silent
            && strcmp(node->report.state, "diverged") == 0)
        {
            n++;
            most = node->report.held > most ? node->report.held : most;
        }
    }

    if (n) {
        control_warn(ctl, "diverged", "", "\"paylock-admin list --held\" names "
                     "those that the trail knows", "%zu node%s of nginx "
                     "hold%s up to %" PRIu64 " hosts closed that this Redis "
                     "shows open", n, n == 1 ? "" : "s", n == 1 ? "s" : "",
                     most);
    }
}
