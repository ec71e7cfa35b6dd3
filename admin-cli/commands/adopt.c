
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "change/adopt.h"
#include "change/archive.h"
#include "cli/confirm.h"
#include "cli/output.h"
#include "commands.h"
#include "records/nodes.h"
#include "trail/held.h"
#include "trail/trust.h"


#define ADOPT_TRIES  10
#define ADOPT_NAMED  3                 /* sites in the text */
#define ADOPT_SITES  1024
#define ADOPT_DROPPED  10              /* records, without being typed */


typedef struct {
    adopt_t    adopt;
    int        signers;                /* they decide, not Redis */
    uint64_t   records;
    size_t     live;                   /* number of nodes that report */
    uint64_t   held;                   /* most records that a node holds */
    uint64_t   nodes;                  /* highest entry that a node reports */
    json_t    *opens;                  /* sites to be opened, see held.h */
} adopt_run_t;


static int adopt_known(admin_t *a, adopt_t *t);
static int adopt_run(admin_t *a, adopt_run_t *r);
static int adopt_tell(admin_t *a, const adopt_t *t);
static int adopt_count(admin_t *a, adopt_run_t *r);
static int adopt_ask(admin_t *a, const adopt_run_t *r);
static void adopt_sites(const adopt_run_t *r, char text[ADOPT_SITES]);
static size_t adopt_name(const adopt_run_t *r, char *text, size_t len);
static int adopt_report(admin_t *a, const adopt_run_t *r);


int
cmd_adopt(admin_t *a)
{
    int          status;
    adopt_run_t  r;

    memset(&r, 0, sizeof(adopt_run_t));
    r.opens = json_object();

    if (r.opens == NULL) {
        return control_no_memory(a->ctl);
    }

    r.signers = a->ctl->trust.signers != NULL;

    if ((status = adopt_known(a, &r.adopt)) == STATUS_DONE
        && (status = trail_append_begin(a->ctl, &r.adopt.entry, "adopt"))
           == STATUS_DONE
        && (status = adopt_run(a, &r)) == STATUS_DONE
        && !a->opt[OPT_DRY_RUN])
    {
        trust_at(a->ctl, &r.adopt.head);

        status = paylock_verify_gave_up(&a->ctl->trust, r.adopt.head.seq,
                                        &r.adopt.what, NULL) == 0
                 ? known_head_save(a->ctl, &r.adopt.head)
                 : control_no_memory(a->ctl);

        if (status == STATUS_DONE && r.adopt.untold.seq) {
            status = adopt_tell(a, &r.adopt);
        }
    }

    if (status == STATUS_DONE) {
        trust_warn(a->ctl);
        status = adopt_report(a, &r);
    }

    adopt_free(&r.adopt);
    json_decref(r.opens);

    return status;
}


/* What this machine remembers, or what a node knows: --known SEQ:HASH. */

static int
adopt_known(admin_t *a, adopt_t *t)
{
    char           *end;
    head_t          told;
    paylock_str_t   hash;

    t->known = a->known;
    t->remembered = a->known.seq;
    t->drop = a->opt[OPT_DROP] != NULL;
    t->archive = a->archive;
    t->n_archives = (size_t) a->n_archives;

    if (a->opt[OPT_KNOWN] == NULL) {
        return STATUS_DONE;
    }

    told = a->known;
    told.seq = strtoull(a->opt[OPT_KNOWN], &end, 10);
    hash.data = *end == ':' ? end + 1 : end;
    hash.len = strlen(hash.data);

    if (told.seq == 0 || told.seq > INT64_MAX
        || !paylock_hex_check(&hash, PAYLOCK_HASH_LEN))
    {
        return error_set(&a->ctl->error, STATUS_USAGE, "known",
                         "give the number and the hash of an entry, as "
                         "\"paylock-admin --json nodes\" shows them",
                         "--known \"%.200s\" is not SEQ:HASH",
                         a->opt[OPT_KNOWN]);
    }

    memcpy(told.hash, hash.data, sizeof(told.hash));

    t->told = told;

    if (told.seq > t->known.seq) {
        t->known = told;
    }

    return STATUS_DONE;
}


