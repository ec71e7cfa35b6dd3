
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trail/root.h"
#include "trail/root_scan.h"


#define ROOT_SEQ      "seq"
#define ROOT_LATTICE  "lattice"
#define ROOT_NUMBER   24


static int root_ask(control_t *ctl);
static int root_answer(control_t *ctl);
static int root_parse(root_t *r, const redisReply *reply);
static int root_fits(control_t *ctl, const head_t *head, int *fits);
static int root_sum_all(control_t *ctl, paylock_lattice_t *sum);


int
root_queue(control_t *ctl)
{
    return ctl->signer.key ? root_ask(ctl) : STATUS_DONE;
}


int
root_take(control_t *ctl)
{
    ctl->root.seq = 0;

    return ctl->signer.key ? root_answer(ctl) : STATUS_DONE;
}


int
root_fetch(control_t *ctl)
{
    return root_ask(ctl) == STATUS_DONE && redis_send(ctl->redis) == 0
           ? root_answer(ctl) : ctl->error.status;
}


static int
root_ask(control_t *ctl)
{
    return redis_queue(ctl->redis, "HMGET", ctl->settings.root, ROOT_SEQ,
                       ROOT_LATTICE, NULL)
           == 0 ? STATUS_DONE : ctl->error.status;
}


static int
root_answer(control_t *ctl)
{
    redisReply  *reply;

    ctl->root.seq = 0;
    reply = redis_expect(ctl->redis, REDIS_REPLY_ARRAY);

    if (reply == NULL) {
        return ctl->error.status;
    }

    (void) root_parse(&ctl->root, reply);
    freeReplyObject(reply);

    return STATUS_DONE;
}


/* What is no lattice is as if it were not there. */

static int
root_parse(root_t *r, const redisReply *reply)
{
    char              *end;
    uint64_t           seq;
    const redisReply  *lattice;

    if (reply->elements != 2
        || reply->element[0]->type != REDIS_REPLY_STRING
        || reply->element[1]->type != REDIS_REPLY_STRING)
    {
        return -1;
    }

    lattice = reply->element[1];
    seq = strtoull(reply->element[0]->str, &end, 10);

    if (*end != '\0' || lattice->len != PAYLOCK_LATTICE) {
        return -1;
    }

    paylock_lattice_read(&r->lattice, (unsigned char *) lattice->str);
    r->seq = seq;

    return 0;
}


int
root_begin(control_t *ctl, const head_t *head)
{
    int  fits;

    if (ctl->signer.key == NULL) {
        return STATUS_DONE;
    }

    if (ctl->root.seq && ctl->root.seq == head->seq) {

        if (root_fits(ctl, head, &fits) != STATUS_DONE) {
            return ctl->error.status;
        }

        if (fits) {
            return STATUS_DONE;
        }
    }

    if (root_of_records(ctl) != STATUS_DONE
        || root_fits(ctl, head, &fits) != STATUS_DONE)
    {
        return ctl->error.status;
    }

    if (fits || ctl->trust.signers == NULL) {
        return STATUS_DONE;
    }

    return error_set(&ctl->error, STATUS_FAILED, "root",
                     "\"paylock-admin audit verify\" names them; "
                     "\"paylock-admin adopt\" puts back what the trail says",
                     "the records in Redis at %s are not those that entry %"
                     PRIu64 " signed: somebody changed some by hand, and "
                     "removed \"%s\"", ctl->settings.where, head->seq,
                     ctl->settings.root);
}


static int
root_fits(control_t *ctl, const head_t *head, int *fits)
{
    char  hex[PAYLOCK_HASH_LEN + 1];

    *fits = 0;

    if (root_sign(ctl, hex) != STATUS_DONE) {
        return ctl->error.status;
    }

    *fits = strcmp(hex, head->root) == 0;

    return STATUS_DONE;
}


int
root_of_records(control_t *ctl)
{
    return ctl->signer.key == NULL ? STATUS_DONE
                                   : root_sum_all(ctl, &ctl->root.lattice);
}


static int
root_sum_all(control_t *ctl, paylock_lattice_t *sum)
{
    int          status;
    root_scan_t  s;

    status = root_scan_all(ctl, &s);

    *sum = s.lattice;
    root_scan_free(&s);

    return status;
}


