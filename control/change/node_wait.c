
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "change/node_wait.h"
#include "records/nodes.h"
#include "redis/redis_connect.h"
#include "text.h"


#define WAIT_SECONDS  10
#define WAIT_MOST     3600
#define WAIT_PAUSE    100              /* milliseconds, at most */
#define WAIT_NAMES    10               /* in a sentence */


static long wait_seconds(const char *text);
static int wait_look(admin_t *a, const head_t *head, wait_t *w);
static int wait_has(const node_t *node, const head_t *head);
static int wait_unknown(admin_t *a);
static int wait_missing(admin_t *a, const wait_t *w);
static void wait_names(const json_t *names, char *text, size_t size);


int
wait_check(admin_t *a)
{
    if (a->opt[OPT_WAIT] == NULL || wait_seconds(a->opt[OPT_WAIT]) > 0) {
        return STATUS_DONE;
    }

    return problem_set(&a->problem, STATUS_USAGE, "wait",
                       "give --wait alone, or --wait= and 1 to 3600 seconds",
                       "the value of --wait is no such number");
}


static long
wait_seconds(const char *text)
{
    char  *end;
    long   n;

    if (*text == '\0') {
        return WAIT_SECONDS;
    }

    n = strtol(text, &end, 10);

    return *text >= '0' && *text <= '9' && *end == '\0' && n <= WAIT_MOST
           ? n : 0;
}


int
wait_for(admin_t *a, const head_t *head, wait_t *w)
{
    long             pause;
    long long        start, end;
    struct timespec  ts;

    memset(w, 0, sizeof(wait_t));

    start = dial_clock();
    end = start + wait_seconds(a->opt[OPT_WAIT]) * 1000;

    for (pause = 1; /* void */ ; pause = pause * 3 / 2 + 1) {

        if (wait_look(a, head, w) != STATUS_DONE) {
            return wait_unknown(a);
        }

        w->ms = dial_clock() - start;
        w->ms = w->ms ? w->ms : 1;

        if (w->live && w->have == w->live) {
            return STATUS_DONE;
        }

        if (w->live == 0 || dial_clock() >= end) {
            return wait_missing(a, w);
        }

        pause = pause < WAIT_PAUSE ? pause : WAIT_PAUSE;

        ts.tv_sec = 0;
        ts.tv_nsec = pause * 1000000;
        (void) nanosleep(&ts, NULL);
    }
}


static int
wait_look(admin_t *a, const head_t *head, wait_t *w)
{
    int       first, has;
    size_t    i;
    json_t   *name;
    node_t   *node;
    nodes_t   nodes;

    first = w->missing == NULL;
    wait_free(w);

    if (nodes_read(a, &nodes) != STATUS_DONE) {
        return a->problem.status;
    }

    if (first) {
        nodes_warn(a, &nodes);
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


/* Of entries behind the head only those of its chain have it in their hash. */

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
wait_unknown(admin_t *a)
{
    char        why[sizeof(a->problem.message)];
    char        mend[sizeof(a->problem.mend)];
    problem_t  *p;

    p = &a->problem;

    memcpy(why, p->message, sizeof(why));
    memcpy(mend, p->mend, sizeof(mend));

    return problem_set(p, STATUS_PARTLY, p->code, mend, "the change is made, "
                       "but which nodes of nginx have it is not known: %.1500s",
                       why);
}


static int
wait_missing(admin_t *a, const wait_t *w)
{
    char  names[1024], silent[1024];

    wait_names(w->silent, silent, sizeof(silent));

    if (w->live == 0) {
        return problem_set(&a->problem, STATUS_PARTLY, "wait",
                           "look with \"paylock-admin nodes\" whether nginx "
                           "follows this Redis, not a replica of it, and has "
                           "the right to report",
                           "it is done, but no node of nginx reports "
                           "to \"%s\" in Redis at %s that it has it%s%s",
                           a->settings.nodes, a->settings.where,
                           *silent ? "; silent: " : "", silent);
    }

    wait_names(w->missing, names, sizeof(names));

    return problem_set(&a->problem, STATUS_PARTLY, "wait",
                       "look at them with \"paylock-admin nodes\"; they apply "
                       "it as soon as they reach Redis",
                       "it is done, but only %zu of %zu nodes have it "
                       "after %lld s; missing: %s%s%s", w->have, w->live,
                       w->ms / 1000, names, *silent ? "; silent: " : "",
                       silent);
}


static void
wait_names(const json_t *names, char *text, size_t size)
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


json_t *
wait_json(wait_t *w)
{
    json_t  *o;

    o = json_pack("{s:I, s:I, s:I, s:o, s:o, s:o}",
                  "live", (json_int_t) w->live, "have", (json_int_t) w->have,
                  "ms", (json_int_t) w->ms,
                  "missing", w->missing ? w->missing : json_array(),
                  "silent", w->silent ? w->silent : json_array(),
                  "dry_run", w->dry_run ? w->dry_run : json_array());

    w->missing = NULL;
    w->silent = NULL;
    w->dry_run = NULL;

    return o;
}


void
wait_print(const wait_t *w, const char *what)
{
    char  silent[1024], dry_run[1024];

    wait_names(w->silent, silent, sizeof(silent));
    wait_names(w->dry_run, dry_run, sizeof(dry_run));

    (void) printf("%s %zu of %zu node%s in %lld ms%s%s%s%s\n", what,
                  w->have, w->live, w->live == 1 ? "" : "s", w->ms,
                  *silent ? "; silent: " : "", silent,
                  *dry_run ? "; in dry run, which closes nothing and only "
                             "logs: " : "", dry_run);
}


void
wait_free(wait_t *w)
{
    json_decref(w->missing);
    json_decref(w->silent);
    json_decref(w->dry_run);

    w->missing = NULL;
    w->silent = NULL;
    w->dry_run = NULL;
}
