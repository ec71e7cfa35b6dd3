
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Compares the records with the trail, while other clients may change them.  A
 * record that differs is only a fault if the trail, read again after it, has no
 * new entry of that host; else the record is read again.
 *
 * Records whose entry is archived are compared all at once, by the root.
 */


#include <inttypes.h>
#include <string.h>

#include "records/records.h"
#include "base/text.h"
#include "paylock_record.h"
#include "trail/root.h"
#include "trail/verify.h"


#define RECORDS_ROUNDS  50
#define RECORDS_ASKED   256            /* at once */


typedef struct {
    verify_t       *check;
    uint64_t        seq;               /* head when the records were read */
    uint64_t        unsure;
    int             status;

    /* hosts that are read again */

    replay_host_t  *host[RECORDS_ASKED];
    size_t          n;
} records_t;


static int records_record(void *data, const paylock_str_t *host,
    const paylock_str_t *value);
static int records_root(verify_t *c);
static int records_root_try(verify_t *c, int *fits);
static void records_unseen(replay_host_t *h, void *data);
static void records_count(replay_host_t *h, void *data);
static void records_again(replay_host_t *h, void *data);
static int records_ask(records_t *f);
static void records_judge(verify_t *c, replay_host_t *h, const char *value,
    size_t len);


int
verify_records(verify_t *c)
{
    uint64_t         seq;
    paylock_fault_t  fault;

    c->compared = 1;
    seq = c->trail.seq;

    if (records_scan(c->ctl, &c->records, records_record, c) != STATUS_DONE) {
        return c->ctl->error.status;
    }

    replay_each(c->replay, records_unseen, NULL);

    if (verify_records_again(c, seq) != STATUS_DONE) {
        return c->ctl->error.status;
    }

    if (c->n_faults) {
        return STATUS_DONE;
    }

    if (c->differ == 0) {

        if (c->replay->archived && *c->trail.root
            && records_root(c) != STATUS_DONE)
        {
            return c->ctl->error.status;
        }

        return verify_others(c);
    }

    fault.kind = PAYLOCK_FAULT_FLAGS;
    fault.seq = 0;
    (void) snprintf(fault.text, sizeof(fault.text), c->differ == 1
                    ? "the record of %" PRIu64 " host in Redis is not what "
                      "the trail says: %.260s"
                    : "the records of %" PRIu64 " hosts in Redis are not what "
                      "the trail says, that of %.260s among them", c->differ,
                    c->host[0] ? c->host[0] : "");

    return verify_fault(c, &fault);
}


int
verify_records_again(verify_t *c, uint64_t seq)
{
    int        rounds;
    records_t  f;

    f.check = c;
    f.seq = seq;
    f.status = STATUS_DONE;
    f.n = 0;

    for (rounds = 0; rounds < RECORDS_ROUNDS; rounds++) {

        if (verify_more(c) != STATUS_DONE) {
            return c->ctl->error.status;
        }

        if (c->n_faults) {
            break;
        }

        f.unsure = 0;
        replay_each(c->replay, records_count, &f);

        if (f.unsure == 0) {
            break;
        }

        f.seq = c->trail.seq;
        replay_each(c->replay, records_again, &f);

        if (f.status != STATUS_DONE || records_ask(&f) != STATUS_DONE) {
            return c->ctl->error.status;
        }
    }

    return STATUS_DONE;
}


static int
records_record(void *data, const paylock_str_t *host,
    const paylock_str_t *value)
{
    verify_t       *c;
    replay_host_t  *h;

    c = data;
    h = replay_host(c->replay, host->data, host->len);

    if (h == NULL) {
        return control_no_memory(c->ctl);
    }

    h->seen = 1;
    records_judge(c, h, value->data, value->len);

    return STATUS_DONE;
}


/*
 * A record that names an archived entry is left to the root.  What goes on from
 * here the next time needs the number in the record.
 */

