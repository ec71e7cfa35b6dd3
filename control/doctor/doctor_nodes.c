
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Checks the reports of the nodes of nginx.
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "doctor/doctor.h"
#include "records/nodes.h"


static void doctor_nodes_check(doctor_t *d, const node_t *node,
    const char *name);
static size_t doctor_nodes_state(doctor_t *d, const node_t *node,
    const char *name);


/* What to do about states in which a node does not follow the trail. */

static const struct {
    const char  *state;
    const char  *mend;
} nodes_mends[] = {
    { "empty", "its error log says why it has read nothing yet" },
    { "disk", "its error log says why it cannot reach Redis" },
    { "stale", "its error log says why it does not follow" },
    { "diverged", "it goes on as it was, and its error log says why: put the "
      "data of Redis back, or accept it with \"paylock-admin adopt\"; "
      "\"paylock-admin list --held\" names hosts that it may hold closed" }
};


void
doctor_nodes(doctor_t *d)
{
    char     *name;
    size_t    i, bad, before;
    nodes_t   nodes;

    if (nodes_read(d->ctl, &nodes) != STATUS_DONE) {
        doctor_failed(d, "nodes");
        return;
    }

    before = d->problems;
    bad = 0;

    for (i = 0; i < nodes.n; i++) {

        if (nodes.node[i].why && bad++ >= NODES_NAMED) {
            continue;
        }

        name = text_safe(nodes.node[i].name, nodes.node[i].len);
        doctor_nodes_check(d, &nodes.node[i], name ? name : "");
        free(name);
    }

    if (bad > NODES_NAMED || nodes.more) {
        doctor_say(d, DOCTOR_PROBLEM, "nodes", NODES_MEND, "\"%s\" holds %"
                   PRIu64 " fields that are no report or were not looked at",
                   d->ctl->settings.nodes, nodes.more + bad);
    }

    if (nodes.n == 0) {
        doctor_say(d, DOCTOR_NOTE, "nodes", "is \"paylock_redis\" of nginx "
                   "this Redis, with this prefix? its error log says what it "
                   "may not do", "no nginx has reported here");

    } else if (d->problems == before) {
        doctor_say(d, DOCTOR_OK, "nodes", NULL, "%zu node%s of nginx report%s",
                   nodes.n, nodes.n == 1 ? "" : "s", nodes.n == 1 ? "s" : "");
    }

    nodes_free(&nodes);
}


static void
doctor_nodes_check(doctor_t *d, const node_t *node, const char *name)
{
    int64_t  ahead;

    if (node->why) {
        doctor_say(d, DOCTOR_PROBLEM, "nodes", nodes_mend(node),
                   "the report of \"%.300s\" %s", name, node->why);
        return;
    }

    if (node->silent && node->age == 0) {
        doctor_say(d, DOCTOR_PROBLEM, "nodes", "set the clock of Redis by "
                   "NTP, it has gone back; if that nginx is no more: "
                   "\"paylock-admin nodes forget\"",
                   "the last report of \"%.300s\" is of a time that has not "
                   "come for Redis", name);
        return;
    }

    if (node->silent) {
        doctor_say(d, DOCTOR_PROBLEM, "nodes", "does nginx run there, with "
                   "\"paylock on\" in \"nginx -T\", and reach this Redis? "
                   "if it is no more, or follows a replica: "
                   "\"paylock-admin nodes forget\"",
                   "\"%.300s\" has not reported for %" PRIu64 " s",
                   name, node->age / 1000);
        return;
    }

    if (doctor_nodes_state(d, node, name)) {
        return;
    }

    if (node->report.dry_run) {
        doctor_say(d, DOCTOR_NOTE, "nodes", "when you have seen enough, take "
                   "\"paylock_dry_run on\" out of its configuration",
                   "\"%.300s\" has dry run on in %" PRIu64 " servers and "
                   "locations: a locked site is not closed there, only "
                   "logged, at \"paylock_log_level\"", name,
                   node->report.dry_run);
    }

    if (node->report.unaudited) {
        doctor_say(d, DOCTOR_PROBLEM, "nodes", "\"paylock-admin audit verify\" "
                   "names them; they have no effect on nginx",
                   "\"%.300s\" reports %" PRIu64 " records of this Redis "
                   "that were written, changed or removed by hand", name,
                   node->report.unaudited);
    }

    ahead = node->report.ahead;

    if (ahead > DOCTOR_CLOCK || ahead < -DOCTOR_CLOCK) {
        doctor_say(d, DOCTOR_PROBLEM, "nodes",
                   "set its clock by NTP: by that its planned locks come",
                   "the clock of \"%.300s\" is %lld s %s that of Redis", name,
                   llabs(ahead / 1000), ahead > 0 ? "ahead of" : "behind");
    }
}


/* Returns 1 if there is a finding. */

static size_t
doctor_nodes_state(doctor_t *d, const node_t *node, const char *name)
{
    size_t  i;

    for (i = 0; i < sizeof(nodes_mends) / sizeof(nodes_mends[0]); i++) {

        if (strcmp(node->report.state, nodes_mends[i].state) == 0) {
            doctor_say(d, DOCTOR_PROBLEM, "nodes", nodes_mends[i].mend,
                       node->report.held
                       ? "\"%.300s\" is %s, and holds %" PRIu64 " hosts "
                         "against this Redis"
                       : "\"%.300s\" is %s", name, nodes_mends[i].state,
                       node->report.held);
            return 1;
        }
    }

    return 0;
}