int
root_pairs_add(control_t *ctl, root_pairs_t *p, const paylock_str_t *host,
    const paylock_str_t *record)
{
    void  *more;

    if (p->n == p->room) {
        more = realloc(p->pair, (2 * p->room + 1024) * sizeof(*p->pair));

        if (more == NULL) {
            return control_no_memory(ctl);
        }

        p->pair = more;
        p->room = 2 * p->room + 1024;
    }

    return root_pair(ctl, host, record, p->pair[p->n++]);
}


int
root_of_pairs(control_t *ctl, root_pairs_t *p)
{
    int  status;

    status = root_sum(ctl, p, &ctl->root.lattice);

    free(p->pair);
    memset(p, 0, sizeof(root_pairs_t));

    return status;
}


int
root_sum(control_t *ctl, root_pairs_t *p, paylock_lattice_t *sum)
{
    size_t  i;

    memset(sum, 0, sizeof(paylock_lattice_t));

    if (p->n) {
        qsort(p->pair, p->n, sizeof(*p->pair), root_scan_order);
    }

    for (i = 0; i < p->n; i++) {

        if (i && root_scan_order(p->pair[i], p->pair[i - 1]) == 0) {
            continue;
        }

        if (paylock_lattice_add(&ctl->root.ctx, sum, p->pair[i]) != 0) {
            return control_no_crypto(ctl);
        }
    }

    return STATUS_DONE;
}


int
root_pair(control_t *ctl, const paylock_str_t *host,
    const paylock_str_t *record, unsigned char pair[PAYLOCK_PAIR])
{
    if (control_lattice(ctl) != STATUS_DONE) {
        return ctl->error.status;
    }

    return paylock_lattice_pair(&ctl->root.ctx, host->data, host->len,
                                record->data, record->len, pair)
           == 0 ? STATUS_DONE : control_no_crypto(ctl);
}


int
root_change(control_t *ctl, const paylock_str_t *host,
    const paylock_str_t *before, const paylock_str_t *after)
{
    root_t         *r;
    unsigned char   pair[PAYLOCK_PAIR];

    r = &ctl->root;

    if (ctl->signer.key == NULL) {
        return STATUS_DONE;
    }

    if (before) {

        if (root_pair(ctl, host, before, pair) != STATUS_DONE) {
            return ctl->error.status;
        }

        if (paylock_lattice_remove(&r->ctx, &r->lattice, pair) != 0) {
            return control_no_crypto(ctl);
        }
    }

    if (after) {

        if (root_pair(ctl, host, after, pair) != STATUS_DONE) {
            return ctl->error.status;
        }

        if (paylock_lattice_add(&r->ctx, &r->lattice, pair) != 0) {
            return control_no_crypto(ctl);
        }
    }

    return STATUS_DONE;
}


int
root_sign(control_t *ctl, char hex[PAYLOCK_HASH_LEN + 1])
{
    return root_of(ctl, &ctl->root.lattice, hex);
}


int
root_of(control_t *ctl, const paylock_lattice_t *lattice,
    char hex[PAYLOCK_HASH_LEN + 1])
{
    if (control_lattice(ctl) != STATUS_DONE) {
        return ctl->error.status;
    }

    return paylock_lattice_root(&ctl->root.ctx, lattice, hex) == 0
           ? STATUS_DONE : control_no_crypto(ctl);
}


int
root_write(control_t *ctl, uint64_t seq, size_t *queued)
{
    char           number[ROOT_NUMBER];
    size_t         len[6];
    const char    *arg[6];
    unsigned char  bytes[PAYLOCK_LATTICE];

    if (ctl->signer.key == NULL) {
        return STATUS_DONE;
    }

    paylock_lattice_write(&ctl->root.lattice, bytes);

    arg[0] = "HSET";
    arg[1] = ctl->settings.root;
    arg[2] = ROOT_SEQ;
    arg[3] = number;
    arg[4] = ROOT_LATTICE;
    arg[5] = (const char *) bytes;

    len[0] = strlen(arg[0]);
    len[1] = strlen(arg[1]);
    len[2] = strlen(arg[2]);
    len[3] = (size_t) sprintf(number, "%" PRIu64, seq);
    len[4] = strlen(arg[4]);
    len[5] = sizeof(bytes);

    (*queued)++;

    return redis_queue_argv(ctl->redis, 6, arg, len) == 0 ? STATUS_DONE
                                                          : ctl->error.status;
}
