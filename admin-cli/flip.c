
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "entry.h"
#include "flip.h"
#include "head.h"
#include "name.h"
#include "text.h"


#define FLIP_BATCH     1000            /* entries in a transaction */
#define FLIP_RACES     100
#define FLIP_LOSSES    3
#define FLIP_PAUSE     64              /* milliseconds, at most */


typedef enum {
    FLIP_DONE = 0,
    FLIP_RACE,                         /* another was faster */
    FLIP_LOST,                         /* no answer to EXEC */
    FLIP_FAILED
} flip_outcome_e;


typedef struct {
    size_t  entries;
    size_t  changes;                   /* HSET, HDEL */
} flip_sent_t;


static flip_outcome_e flip_attempt(flips_t *fs, flip_t *f, size_t n,
    int last);
static int flip_read(flips_t *fs, flip_t *f, size_t n, int *committed);
static int flip_queue_hosts(flips_t *fs, const flip_t *f, size_t n);
static int flip_take_hosts(flips_t *fs, flip_t *f, size_t n);
static int flip_take_record(flips_t *fs, flip_t *f, const redisReply *value,
    const redisReply *fallback);
static int flip_change(flips_t *fs, flip_t *f, size_t n, int *changed);
static int flip_queue(flips_t *fs, flip_t *f, size_t n, head_t *head,
    flip_sent_t *sent);
static int flip_queue_entry(flips_t *fs, flip_t *f, head_t *head);
static int flip_queue_changes(flips_t *fs, const flip_t *f, size_t n, int set,
    flip_sent_t *sent);
static flip_outcome_e flip_take_exec(flips_t *fs, const flip_sent_t *sent);
static int flip_check_exec(flips_t *fs, const redisReply *reply,
    const flip_sent_t *sent);
static int flip_lost(flips_t *fs);
static void flip_unknown(admin_t *a);
static void flip_discard(link_t *l);
static void flip_drop(link_t *l, size_t replies);
static void flip_pause(size_t races);
static void flip_forget(flip_t *f);


void
flips_free(flips_t *fs)
{
    size_t  i;

    for (i = 0; i < fs->n; i++) {
        flip_forget(&fs->flip[i]);
    }

    free(fs->flip);
}


int
flips_commit(flips_t *fs)
{
    size_t          n, batch, races, losses;
    flip_outcome_e  outcome;

    batch = FLIP_BATCH;
    races = 0;
    losses = 0;

    while (fs->done < fs->n) {
        n = fs->n - fs->done;
        n = n < batch ? n : batch;

        outcome = flip_attempt(fs, fs->flip + fs->done, n,
                               losses == FLIP_LOSSES);
        switch (outcome) {

        case FLIP_DONE:
            fs->done += n;
            fs->unsure.seq = 0;
            races = 0;
            break;

        case FLIP_RACE:
            if (++races == FLIP_RACES) {
                return problem_set(&fs->admin->problem, STATUS_FAILED, "race",
                                   "try again when fewer changes are made",
                                   "others were faster %d times in a row",
                                   FLIP_RACES);
            }

            batch = n > 1 ? n / 2 : 1;
            flip_pause(races);
            break;

        case FLIP_LOST:
            losses++;

            if (flip_lost(fs) != STATUS_DONE) {
                return fs->admin->problem.status;
            }

            break;

        default:
            return fs->admin->problem.status;
        }
    }

    return STATUS_DONE;
}


/*
 * One transaction of n flips.  After a lost link it is first seen whether it
 * was carried out; if not, the new transaction makes sure that what may still
 * be on its way comes too late, since both watch the same keys.
 */

static flip_outcome_e
flip_attempt(flips_t *fs, flip_t *f, size_t n, int last)
{
    int              changed, committed;
    head_t           head;
    admin_t         *a;
    flip_sent_t      sent;
    flip_outcome_e   outcome;

    a = fs->admin;

    if (flip_read(fs, f, n, &committed) != STATUS_DONE) {

        if (fs->unsure.seq) {
            flip_unknown(a);
        }

        return FLIP_FAILED;
    }

    if (committed) {
        fs->head = fs->unsure;
        flip_discard(a->link);
        return FLIP_DONE;
    }

    if (last) {
        (void) problem_set(&a->problem, STATUS_FAILED, "link",
                           "see the log of Redis",
                           "Redis at %s ended the connection at each of %d "
                           "transactions; nothing is changed",
                           a->settings.where, FLIP_LOSSES);
        return FLIP_FAILED;
    }

    fs->unsure.seq = 0;

    if (flip_change(fs, f, n, &changed) != STATUS_DONE) {
        return FLIP_FAILED;
    }

    if (!changed || a->opt[OPT_DRY_RUN]) {
        flip_discard(a->link);
        return FLIP_DONE;
    }

    head = fs->head;

    if (flip_queue(fs, f, n, &head, &sent) != STATUS_DONE) {
        return FLIP_FAILED;
    }

    outcome = link_send(a->link) == 0 ? flip_take_exec(fs, &sent) : FLIP_LOST;

    if (outcome == FLIP_LOST) {
        fs->unsure = head;

    } else if (outcome == FLIP_DONE) {
        fs->head = head;
    }

    return outcome;
}