static int
adopt_run(admin_t *a, adopt_run_t *r)
{
    int       tries, status, done;
    adopt_t  *t;

    t = &r->adopt;

    for (tries = 0; tries < ADOPT_TRIES; tries++) {

        if (trust_signer(a->ctl) != STATUS_DONE
            || adopt_decide(a->ctl, t) != STATUS_DONE
            || trust_counts(a->ctl, "adopt") != STATUS_DONE
            || (t->untold.seq
                && trust_counts(a->ctl, "archive") != STATUS_DONE)
            || adopt_count(a, r) != STATUS_DONE
            || adopt_ask(a, r) != STATUS_DONE)
        {
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


/* Without its files nobody knew any more where the stream begins. */

static int
adopt_tell(admin_t *a, const adopt_t *t)
{
    archive_t  again;

    memset(&again, 0, sizeof(archive_t));

    again.known = t->head;
    again.last.archive = t->untold;

    if (archived_here(a->ctl, &again.ago) != STATUS_DONE
        || trail_append_begin(a->ctl, &again.entry, "archive") != STATUS_DONE
        || archive_commit(a->ctl, &again, NULL) != STATUS_DONE)
    {
        return a->ctl->error.status;
    }

    trust_at(a->ctl, &again.head);

    return known_head_save(a->ctl, &again.head);
}


/* What nodes report is only shown: others could have written it. */

static int
adopt_count(admin_t *a, adopt_run_t *r)
{
    size_t    i;
    node_t   *node;
    nodes_t   nodes;

    if (redis_number(a->ctl->redis, "HLEN", a->ctl->settings.locks,
                     &r->records) != 0
        || nodes_read(a->ctl, &nodes) != STATUS_DONE)
    {
        return a->ctl->error.status;
    }

    r->live = 0;
    r->held = 0;
    r->nodes = 0;
    nodes_warn(a->ctl, &nodes);

    for (i = 0; i < nodes.n; i++) {
        node = &nodes.node[i];

        if (node->why) {
            continue;
        }

        if (node->report.furthest.seq > r->nodes) {
            r->nodes = node->report.furthest.seq;
        }

        if (!node->silent) {
            r->live++;
            r->held = node->report.held > r->held ? node->report.held
                                                  : r->held;
        }
    }

    nodes_free(&nodes);
    json_object_clear(r->opens);

    /* with signers the records go back to what the trail says */

    return a->ctl->trust.signers ? STATUS_DONE : held_read(a->ctl, r->opens);
}


static int
adopt_ask(admin_t *a, const adopt_run_t *r)
{
    char            matter[ADOPT_REASON + 768 + ADOPT_SITES];
    char            signers[TRUST_TEXT], sites[ADOPT_SITES], ahead[128];
    char            number[24], question[384];
    const adopt_t  *t;

    t = &r->adopt;
    *ahead = '\0';

    if (r->nodes > t->head.seq) {
        (void) snprintf(ahead, sizeof(ahead), ".  A node of nginx reports "
                        "entry %" PRIu64 ": if it does, give it with --known",
                        r->nodes);
    }

    trust_text(a->ctl, signers);
    adopt_sites(r, sites);
    (void) snprintf(matter, sizeof(matter), "Redis at %.200s holds %" PRIu64
                    " records and would be taken as the truth by entry %"
                    PRIu64 " of chain %s, %s: %s.  It %s%s",
                    a->ctl->settings.where, r->records, t->head.seq + 1,
                    t->head.chain, signers, t->reason, sites, ahead);

    /* of the known chain it may as well come from a backup */

    if (r->signers && t->stays.seq > t->vouched
        && strcmp(t->stays.chain, t->known.chain) != 0)
    {
        (void) snprintf(number, sizeof(number), "%" PRIu64, t->stays.seq);
        (void) snprintf(question, sizeof(question), "What stays is of another "
                        "chain than is known here, and after entry %" PRIu64
                        " signed by revoked keys only: whoever has one can "
                        "write that now.  Look at it with \"audit "
                        "log\"; to give up the whole stream, put it aside "
                        "with RENAME first.", t->vouched);
        return confirm_typed(a, matter, question, number);
    }

    if (adopt_far(t)) {
        (void) snprintf(number, sizeof(number), "%" PRIu64, t->head.seq + 1);
        return confirm_typed(a, matter, "That is far beyond the stream.",
                             number);
    }

    /* nobody drops that many by accident */

    if (t->drop && t->unknown > ADOPT_DROPPED) {
        (void) snprintf(number, sizeof(number), "%" PRIu64, t->unknown);
        return confirm_typed(a, matter, "So many records are dropped, and the "
                             "sites that they close open.", number);
    }

    return confirm(a, matter, "Accept it?  What nginx holds of older records "
                   "ends.");
}


/* Says which sites are opened, or how many records are put back. */

static void
adopt_sites(const adopt_run_t *r, char text[ADOPT_SITES])
{
    size_t  n, len;

    n = r->signers ? r->adopt.n_restore : json_object_size(r->opens);

    len = (size_t) snprintf(text, ADOPT_SITES, r->signers
                            ? n ? "puts %zu record%s back as the trail says"
                                : "leaves the records as they are"
                            : n ? "opens %zu site%s that the trail says to be "
                                  "closed"
                                : "opens no site that the trail says is "
                                  "closed", n, n == 1 ? "" : "s");

    len = adopt_name(r, text, len);

    if (r->adopt.unknown) {
        len += (size_t) snprintf(text + len, ADOPT_SITES - len, r->adopt.drop
                                 ? "; %" PRIu64 " of them, which no entry "
                                   "wrote, are dropped"
                                 : "; %" PRIu64 " that no entry wrote stay, "
                                   "see --drop", r->adopt.unknown);
    }

    if (r->held) {
        (void) snprintf(text + len, ADOPT_SITES - len, "; nginx holds up to %"
                        PRIu64, r->held);

    } else if (r->live) {
        (void) snprintf(text + len, ADOPT_SITES - len, "; nginx holds none");
    }
}


/* Appends the first names to a text of that length; returns the new one. */

static size_t
adopt_name(const adopt_run_t *r, char *text, size_t len)
{
    void    *at;
    size_t   i, n;

    n = r->signers ? r->adopt.n_restore : json_object_size(r->opens);
    at = json_object_iter(r->opens);

    for (i = 0; i < n && i < ADOPT_NAMED; i++) {
        len += (size_t) snprintf(text + len, ADOPT_SITES - len, "%s%.253s",
                                 i == 0 ? ": " : ", ", r->signers
                                 ? r->adopt.restore[i].host
                                 : json_object_iter_key(at));
        at = r->signers ? NULL : json_object_iter_next(r->opens, at);
    }

    return n > ADOPT_NAMED
           ? len + (size_t) snprintf(text + len, ADOPT_SITES - len, ", ...")
           : len;
}


static int
adopt_report(admin_t *a, const adopt_run_t *r)
{
    char            sites[ADOPT_SITES];
    const head_t   *h;
    const adopt_t  *t;

    t = &r->adopt;
    h = &t->head;

    if (output_is_text(a)) {
        adopt_sites(r, sites);
        (void) printf("%s: %" PRIu64 " records, by entry %" PRIu64 " of chain "
                      "%s, %s; it %s\n",
                      a->opt[OPT_DRY_RUN] ? "would be adopted" : "adopted",
                      r->records, h->seq, h->chain, t->reason, sites);
    }

    return output_print_json(a, json_pack("{s:s, s:o, s:s?, s:s, s:s, s:s, s:I,"
                                          " s:I, s:I, s:o}",
                                          "chain", h->chain,
                                          "seq", number_json(h->seq),
                                          "hash", a->opt[OPT_DRY_RUN] ? NULL
                                                                      : h->hash,
                                          "reason", t->reason,
                                          "lost", t->lost,
                                          "resumes", t->resumes,
                                          "opens", (json_int_t)
                                                   json_object_size(r->opens),
                                          "restored", (json_int_t)
                                                 t->n_restore,
                                          "unknown", (json_int_t) t->unknown,
                                          "held", r->live
                                                  ? json_integer((json_int_t)
                                                                 r->held)
                                                  : json_null()));
}
