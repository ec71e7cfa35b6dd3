
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/confirm.h"
#include "cli/trail_init.h"
#include "records/nodes.h"
#include "trail/trail_create.h"
#include "trail/trust.h"


#define TRAIL_INIT_RACES  10
#define TRAIL_INIT_NODES  384


static int trail_init_chain(admin_t *a, const head_t *known, head_t *head,
    int *created);
static int trail_init_beside(admin_t *a);
static int trail_init_nodes(admin_t *a, const char *chain,
    char text[TRAIL_INIT_NODES]);
static int trail_init_ask(admin_t *a, const stream_t *stream);


int
trail_init(admin_t *a, head_t *head, int *created)
{
    int  status;

    status = trail_init_chain(a, &a->known, head, created);

    if (status == STATUS_DONE && !a->opt[OPT_DRY_RUN]) {
        status = known_head_save(a->ctl, head);

        if (status == STATUS_DONE) {
            a->done = "the trail is remembered";
        }
    }

    return status;
}


static int
trail_init_chain(admin_t *a, const head_t *known, head_t *head, int *created)
{
    int       races, status;
    stream_t  stream;

    *created = 0;

    for (races = 0; races < TRAIL_INIT_RACES; races++) {

        if (head_read(a->ctl, &stream) != STATUS_DONE
            || head_sound(a->ctl, &stream) != STATUS_DONE)
        {
            return a->ctl->error.status;
        }

        *head = stream.head;

        if (known->seq && head_judge(a->ctl, known, &stream) != STATUS_DONE) {
            return a->ctl->error.status;
        }

        if (known->seq) {
            status = trust_follow(a->ctl, &stream);
            trust_head(a->ctl, head);

            return status == STATUS_DONE ? trust_root(a->ctl, &stream)
                                         : status;
        }

        if (head->seq) {
            status = trail_init_ask(a, &stream);
            trust_head(a->ctl, head);

            return status;
        }

        if (trail_init_beside(a) != STATUS_DONE
            || trail_create(a->ctl, head, created) != STATUS_DONE)
        {
            return a->ctl->error.status;
        }

        if (*created) {
            return STATUS_DONE;
        }
    }

    return error_set(&a->ctl->error, STATUS_FAILED, "race",
                     "try again when nobody changes the records",
                     "others were faster %d times in a row", TRAIL_INIT_RACES);
}


/* Asks before it creates a trail while nodes of nginx follow another. */

static int
trail_init_beside(admin_t *a)
{
    char  matter[TRAIL_INIT_NODES];

    if (trail_init_nodes(a, "", matter) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    return *matter == '\0' ? STATUS_DONE
           : confirm(a, matter, "Begin another one?  If the data of this Redis "
                     "was lost, put it back, or run \"paylock-admin adopt\" "
                     "where the old trail is known.");
}


/* Lists the nodes that follow another chain; empty: none. */

static int
trail_init_nodes(admin_t *a, const char *chain, char text[TRAIL_INIT_NODES])
{
    char                       *name;
    size_t                      i, n;
    nodes_t                     nodes;
    const node_t               *first;
    const paylock_node_head_t  *at;

    if (nodes_read(a->ctl, &nodes) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    n = 0;
    first = NULL;
    *text = '\0';

    for (i = 0; i < nodes.n; i++) {
        at = &nodes.node[i].report.furthest;

        if (nodes.node[i].why == NULL && at->seq
            && strcmp(at->chain, chain) != 0)
        {
            first = first ? first : &nodes.node[i];
            n++;
        }
    }

    if (first) {
        at = &first->report.furthest;
        name = text_safe(first->name, first->len);
        (void) snprintf(text, TRAIL_INIT_NODES,
                        "%zu node%s of nginx, \"%.80s\"%s, follow%s "
                        "another audit trail: chain %s up to entry %" PRIu64,
                        n, n == 1 ? "" : "s", name ? name : "",
                        n == 1 ? "" : " among them", n == 1 ? "s" : "",
                        at->chain, at->seq);
        free(name);
    }

    nodes_free(&nodes);

    return STATUS_DONE;
}


/* Asks before an existing chain is remembered as the one meant. */

static int
trail_init_ask(admin_t *a, const stream_t *stream)
{
    char           matter[512 + TRAIL_INIT_NODES], signers[TRUST_TEXT];
    char           nodes[TRAIL_INIT_NODES];
    const head_t  *head;

    head = &stream->head;

    if (trust_learn(a->ctl, stream) != STATUS_DONE
        || trust_root(a->ctl, stream) != STATUS_DONE)
    {
        return a->ctl->error.status;
    }

    if (trail_init_nodes(a, head->chain, nodes) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    trust_text(a->ctl, signers);
    (void) snprintf(matter, sizeof(matter), "there is an audit trail already: "
                    "chain %s, entry %" PRIu64 ", hash %s, %s%s%s",
                    head->chain, head->seq, head->hash, signers,
                    *nodes ? "; " : "", nodes);

    return confirm(a, matter, "Is it the one meant, to be remembered here?");
}
