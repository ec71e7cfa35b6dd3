
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/sha.h>

#include "change/archive.h"
#include "trail/archive_file.h"
#include "trail/entry.h"
#include "trail/root.h"
#include "trail/skip.h"
#include "trail/trust.h"


#define ARCHIVE_TRIES  100


/* The search for the last entry of the archive. */

typedef struct {
    archive_t         *archive;
    paylock_verify_t   v;
    paylock_archive_t  may;            /* the last one, if more follow */
    uint64_t           counted;        /* entries up to there */
    uint64_t           entries;        /* so far */
    unsigned           late:1;         /* the rest is not that old */
    unsigned char      request[SHA256_DIGEST_LENGTH];  /* of the last one */
} archive_walk_t;


static int archive_try(control_t *ctl, archive_t *t, stream_t *s);
static int archive_raced(control_t *ctl, const archive_t *t, int *raced);
static int archive_landed(control_t *ctl, const head_t *sent, int *landed);
static int archive_other(control_t *ctl, const char *path);
static int archive_walk(control_t *ctl, archive_t *t);
static void archive_entry(void *data, const paylock_entry_t *e);
static void archive_take(archive_walk_t *w);
static int archive_ends(const archive_walk_t *w, const paylock_entry_t *e);
static int archive_same(archive_walk_t *w, const paylock_entry_t *e);
static int archive_bad(control_t *ctl, const paylock_verify_t *v);
static int archive_able(control_t *ctl);
static int archive_begin(control_t *ctl, const stream_t *s);
static int archive_moved(control_t *ctl, const stream_t *s, int *moved);


int
archive_decide(control_t *ctl, archive_t *t)
{
    int       tries, raced;
    stream_t  s;

    for (tries = 0; tries < ARCHIVE_TRIES; tries++) {

        /* first, so that one which is made from now on is noticed */

        if (archived_here(ctl, &t->ago) != STATUS_DONE
            || archive_try(ctl, t, &s) != STATUS_DONE)
        {
            return ctl->error.status;
        }

        memset(&t->last, 0, sizeof(archived_t));
        memcpy(t->last.chain, s.head.chain, sizeof(t->last.chain));

        t->head = s.head;
        t->entries = 0;

        if (archive_walk(ctl, t) == STATUS_DONE) {
            return STATUS_DONE;
        }

        if (archive_raced(ctl, t, &raced) != STATUS_DONE || !raced) {
            break;
        }
    }

    return ctl->error.status;
}


int
archive_write(control_t *ctl, archive_t *t, const char *path)
{
    int  status, raced;

    if (archive_able(ctl) != STATUS_DONE
        || archive_file_write(ctl, path, &t->last) != STATUS_DONE)
    {
        return ctl->error.status;
    }

    status = archive_file_check(ctl, path, &t->ago, &t->last);

    if (status == STATUS_DONE) {
        return STATUS_DONE;
    }

    if (archive_raced(ctl, t, &raced) != STATUS_DONE || !raced) {
        return ctl->error.status;
    }

    return archive_other(ctl, path);
}


/* Has another archive been made?  What was an error before stays one. */

static int
archive_raced(control_t *ctl, const archive_t *t, int *raced)
{
    archived_t    found;
    error_info_t  error;

    error = ctl->error;

    if (archived_here(ctl, &found) != STATUS_DONE) {
        return ctl->error.status;
    }

    ctl->error = error;
    *raced = found.entry != t->ago.entry;

    return STATUS_DONE;
}


/*
 * Has a transaction of before come through after all, on a connection that was
 * lost?  Its file is the only place where the entries are.
 */

static int
archive_landed(control_t *ctl, const head_t *sent, int *landed)
{
    char  hash[PAYLOCK_HASH_LEN + 1];

    *landed = 0;

    if (sent->seq == 0) {
        return STATUS_DONE;
    }

    if (head_hash(ctl, sent->seq, hash) != STATUS_DONE) {
        return ctl->error.status;
    }

    *landed = strcmp(hash, sent->hash) == 0;

    return STATUS_DONE;
}


/* The file has entries that are in that one's file, or lacks some. */

static int
archive_other(control_t *ctl, const char *path)
{
    if (path == NULL) {
        return error_set(&ctl->error, STATUS_FAILED, "race", "try again",
                         "an archive was made meanwhile");
    }

    (void) unlink(path);

    return error_set(&ctl->error, STATUS_FAILED, "race", "try again",
                     "another archive was made meanwhile, and nothing by this "
                     "one: \"%.200s\" is removed", path);
}


int
archive_commit(control_t *ctl, archive_t *t, const char *path)
{
    int       tries, status, done, raced;
    head_t    sent;
    stream_t  s;

    sent.seq = 0;

    paylock_archive_write(&t->last.archive, t->archived, t->peaks);
    entry_set(&t->entry.e, PAYLOCK_AUDIT_ARCHIVED, t->archived);
    entry_set(&t->entry.e, PAYLOCK_AUDIT_PEAKS, t->peaks);
    t->entry.trim = path ? t->last.archive.seq : 0;
    t->entry.archives = 1;

    for (tries = 0; tries < ARCHIVE_TRIES; tries++) {

        if (archive_try(ctl, t, &s) != STATUS_DONE
            || archive_landed(ctl, &sent, &done) != STATUS_DONE
            || archive_raced(ctl, t, &raced) != STATUS_DONE)
        {
            return ctl->error.status;
        }

        if (done) {
            t->head = sent;
            return STATUS_DONE;
        }

        if (raced) {
            return archive_other(ctl, path);
        }

        if (archive_begin(ctl, &s) != STATUS_DONE) {

            if (archive_moved(ctl, &s, &raced) != STATUS_DONE || !raced) {
                return ctl->error.status;
            }

            continue;
        }

        t->head = s.head;
        status = trail_append_certain(ctl, &t->entry, &t->head,
                                      "look at \"paylock-admin audit log\"; "
                                      "keep the file", &done);

        if (status != STATUS_DONE || done) {
            return status;
        }

        sent = t->head;
    }

    return error_set(&ctl->error, STATUS_FAILED, "race",
                     "try again when fewer changes are made",
                     "others were faster %d times in a row", ARCHIVE_TRIES);
}