/*
 * Reads the head and the records, watching them, and begins the transaction:
 * if MULTI were refused, what is queued behind it would be done at once.
 */

static int
flip_read(flips_t *fs, flip_t *f, size_t n, int *committed)
{
    int        status;
    char       hash[PAYLOCK_HASH_LEN + 1];
    admin_t   *a;
    uint64_t   seq;

    a = fs->admin;
    seq = fs->unsure.seq ? fs->unsure.seq : fs->known.seq;

    if (head_queue(a, seq) != STATUS_DONE
        || flip_queue_hosts(fs, f, n) != STATUS_DONE
        || link_command(a->link, "MULTI", NULL) != 0
        || link_send(a->link) != 0)
    {
        return a->problem.status;
    }

    status = head_take(a, seq, &fs->head, hash);

    if (status != STATUS_DONE) {
        return status;
    }

    *committed = fs->unsure.seq && strcmp(hash, fs->unsure.hash) == 0;

    status = head_judge(a, &fs->known, &fs->head,
                        fs->unsure.seq ? "" : hash);

    if (status != STATUS_DONE) {
        return status;
    }

    if (*committed) {
        flip_drop(a->link, 2);
        return STATUS_DONE;
    }

    status = flip_take_hosts(fs, f, n);

    if (status != STATUS_DONE) {
        return status;
    }

    return link_done(a->link) == 0 ? STATUS_DONE : a->problem.status;
}


static int
flip_queue_hosts(flips_t *fs, const flip_t *f, size_t n)
{
    int           rc;
    size_t        i, k;
    const char  **arg, *fallback;

    arg = malloc((2 + 2 * n) * sizeof(char *));

    if (arg == NULL) {
        return admin_memory(fs->admin);
    }

    arg[0] = "HMGET";
    arg[1] = fs->admin->settings.locks;

    for (k = 2, i = 0; i < n; i++) {
        fallback = name_fallback(f[i].host);
        arg[k++] = f[i].host;
        arg[k++] = fallback ? fallback : f[i].host;
    }

    rc = link_queue(fs->admin->link, k, arg, NULL);

    free(arg);

    return rc == 0 ? STATUS_DONE : fs->admin->problem.status;
}


static int
flip_take_hosts(flips_t *fs, flip_t *f, size_t n)
{
    int          status;
    size_t       i;
    redisReply  *reply;

    reply = link_expect(fs->admin->link, REDIS_REPLY_ARRAY);

    if (reply == NULL) {
        return fs->admin->problem.status;
    }

    if (reply->elements != 2 * n) {
        freeReplyObject(reply);
        return problem_set(&fs->admin->problem, STATUS_FAILED, "protocol",
                           NULL, "Redis answered HMGET with a wrong number "
                           "of values");
    }

    status = STATUS_DONE;

    for (i = 0; i < n && status == STATUS_DONE; i++) {
        status = flip_take_record(fs, &f[i], reply->element[2 * i],
                                  reply->element[2 * i + 1]);
    }

    freeReplyObject(reply);

    return status;
}


static int
flip_take_record(flips_t *fs, flip_t *f, const redisReply *value,
    const redisReply *fallback)
{
    const char  *why;

    flip_forget(f);

    if (fallback->type == REDIS_REPLY_STRING && name_fallback(f->host)) {
        f->fallback = paylock_record_load(fallback->str, fallback->len, &why);
    }

    if (value->type != REDIS_REPLY_STRING) {
        return STATUS_DONE;
    }

    f->before = malloc(value->len + 1);

    if (f->before == NULL) {
        return admin_memory(fs->admin);
    }

    memcpy(f->before, value->str, value->len);
    f->before[value->len] = '\0';
    f->before_len = value->len;

    f->record = paylock_record_load(f->before, f->before_len, &f->junk);

    return STATUS_DONE;
}


