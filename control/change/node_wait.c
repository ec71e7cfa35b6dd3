
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "change/node_wait.h"
#include "net/socket.h"
#include "records/nodes.h"
#include "base/text.h"


#define WAIT_PAUSE    100              /* milliseconds, at most */
#define WAIT_NAMES    10               /* in a sentence */


static int wait_look(control_t *ctl, const head_t *head, node_wait_t *w);
static int wait_has(const node_t *node, const head_t *head);
static int wait_unknown(control_t *ctl);
static int wait_missing(control_t *ctl, const node_wait_t *w);


int
node_wait(control_t *ctl, const head_t *head, long seconds, node_wait_t *w)
{
    long             pause;
    long long        start, end;
    struct timespec  ts;

    memset(w, 0, sizeof(node_wait_t));

    start = clock_ms();
    end = start + seconds * 1000;

    for (pause = 1; /* void */ ; pause = pause * 3 / 2 + 1) {

        if (wait_look(ctl, head, w) != STATUS_DONE) {
            return wait_unknown(ctl);
        }

        w->ms = clock_ms() - start;
        w->ms = w->ms ? w->ms : 1;

        if (w->live && w->have == w->live) {
            return STATUS_DONE;
        }

        if (w->live == 0 || clock_ms() >= end) {
            return wait_missing(ctl, w);
        }

        pause = pause < WAIT_PAUSE ? pause : WAIT_PAUSE;

        ts.tv_sec = 0;
        ts.tv_nsec = pause * 1000000;
        (void) nanosleep(&ts, NULL);
    }
}


static int
wait_look(control_t *ctl, const head_t *head, node_wait_t *w)
{
    int       first, has;
    size_t    i;
    json_t   *name;
    node_t   *node;
    nodes_t   nodes;

    first = w->missing == NULL;
    node_wait_free(w);

    if (nodes_read(ctl, &nodes) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (first) {
        nodes_warn(ctl, &nodes);
    }

    w->missing = json_array();
    w->silent = json_array();
    w->dry_run = json_array();
    w->live = 0;
    w->have = 0;

    for (i = 0; i < nodes.n; i++) {
        node = &nodes.node[i];

        if (node->why) {
            continue;
        }

        w->live += !node->silent;

        has = !node->silent && wait_has(node, head);
        w->have += has;

        if (!has || node->report.dry_run) {
            name = text_json(node->name, node->len);
            (void) json_array_append_new(node->silent ? w->silent
                                         : has ? w->dry_run : w->missing,
                                         name);
        }
    }

    nodes_free(&nodes);

    return STATUS_DONE;
}


/* A node that is ahead has the entry only if it is in the same chain. */

static int
wait_has(const node_t *node, const head_t *head)
{
    const paylock_node_head_t  *at;

    at = &node->report.applied;

    return strcmp(at->chain, head->chain) == 0
           && (at->seq > head->seq
               || (at->seq == head->seq && strcmp(at->hash, head->hash) == 0));
}


static int
wait_unknown(control_t *ctl)
{
    char           why[sizeof(ctl->error.message)];
    char           mend[sizeof(ctl->error.mend)];
    error_info_t  *p;

    p = &ctl->error;

    memcpy(why, p->message, sizeof(why));
    memcpy(mend, p->mend, sizeof(mend));

    return error_set(p, STATUS_PARTLY, p->code, mend, "the change is made, "
                     "but which nodes of nginx have it is not known: %.1500s",
                     why);
}


static int
wait_missing(control_t *ctl, const node_wait_t *w)
{
    char  names[1024], silent[1024];

    node_wait_names(w->silent, silent, sizeof(silent));

    if (w->live == 0) {
        return error_set(&ctl->error, STATUS_PARTLY, "wait",
                         "look with \"paylock-admin nodes\" whether nginx "
                         "follows this Redis, not a replica of it, and has "
                         "the right to report",
                         "it is done, but no node of nginx reports "
                         "to \"%s\" in Redis at %s that it has it%s%s",
                         ctl->settings.nodes, ctl->settings.where,
                         *silent ? "; silent: " : "", silent);
    }

    node_wait_names(w->missing, names, sizeof(names));

    return error_set(&ctl->error, STATUS_PARTLY, "wait",
                     "look at them with \"paylock-admin nodes\"; they apply "
                     "it as soon as they reach Redis",
                     "it is done, but only %zu of %zu nodes have it "
                     "after %lld s; missing: %s%s%s", w->have, w->live,
                     w->ms / 1000, names, *silent ? "; silent: " : "",
                     silent);
}


void
node_wait_names(const json_t *names, char *text, size_t size)
{
    char    *safe;
    size_t   i, n, left;

    n = json_array_size(names);
    *text = '\0';

    for (i = 0; i < n && i < WAIT_NAMES; i++) {
        safe = text_safe(json_string_value(json_array_get(names, i)),
                         json_string_length(json_array_get(names, i)));

        left = size - strlen(text);
        (void) snprintf(text + strlen(text), left, "%s%.80s",
                        i ? ", " : "", safe ? safe : "");
        free(safe);
    }

    if (n > WAIT_NAMES) {
        left = size - strlen(text);
        (void) snprintf(text + strlen(text), left, " and %zu more",
                        n - WAIT_NAMES);
    }
}


void
node_wait_free(node_wait_t *w)
{
    json_decref(w->missing);
    json_decref(w->silent);
    json_decref(w->dry_run);

    w->missing = NULL;
    w->silent = NULL;
    w->dry_run = NULL;
}
