
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trail/archived.h"
#include "trail/head.h"
#include "trail/trail.h"


#define ARCHIVED_HINT  "archive"


/* The entry before the first one of the stream, as that one says. */

typedef struct {
    uint64_t  first;                   /* of the stream; 0: there is none */
    uint64_t  seq;                     /* before it; 0: none */
    char      hash[PAYLOCK_HASH_LEN + 1];
} archived_before_t;


typedef struct {
    control_t                *ctl;
    const paylock_signers_t  *signers;
    archived_before_t         before;
    archived_t               *found;
} archived_search_t;


static int archived_before(control_t *ctl, archived_before_t *b);
static int archived_hint(archived_search_t *s, uint64_t *seq);
static int archived_hinted(archived_search_t *s, uint64_t seq);
static int archived_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why);


int
archived_find(control_t *ctl, const paylock_signers_t *signers,
    archived_t *found)
{
    uint64_t           hint;
    archived_search_t  s;

    memset(found, 0, sizeof(archived_t));

    s.ctl = ctl;
    s.signers = signers;
    s.found = found;

    if (archived_before(ctl, &s.before) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (s.before.seq == 0) {
        return STATUS_DONE;
    }

    hint = 0;

    if (archived_hint(&s, &hint) != STATUS_DONE
        || (hint && archived_hinted(&s, hint) != STATUS_DONE))
    {
        return ctl->error.status;
    }

    return found->entry ? STATUS_DONE
                        : trail_backwards(ctl, archived_entry, &s);
}


int
archived_begin(control_t *ctl, paylock_verify_t *v)
{
    archived_t  found;

    if (archived_find(ctl, v->signers, &found) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (found.entry) {
        paylock_verify_behind(v, found.chain, &found.archive, 0);
    }

    return STATUS_DONE;
}


int
archived_here(control_t *ctl, archived_t *found)
{
    return archived_find(ctl, ctl->signers.path ? &ctl->signers.list : NULL,
                         found);
}


int
archived_warn(control_t *ctl, uint64_t from)
{
    archived_t  found;

    if (archived_here(ctl, &found) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (found.entry && from <= found.archive.seq) {
        control_warn(ctl, "archived", "", "look at that file, and at those "
                     "before it", "earlier entries, up to %" PRIu64 ", are "
                     "archived in the file with the SHA-256 %s",
                     found.archive.seq, found.archive.file);
    }

    return STATUS_DONE;
}


int
archived_first(control_t *ctl, uint64_t *seq, uint64_t *before)
{
    archived_before_t  b;

    if (archived_before(ctl, &b) != STATUS_DONE) {
        return ctl->error.status;
    }

    *seq = b.first;
    *before = b.seq;

    return STATUS_DONE;
}


int
archived_holds(control_t *ctl, uint64_t seq, int *holds, archived_t *found)
{
    if (archived_here(ctl, found) != STATUS_DONE) {
        return ctl->error.status;
    }

    *holds = found->entry && seq <= found->archive.seq;

    return STATUS_DONE;
}


static int
archived_before(control_t *ctl, archived_before_t *b)
{
    redisReply       *reply;
    paylock_entry_t   e;

    memset(b, 0, sizeof(archived_before_t));

    if (redis_queue(ctl->redis, "XRANGE", ctl->settings.audit, "-", "+",
                    "COUNT", "1", NULL) != 0
        || redis_send(ctl->redis) != 0
        || (reply = redis_expect(ctl->redis, REDIS_REPLY_ARRAY)) == NULL)
    {
        return ctl->error.status;
    }

    if (reply->elements
        && paylock_entry_read(reply->element[0], &e) == NULL)
    {
        b->first = e.seq;
        b->seq = paylock_verify_before(&e, b->hash);
    }

    freeReplyObject(reply);

    return STATUS_DONE;
}


static int
archived_hint(archived_search_t *s, uint64_t *seq)
{
    redisReply  *reply;
    control_t   *ctl;

    ctl = s->ctl;

    if (redis_queue(ctl->redis, "HGET", ctl->settings.root, ARCHIVED_HINT,
                    NULL) != 0
        || redis_send(ctl->redis) != 0
        || (reply = redis_expect(ctl->redis, REDIS_REPLY_STRING)) == NULL)
    {
        return ctl->error.status;
    }

    *seq = reply->type == REDIS_REPLY_STRING ? strtoull(reply->str, NULL, 10)
                                             : 0;
    freeReplyObject(reply);

    return STATUS_DONE;
}


static int
archived_hinted(archived_search_t *s, uint64_t seq)
{
    redisReply       *reply;
    paylock_entry_t   e;

    if (head_entry_read(s->ctl, seq, &reply, &e) != STATUS_DONE) {
        return s->ctl->error.status;
    }

    if (reply) {
        (void) archived_entry(s, NULL, &e, NULL);
        freeReplyObject(reply);
    }

    return STATUS_DONE;
}


/* Called from the last entry backwards; one that tells of others is passed. */

static int
archived_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    archived_t         *found;
    archived_search_t  *s;

    (void) id;

    s = data;
    found = s->found;

    if (why || !paylock_verify_tells(e, s->ctl->settings.realm, s->signers,
                                     &found->archive))
    {
        memset(found, 0, sizeof(archived_t));
        return 1;
    }

    if (found->archive.seq != s->before.seq
        || strcmp(found->archive.hash, s->before.hash) != 0)
    {
        memset(found, 0, sizeof(archived_t));
        return 1;
    }

    found->entry = e->seq;
    memcpy(found->chain, e->field[PAYLOCK_AUDIT_CHAIN].data,
           PAYLOCK_CHAIN_LEN);

    return 0;
}
