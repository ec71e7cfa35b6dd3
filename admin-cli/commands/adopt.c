
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "change/adopt.h"
#include "cli/confirm.h"
#include "cli/output.h"
#include "commands.h"
#include "records/nodes.h"
#include "trail/entry.h"
#include "trail/held.h"
#include "trail/trust.h"


#define ADOPT_TRIES  10
#define ADOPT_NAMED  3                 /* sites to be opened, in the text */
#define ADOPT_OPENS  1024


static int adopt_run(admin_t *a, adopt_t *t);
static int adopt_read(admin_t *a, adopt_t *t);
static int adopt_count(admin_t *a, adopt_t *t);
static int adopt_follow(admin_t *a, adopt_t *t);
static int adopt_ask(admin_t *a, const adopt_t *t);
static void adopt_opens(const adopt_t *t, char text[ADOPT_OPENS]);
static int adopt_trust(admin_t *a, adopt_t *t);
static int adopt_report(admin_t *a, const adopt_t *t);


int
cmd_adopt(admin_t *a)
{
    int      status;
    adopt_t  t;

    memset(&t, 0, sizeof(adopt_t));

    t.known = a->known;
    status = trail_append_begin(a->ctl, &t.entry, "adopt");

    if (status != STATUS_DONE) {
        return status;
    }

    t.opens = json_object();
    status = t.opens ? adopt_run(a, &t) : control_no_memory(a->ctl);

    if (status == STATUS_DONE && !a->opt[OPT_DRY_RUN]) {
        status = trust_adopted(a->ctl, &t.head);

        if (status == STATUS_DONE) {
            status = known_head_save(a->ctl, &t.head);
        }
    }

    if (status == STATUS_DONE) {
        trust_warn(a->ctl);
        status = adopt_report(a, &t);
    }

    json_decref(t.opens);

    return status;
}


static int
adopt_run(admin_t *a, adopt_t *t)
{
    int  tries, status, done;

    for (tries = 0; tries < ADOPT_TRIES; tries++) {

        if (adopt_read(a, t) != STATUS_DONE
            || adopt_follow(a, t) != STATUS_DONE
            || adopt_trust(a, t) != STATUS_DONE)
        {
            return a->ctl->error.status;
        }

        adopt_reason_write(t);
        entry_set(&t->entry.e, PAYLOCK_AUDIT_REASON, t->reason);

        if (adopt_ask(a, t) != STATUS_DONE) {
            return a->ctl->error.status;
        }

        if (a->opt[OPT_DRY_RUN]) {
            t->head.seq++;
            return STATUS_DONE;
        }

        status = trail_append_certain(a->ctl, &t->entry, &t->head,
                                      "look at \"paylock-admin audit log\"; "
                                      "adopting twice does no harm", &done);

        if (status != STATUS_DONE || done) {
            return status;
        }
    }

    return error_set(&a->ctl->error, STATUS_FAILED, "race",
                     "try again when nobody changes the records",
                     "the transaction did not come through %d times in a "
                     "row", ADOPT_TRIES);
}