static void
records_judge(verify_t *c, replay_host_t *h, const char *value, size_t len)
{
    uint64_t  seq;

    replay_judge(h, value, len);

    if (value == NULL) {
        return;
    }

    seq = paylock_record_seq(value, len);

    if (h->seq == 0 && seq && seq <= c->replay->archived) {
        h->differs = 0;
        return;
    }

    if (!h->differs && seq != h->seq) {
        c->unnumbered = 1;
    }
}


/* Are all records those that the last entry signed, also when it is read? */

static int
records_root(verify_t *c)
{
    int              rounds, fits;
    uint64_t         seq;
    paylock_fault_t  fault;

    for (rounds = 0, seq = 0; rounds < RECORDS_ROUNDS; rounds++) {
        seq = c->trail.seq;

        if (records_root_try(c, &fits) != STATUS_DONE) {
            return c->ctl->error.status;
        }

        if (c->n_faults || fits) {
            return STATUS_DONE;
        }

        if (seq == c->trail.seq) {
            break;
        }
    }

    fault.kind = PAYLOCK_FAULT_FLAGS;
    fault.seq = seq;
    (void) snprintf(fault.text, sizeof(fault.text), "the records in Redis are "
                    "not those that entry %" PRIu64 " signed: give the files "
                    "of what is archived with --archive to see which differ",
                    seq);

    return verify_fault(c, &fault);
}


static int
records_root_try(verify_t *c, int *fits)
{
    int          status;
    char         hex[PAYLOCK_HASH_LEN + 1];
    root_scan_t  s;

    *fits = 0;
    status = root_scan_all(c->ctl, &s);

    if (status == STATUS_DONE) {
        status = verify_more(c);
    }

    if (status == STATUS_DONE && c->n_faults == 0) {
        status = root_of(c->ctl, &s.lattice, hex);
        *fits = status == STATUS_DONE && strcmp(hex, c->trail.root) == 0;
    }

    if (*fits) {
        status = verify_vouched(c, &s);
    }

    root_scan_free(&s);

    return status;
}


/* HSCAN returns all records that exist during the whole scan. */

static void
records_unseen(replay_host_t *h, void *data)
{
    (void) data;

    if (!h->seen) {
        h->differs = h->there;
    }
}


static void
records_count(replay_host_t *h, void *data)
{
    size_t      i;
    records_t  *f;
    verify_t   *c;

    f = data;
    c = f->check;

    if (!h->differs) {
        return;
    }

    if (h->seq > f->seq) {
        f->unsure++;
        return;
    }

    h->differs = 0;
    c->differ++;

    for (i = 0; i < VERIFY_HOSTS; i++) {
        if (c->host[i] == NULL) {
            c->host[i] = text_safe(h->name, h->len);
            return;
        }
    }
}


/* Reads hosts again that were changed meanwhile. */

static void
records_again(replay_host_t *h, void *data)
{
    size_t       len[3];
    control_t   *ctl;
    records_t   *f;
    const char  *arg[3];

    f = data;
    ctl = f->check->ctl;

    if (!h->differs || f->status != STATUS_DONE) {
        return;
    }

    arg[0] = "HGET";
    arg[1] = ctl->settings.locks;
    arg[2] = h->name;
    len[0] = strlen(arg[0]);
    len[1] = strlen(arg[1]);
    len[2] = h->len;

    if (redis_queue_argv(ctl->redis, 3, arg, len) != 0) {
        f->status = ctl->error.status;
        return;
    }

    f->host[f->n++] = h;

    if (f->n == RECORDS_ASKED) {
        f->status = records_ask(f);
    }
}


static int
records_ask(records_t *f)
{
    size_t       i;
    control_t   *ctl;
    redisReply  *reply;

    ctl = f->check->ctl;

    if (f->n && redis_send(ctl->redis) != 0) {
        return ctl->error.status;
    }

    for (i = 0; i < f->n; i++) {
        reply = redis_expect(ctl->redis, REDIS_REPLY_STRING);

        if (reply == NULL) {
            return ctl->error.status;
        }

        records_judge(f->check, f->host[i], reply->type == REDIS_REPLY_STRING
                                            ? reply->str : NULL, reply->len);
        freeReplyObject(reply);
    }

    f->n = 0;

    return STATUS_DONE;
}