static int
flip_change(flips_t *fs, flip_t *f, size_t n, int *changed)
{
    int       status;
    size_t    i;
    uint32_t  now;

    now = (uint32_t) time(NULL);
    *changed = 0;

    for (i = 0; i < n; i++) {
        status = fs->change(fs, &f[i], now);

        if (status != STATUS_DONE) {
            return problem_about(&fs->admin->problem, f[i].host);
        }

        if (f[i].after) {
            f[i].text = paylock_record_dump(f[i].after);

            if (f[i].text == NULL) {
                return admin_memory(fs->admin);
            }

            if (strlen(f[i].text) > PAYLOCK_RECORD_MAX) {
                (void) problem_set(&fs->admin->problem, STATUS_FAILED,
                                   "record", "take members out of it",
                                   "the record of \"%s\" would be larger than "
                                   "%d bytes", f[i].host, PAYLOCK_RECORD_MAX);
                return problem_about(&fs->admin->problem, f[i].host);
            }
        }

        *changed |= f[i].changed;
    }

    return STATUS_DONE;
}


static int
flip_queue(flips_t *fs, flip_t *f, size_t n, head_t *head, flip_sent_t *sent)
{
    size_t   i;
    admin_t *a;

    a = fs->admin;
    sent->entries = 0;
    sent->changes = 0;

    for (i = 0; i < n; i++) {

        if (!f[i].changed) {
            continue;
        }

        if (flip_queue_entry(fs, &f[i], head) != STATUS_DONE) {
            return a->problem.status;
        }

        f[i].seq = head->seq;
        sent->entries++;
    }

    if (flip_queue_changes(fs, f, n, 1, sent) != STATUS_DONE
        || flip_queue_changes(fs, f, n, 0, sent) != STATUS_DONE
        || link_command(a->link, "EXEC", NULL) != 0)
    {
        return a->problem.status;
    }

    return STATUS_DONE;
}


static int
flip_queue_entry(flips_t *fs, flip_t *f, head_t *head)
{
    paylock_entry_t  e;

    memset(&e, 0, sizeof(paylock_entry_t));

    entry_set(&e, PAYLOCK_AUDIT_ACTOR, fs->actor);
    entry_set(&e, PAYLOCK_AUDIT_MACHINE, fs->machine);
    entry_set(&e, PAYLOCK_AUDIT_ACTION, fs->action);
    entry_set(&e, PAYLOCK_AUDIT_HOST, f->host);
    entry_set(&e, PAYLOCK_AUDIT_AFTER, f->text);
    entry_set(&e, PAYLOCK_AUDIT_REASON,
              json_string_value(json_object_get(f->after, "reason")));
    entry_set(&e, PAYLOCK_AUDIT_INVOICE,
              json_string_value(json_object_get(f->after, "invoice")));
    entry_set(&e, PAYLOCK_AUDIT_REQUEST, fs->request);

    /* an entry is text: of other bytes that stood there it cannot tell */

    if (f->before && f->before_len <= PAYLOCK_RECORD_MAX
        && text_is_utf8(f->before, f->before_len))
    {
        e.field[PAYLOCK_AUDIT_BEFORE].data = f->before;
        e.field[PAYLOCK_AUDIT_BEFORE].len = f->before_len;
    }

    return entry_queue(fs->admin, &e, head);
}


/* One HSET of all that get a record, or one HDEL of all that lose it. */

static int
flip_queue_changes(flips_t *fs, const flip_t *f, size_t n, int set,
    flip_sent_t *sent)
{
    int           rc;
    size_t        i, k;
    const char  **arg;

    arg = malloc((2 + 2 * n) * sizeof(char *));

    if (arg == NULL) {
        return admin_memory(fs->admin);
    }

    arg[0] = set ? "HSET" : "HDEL";
    arg[1] = fs->admin->settings.locks;

    for (k = 2, i = 0; i < n; i++) {

        if (!f[i].changed || set != (f[i].text != NULL)) {
            continue;
        }

        arg[k++] = f[i].host;

        if (set) {
            arg[k++] = f[i].text;
        }
    }

    rc = 0;

    if (k > 2) {
        rc = link_queue(fs->admin->link, k, arg, NULL);
        sent->changes++;
    }

    free(arg);

    return rc == 0 ? STATUS_DONE : fs->admin->problem.status;
}