static int
adopt_read(admin_t *a, adopt_t *t)
{
    char       hash[PAYLOCK_HASH_LEN + 1];
    stream_t  *s;

    s = &t->stream;
    t->forked = 0;

    if (head_read(a->ctl, s) != STATUS_DONE || adopt_count(a,
                                                           t) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    /* the last element is not an entry: take the last valid one */

    if (s->broken && s->head.seq == 0
        && head_newest(a->ctl, &s->head) != STATUS_DONE)
    {
        return a->ctl->error.status;
    }

    if (t->known.seq && t->known.seq <= s->head.seq
        && strcmp(t->known.chain, s->head.chain) == 0)
    {
        if (head_hash(a->ctl, t->known.seq, hash) != STATUS_DONE) {
            return a->ctl->error.status;
        }

        t->forked = strcmp(hash, t->known.hash) != 0;
    }

    return STATUS_DONE;
}


static int
adopt_count(admin_t *a, adopt_t *t)
{
    size_t    i;
    node_t   *node;
    nodes_t   nodes;

    if (redis_number(a->ctl->redis, "HLEN", a->ctl->settings.locks,
                     &t->records) != 0
        || nodes_read(a->ctl, &nodes) != STATUS_DONE)
    {
        return a->ctl->error.status;
    }

    t->nodes = 0;
    t->live = 0;
    t->held = 0;
    nodes_warn(a->ctl, &nodes);

    for (i = 0; i < nodes.n; i++) {
        node = &nodes.node[i];

        if (node->why) {
            continue;
        }

        if (node->report.furthest.seq > t->nodes) {
            t->nodes = node->report.furthest.seq;
        }

        if (!node->silent) {
            t->live++;
            t->held = node->report.held > t->held ? node->report.held
                                                  : t->held;
        }
    }

    nodes_free(&nodes);
    json_object_clear(t->opens);

    return held_read(a->ctl, t->opens);
}


/* The new seq must be higher than any that a node may have seen. */

static int
adopt_follow(admin_t *a, adopt_t *t)
{
    head_t          *h;
    const stream_t  *s;

    h = &t->head;
    s = &t->stream;

    if (s->head.seq) {
        *h = s->head;

    } else if (t->known.seq) {
        *h = t->known;

    } else {
        return error_set(&a->ctl->error, STATUS_FAILED, "chain_unknown",
                         s->there ? "rename that key with RENAME, and run "
                                    "\"paylock-admin init\""
                                  : "run \"paylock-admin init\", which "
                                    "makes one",
                         "there is no audit trail in Redis at %s to adopt, "
                         "and none is known here", a->ctl->settings.where);
    }

    h->seq = s->last > h->seq ? s->last : h->seq;
    h->seq = t->known.seq > h->seq ? t->known.seq : h->seq;
    h->seq = t->nodes > h->seq ? t->nodes : h->seq;

    return STATUS_DONE;
}


static int
adopt_ask(admin_t *a, const adopt_t *t)
{
    char  matter[ADOPT_REASON + 512 + ADOPT_OPENS], signers[TRUST_TEXT];
    char  opens[ADOPT_OPENS];

    trust_text(a->ctl, signers);
    adopt_opens(t, opens);
    (void) snprintf(matter, sizeof(matter), "Redis at %.200s holds %" PRIu64
                    " records and would be taken as the truth by entry %"
                    PRIu64 " of chain %s, %s, %s.  It opens %s",
                    a->ctl->settings.where, t->records, t->head.seq + 1,
                    t->head.chain, signers, t->reason, opens);

    return confirm(a, matter,
                   "Accept it?  What nginx holds of older records ends.");
}


/* Lists the sites that the trail or nginx have closed and Redis opens. */

static void
adopt_opens(const adopt_t *t, char text[ADOPT_OPENS])
{
    int          len;
    size_t       n, named;
    json_t      *record;
    const char  *host;

    n = json_object_size(t->opens);
    len = n ? snprintf(text, ADOPT_OPENS, "%zu site%s that the trail says %s "
                       "closed", n, n == 1 ? "" : "s", n == 1 ? "is" : "are")
            : snprintf(text, ADOPT_OPENS, "no site that the trail says is "
                       "closed");
    named = 0;

    json_object_foreach(t->opens, host, record) {
        if (named++ == ADOPT_NAMED) {
            len += snprintf(text + len, ADOPT_OPENS - (size_t) len, ", ...");
            break;
        }

        len += snprintf(text + len, ADOPT_OPENS - (size_t) len, "%s%s",
                        named == 1 ? ": " : ", ", host);
    }

    if (t->held) {
        (void) snprintf(text + len, ADOPT_OPENS - (size_t) len, "; nginx "
                        "holds up to %" PRIu64, t->held);

    } else if (t->live) {
        (void) snprintf(text + len, ADOPT_OPENS - (size_t) len, "; nginx "
                        "holds none");
    }
}


/*
 * Finds the trusted keys of the adopted chain.  Keys of a chain that is known
 * here are not learnt again.  Faults of existing entries are adopted: ignored.
 */

static int
adopt_trust(admin_t *a, adopt_t *t)
{
    int  status;

    if (a->ctl->trust.genesis[0] == '\0'
        || strcmp(a->ctl->trust.chain, t->head.chain) != 0)
    {
        status = trust_learn(a->ctl, &t->stream);

    } else {
        status = trust_follow(a->ctl, &t->stream);
    }

    if (a->ctl->trust.genesis[0] == '\0'
        || (status != STATUS_DONE
            && a->ctl->trust.fault.kind == PAYLOCK_FAULT_NONE))
    {
        return status;
    }

    return trust_signer(a->ctl) == STATUS_DONE ? trust_counts(a->ctl)
                                          : a->ctl->error.status;
}


static int
adopt_report(admin_t *a, const adopt_t *t)
{
    char           opens[ADOPT_OPENS];
    const head_t  *h;

    h = &t->head;

    if (output_is_text(a)) {
        adopt_opens(t, opens);
        (void) printf("%s: %" PRIu64 " records, by entry %" PRIu64 " of chain "
                      "%s, %s; it opens %s\n",
                      a->opt[OPT_DRY_RUN] ? "would be adopted" : "adopted",
                      t->records, h->seq, h->chain, t->reason, opens);
    }

    return output_print_json(a, json_pack("{s:s, s:o, s:s?, s:s, s:I, s:o}",
                                          "chain", h->chain,
                                          "seq", output_number(h->seq),
                                          "hash", a->opt[OPT_DRY_RUN] ? NULL
                                                                      : h->hash,
                                          "reason", t->reason,
                                          "opens", (json_int_t)
                                                   json_object_size(t->opens),
                                          "held", t->live
                                                  ? json_integer((json_int_t)
                                                                 t->held)
                                                  : json_null()));
}