/*
 * Watches the keys; what is there must go on from what is known.  Whoever says
 * where the trail begins must be allowed to adopt, too.
 */

static int
archive_try(control_t *ctl, archive_t *t, stream_t *s)
{
    return head_queue(ctl) == STATUS_DONE
           && root_queue(ctl) == STATUS_DONE
           && redis_send(ctl->redis) == 0
           && head_take(ctl, s) == STATUS_DONE && root_take(ctl) == STATUS_DONE
           && head_judge(ctl, &t->known, s) == STATUS_DONE
           && trust_follow(ctl, s) == STATUS_DONE
           && trust_root(ctl, s) == STATUS_DONE
           && trust_counts(ctl, "archive") == STATUS_DONE
           && trust_counts(ctl, "adopt") == STATUS_DONE
           ? STATUS_DONE : ctl->error.status;
}


static int
archive_walk(control_t *ctl, archive_t *t)
{
    int              status;
    archive_walk_t   w;

    memset(&w, 0, sizeof(archive_walk_t));
    w.archive = t;

    paylock_verify_begin(&w.v, NULL, ctl->settings.realm, ctl->trust.signers);

    status = trust_walk(ctl, &w.v, t->head.seq, archive_entry, &w);

    if (status == STATUS_DONE
        && (w.v.fault.kind != PAYLOCK_FAULT_NONE
            || paylock_verify_end(&w.v) != 0))
    {
        status = archive_bad(ctl, &w.v);
    }

    t->stay = w.entries - t->entries;
    paylock_verify_free(&w.v);

    return status;
}


static void
archive_entry(void *data, const paylock_entry_t *e)
{
    archive_walk_t  *w;

    w = data;

    /* what ended there is not the last one */

    if (!archive_same(w, e) && !w->late && w->may.seq) {
        archive_take(w);
    }

    w->entries++;
    w->late |= strtoull(e->field[PAYLOCK_AUDIT_TIME].data, NULL, 10)
               >= w->archive->before;

    if (w->late || !archive_ends(w, e)) {
        w->may.seq = w->late ? 0 : w->may.seq;
        return;
    }

    w->may.seq = e->seq;
    w->counted = w->entries;
    memcpy(w->may.hash, w->v.hash, sizeof(w->may.hash));
    paylock_skip_copy(&w->may.skip, &w->v.skip);
}


static void
archive_take(archive_walk_t *w)
{
    w->archive->last.archive = w->may;
    w->archive->entries = w->counted;
    w->may.seq = 0;
}


/* Is the entry the last one of its transaction, as far as that can be told? */

static int
archive_ends(const archive_walk_t *w, const paylock_entry_t *e)
{
    return e->field[PAYLOCK_AUDIT_KEY].len || w->v.signers
           ? w->v.covered == e->seq : 1;
}


/* Without a key a transaction goes on as long as its request is the same. */

static int
archive_same(archive_walk_t *w, const paylock_entry_t *e)
{
    int                   same;
    unsigned char         request[SHA256_DIGEST_LENGTH];
    const paylock_str_t  *r;

    r = &e->field[PAYLOCK_AUDIT_REQUEST];
    (void) SHA256((const unsigned char *) r->data, r->len, request);

    same = e->field[PAYLOCK_AUDIT_KEY].len == 0
           && memcmp(request, w->request, sizeof(request)) == 0;

    memcpy(w->request, request, sizeof(request));

    return same;
}


static int
archive_bad(control_t *ctl, const paylock_verify_t *v)
{
    return error_set(&ctl->error, STATUS_FAILED, "chain_forged",
                     "see what \"paylock-admin audit verify\" says",
                     "the audit trail \"%s\" in Redis at %s is not good, and "
                     "nothing is archived: %s", ctl->settings.audit,
                     ctl->settings.where, v->fault.text);
}


/*
 * An XTRIM that Redis refuses within the transaction would leave the entry
 * without what it tells of.  This one takes nothing out.
 */

static int
archive_able(control_t *ctl)
{
    int          refused;
    redisReply  *reply;

    if (redis_queue(ctl->redis, "XTRIM", ctl->settings.audit, "MINID", "1-0",
                    NULL) != 0
        || redis_send(ctl->redis) != 0
        || (reply = redis_reply(ctl->redis)) == NULL)
    {
        return ctl->error.status;
    }

    refused = reply->type == REDIS_REPLY_ERROR;

    if (refused) {
        (void) redis_refused(ctl->redis, reply);
    }

    freeReplyObject(reply);

    return refused ? ctl->error.status : STATUS_DONE;
}


static int
archive_begin(control_t *ctl, const stream_t *s)
{
    head_t  head;

    head = s->head;
    trust_head(ctl, &head);

    return root_begin(ctl, &head) == STATUS_DONE
           && skip_begin(ctl, &head, head.seq + 1, 1) == STATUS_DONE
           ? STATUS_DONE : ctl->error.status;
}


/* Has another client added an entry?  What was an error before stays one. */

static int
archive_moved(control_t *ctl, const stream_t *s, int *moved)
{
    stream_t      now;
    error_info_t  error;

    error = ctl->error;

    if (head_look(ctl, &now) != STATUS_DONE) {
        return ctl->error.status;
    }

    ctl->error = error;
    *moved = now.head.seq != s->head.seq;

    return STATUS_DONE;
}