/* The replies to each command queued behind MULTI, and to EXEC. */

static flip_outcome_e
flip_take_exec(flips_t *fs, const flip_sent_t *sent)
{
    int          refused;
    link_t      *l;
    size_t       i;
    redisReply  *reply;

    l = fs->admin->link;
    refused = 0;

    for (i = 0; i < sent->entries + sent->changes; i++) {
        reply = link_reply(l);

        if (reply == NULL) {
            return FLIP_LOST;
        }

        if (reply->type == REDIS_REPLY_ERROR && !refused) {
            refused = 1;
            (void) link_refused(l, reply);
        }

        freeReplyObject(reply);
    }

    reply = link_reply(l);

    if (reply == NULL) {
        return FLIP_LOST;
    }

    if (reply->type == REDIS_REPLY_NIL) {
        freeReplyObject(reply);
        return FLIP_RACE;
    }

    if (reply->type == REDIS_REPLY_ERROR) {

        if (!refused) {
            (void) link_refused(l, reply);
        }

        freeReplyObject(reply);

        return FLIP_FAILED;
    }

    i = flip_check_exec(fs, reply, sent);
    freeReplyObject(reply);

    return i == STATUS_DONE ? FLIP_DONE : FLIP_FAILED;
}


/* EXEC does not roll back: what failed inside must be said. */

static int
flip_check_exec(flips_t *fs, const redisReply *reply, const flip_sent_t *sent)
{
    size_t             i;
    const redisReply  *r;

    static const char  mend[] = "run \"paylock-admin status\" and "
                                "\"paylock-admin audit log\" to see what "
                                "stands, and the command again";

    for (i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++) {
        r = reply->element[i];

        if (r->type != (i < sent->entries ? REDIS_REPLY_STRING
                                          : REDIS_REPLY_INTEGER))
        {
            return problem_set(&fs->admin->problem, STATUS_PARTLY, "partly",
                               mend, "Redis at %s carried out the transaction "
                               "in part only: %.300s",
                               fs->admin->settings.where,
                               r->type == REDIS_REPLY_ERROR ? r->str
                               : "an answer of an unexpected type");
        }
    }

    return i == sent->entries + sent->changes
           ? STATUS_DONE
           : problem_set(&fs->admin->problem, STATUS_PARTLY, "partly", mend,
                         "Redis at %s gave no whole answer to EXEC",
                         fs->admin->settings.where);
}


/* A new connection in the place of the one lost in EXEC. */

static int
flip_lost(flips_t *fs)
{
    admin_t  *a;

    a = fs->admin;

    link_close(a->link);
    a->link = link_open(&a->settings, &a->problem);

    if (a->link == NULL) {
        flip_unknown(a);
        return a->problem.status;
    }

    return STATUS_DONE;
}


static void
flip_unknown(admin_t *a)
{
    char  why[sizeof(a->problem.message)];

    memcpy(why, a->problem.message, sizeof(why));

    (void) problem_set(&a->problem, STATUS_UNKNOWN, "unknown",
                       "run the same command again, it changes nothing twice",
                       "the connection was lost in the transaction, and "
                       "whether that was carried out is not known: %.1500s",
                       why);
}


static void
flip_discard(link_t *l)
{
    if (link_command(l, "DISCARD", NULL) == 0 && link_send(l) == 0) {
        flip_drop(l, 1);
    }
}


static void
flip_drop(link_t *l, size_t replies)
{
    redisReply  *reply;

    while (replies-- && (reply = link_reply(l)) != NULL) {
        freeReplyObject(reply);
    }
}


static void
flip_pause(size_t races)
{
    unsigned         dice;
    struct timespec  ts;

    if (getrandom(&dice, sizeof(dice), 0) != sizeof(dice)) {
        dice = 0;
    }

    ts.tv_sec = 0;
    ts.tv_nsec = races < 6 ? 1000000L << races : 1000000L * FLIP_PAUSE;
    ts.tv_nsec = (long) (dice % (unsigned long) ts.tv_nsec);

    (void) nanosleep(&ts, NULL);
}


static void
flip_forget(flip_t *f)
{
    const char  *host;

    host = f->host;

    json_decref(f->after);
    json_decref(f->record);
    json_decref(f->fallback);
    free(f->before);
    free(f->text);

    memset(f, 0, sizeof(flip_t));
    f->host = host;
}
