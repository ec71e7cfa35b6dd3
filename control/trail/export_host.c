
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The export of one host: its entries, and a short way between them.
 */


#include <inttypes.h>
#include <string.h>

#include "trail/export_parts.h"
#include "trail/head.h"
#include "trail/trust.h"


#define HOST_BATCH  100                /* entries asked for at once */


static int host_head(export_run_t *r, const paylock_verify_t **trail);
static int host_verify(export_run_t *r);
static int host_follow(export_run_t *r);
static int host_archives(export_run_t *r);
static int host_adopts(export_run_t *r, const paylock_verify_t *trail);
static int host_adopt(export_run_t *r, uint64_t seq);
static int host_adopted(export_run_t *r, uint64_t seq, uint64_t resumes);
static int host_pins(export_run_t *r);
static int host_pin(export_run_t *r, const paylock_pin_t *pin);
static int host_witnesses(export_run_t *r);
static int host_file(export_run_t *r, const path_line_t *line);
static int host_batch(export_run_t *r, size_t from, size_t n);
static int host_reply(export_run_t *r, const redisReply *reply,
    const path_line_t *line);
static int host_line(export_run_t *r, const paylock_entry_t *e,
    const path_line_t *line);
static int host_entry(export_run_t *r, const paylock_entry_t *e);
static int host_leaf(export_run_t *r, const paylock_entry_t *e, int resumed);
static int host_broken(export_run_t *r, const char *why);


int
export_host_begin(export_run_t *r)
{
    control_t               *ctl;
    const paylock_verify_t  *trail;

    ctl = r->ctl;

    if (host_head(r, &trail) != STATUS_DONE
        || host_archives(r) != STATUS_DONE
        || host_adopts(r, trail) != STATUS_DONE)
    {
        return ctl->error.status;
    }

    /* what is written is verified once more, as any reader will do */

    if (verify_trail(r->verify, r->export->head.chain) != STATUS_DONE) {
        return ctl->error.status;
    }

    paylock_verify_path(&r->verify->trail);
    paylock_verify_witnesses(&r->verify->trail, r->verify->witness,
                             r->verify->n_witnesses);

    if (path_need(&r->path, r->export->head.seq) != 0
        || path_need(&r->path, path_first(&r->path)) != 0)
    {
        return control_no_memory(ctl);
    }

    if (host_pins(r) != STATUS_DONE
        || host_witnesses(r) != STATUS_DONE
        || export_find(r) != STATUS_DONE)
    {
        return ctl->error.status;
    }

    return path_make(&r->path) == 0 ? STATUS_DONE : control_no_memory(ctl);
}


/* Up to what is verified?  What this machine verified before is believed. */

static int
host_head(export_run_t *r, const paylock_verify_t **trail)
{
    *trail = &r->ctl->trust;

    if (r->ctl->trust.signers && host_follow(r) == STATUS_DONE) {
        return STATUS_DONE;
    }

    *trail = &r->verify->trail;

    return host_verify(r);
}


static int
host_follow(export_run_t *r)
{
    stream_t  s;

    if (head_look(r->ctl, &s) != STATUS_DONE
        || head_judge(r->ctl, &r->verify->known, &s) != STATUS_DONE
        || trust_follow(r->ctl, &s) != STATUS_DONE)
    {
        return r->ctl->error.status;
    }

    r->export->head = s.head;

    return STATUS_DONE;
}


/* Of a bad trail nothing can be shown for one host alone. */

static int
host_verify(export_run_t *r)
{
    head_t     *head;
    verify_t   *c;
    control_t  *ctl;

    c = r->verify;
    ctl = r->ctl;
    head = &r->export->head;

    if (verify_stream(c) != STATUS_DONE || verify_end(c) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (c->n_faults) {
        return error_set(&ctl->error, STATUS_FAILED,
                         paylock_fault_names[c->fault[0].kind],
                         "see \"paylock-admin audit verify\"; an export "
                         "without --host writes all as it is",
                         "the trail is not good, so nothing of it can be shown "
                         "for one host: %s", c->fault[0].text);
    }

    head->seq = c->trail.seq;
    strcpy(head->chain, c->trail.chain);
    strcpy(head->hash, c->trail.hash);

    return STATUS_DONE;
}


/* The way goes back to the beginning of the trail, and shows what tells so. */

static int
host_archives(export_run_t *r)
{
    size_t       i;
    verify_t    *c;
    archives_t  *a;

    c = r->verify;
    a = &r->archives;

    if (archives_open(r->ctl, c->archive_path, c->n_paths, a) != STATUS_DONE) {
        return r->ctl->error.status;
    }

    for (i = 0; i < a->n; i++) {
        if (path_need(&r->path, a->file[i].entry) != 0) {
            return control_no_memory(r->ctl);
        }
    }

    return STATUS_DONE;
}


/* Each adopt that gave something up is shown, and where it goes on. */

static int
host_adopts(export_run_t *r, const paylock_verify_t *trail)
{
    size_t             i;
    const archives_t  *a;

    a = &r->archives;

    for (i = 0; i < a->n_adopts; i++) {
        if (host_adopted(r, a->adopt[i].seq, a->adopt[i].resumes)
            != STATUS_DONE)
        {
            return r->ctl->error.status;
        }
    }

    for (i = 0; i < trail->n_given_up; i++) {
        if (trail->given_up[i].adopt.last && trail->given_up[i].seq > a->last
            && host_adopt(r, trail->given_up[i].seq) != STATUS_DONE)
        {
            return r->ctl->error.status;
        }
    }

    return STATUS_DONE;
}


static int
host_adopt(export_run_t *r, uint64_t seq)
{
    redisReply       *reply;
    paylock_adopt_t   adopt;
    paylock_entry_t   e;

    if (head_entry_read(r->ctl, seq, &reply, &e) != STATUS_DONE) {
        return r->ctl->error.status;
    }

    if (reply == NULL || paylock_adopt_read(&e, &adopt) != NULL) {
        freeReplyObject(reply);
        return host_broken(r, "an adopt is not there any more");
    }

    freeReplyObject(reply);

    return host_adopted(r, seq, adopt.seq);
}


static int
host_adopted(export_run_t *r, uint64_t seq, uint64_t resumes)
{
    return path_adopt(&r->path, seq, resumes) == 0
           && path_need(&r->path, seq) == 0
           ? STATUS_DONE : control_no_memory(r->ctl);
}


static int
host_pins(export_run_t *r)
{
    size_t                    i;
    const paylock_signers_t  *s;

    s = r->verify->signers;

    for (i = 0; s && i < s->n; i++) {
        if (host_pin(r, &s->signer[i].until) != STATUS_DONE) {
            return r->ctl->error.status;
        }
    }

    for (i = 0; s && i < s->n_pins; i++) {
        if (host_pin(r, &s->pin[i]) != STATUS_DONE) {
            return r->ctl->error.status;
        }
    }

    return STATUS_DONE;
}


static int
host_pin(export_run_t *r, const paylock_pin_t *pin)
{
    return pin->seq == 0 || pin->seq > r->export->head.seq
           || path_need(&r->path, pin->seq) == 0
           ? STATUS_DONE : control_no_memory(r->ctl);
}


static int
host_witnesses(export_run_t *r)
{
    size_t                    i;
    const paylock_witness_t  *w;

    for (i = 0; i < r->verify->n_witnesses; i++) {
        w = &r->verify->witness[i];

        if (w->seq <= r->export->head.seq && path_need(&r->path, w->seq) != 0) {
            return control_no_memory(r->ctl);
        }
    }

    return STATUS_DONE;
}


int
export_host_lines(export_run_t *r)
{
    size_t     n, left;
    verify_t  *c;

    c = r->verify;

    left = r->path.n;

    while (left && r->path.line[left - 1].seq <= r->archives.last) {
        if (host_file(r, &r->path.line[--left]) != STATUS_DONE) {
            return r->ctl->error.status;
        }
    }

    for ( /* void */ ; left; left -= n) {
        n = left < HOST_BATCH ? left : HOST_BATCH;

        if (host_batch(r, left, n) != STATUS_DONE) {
            return r->ctl->error.status;
        }
    }

    if (verify_end(c) != STATUS_DONE) {
        return r->ctl->error.status;
    }

    return c->n_faults ? host_broken(r, c->fault[0].text) : STATUS_DONE;
}


static int
host_file(export_run_t *r, const path_line_t *line)
{
    int               status;
    archives_entry_t  found;

    status = archives_entry(r->ctl, &r->archives, line->seq, &found);

    if (status == STATUS_DONE) {
        status = found.there ? host_line(r, &found.e, line)
                             : host_broken(r, "entries are not in the files "
                                           "of the archives");
    }

    archives_entry_free(&found);

    return status;
}


/* The n lines before "from": the last one of the path comes first there. */

static int
host_batch(export_run_t *r, size_t from, size_t n)
{
    size_t        i;
    control_t    *ctl;
    redisReply   *reply;

    ctl = r->ctl;

    for (i = 1; i <= n; i++) {
        if (head_entry_queue(ctl, r->path.line[from - i].seq) != STATUS_DONE) {
            return ctl->error.status;
        }
    }

    if (redis_send(ctl->redis) != 0) {
        return ctl->error.status;
    }

    for (i = 1; i <= n; i++) {
        reply = redis_expect(ctl->redis, REDIS_REPLY_ARRAY);

        if (reply == NULL
            || host_reply(r, reply, &r->path.line[from - i]) != STATUS_DONE)
        {
            freeReplyObject(reply);
            return ctl->error.status;
        }

        freeReplyObject(reply);
    }

    return STATUS_DONE;
}


static int
host_reply(export_run_t *r, const redisReply *reply, const path_line_t *line)
{
    paylock_entry_t  e;

    if (reply->elements == 0
        || paylock_entry_read(reply->element[0], &e) != NULL)
    {
        return host_broken(r, "entries are not there any more");
    }

    return host_line(r, &e, line);
}


static int
host_line(export_run_t *r, const paylock_entry_t *e, const path_line_t *line)
{
    int  status;

    status = export_concerns(r->export, &e->field[PAYLOCK_AUDIT_HOST])
             ? host_entry(r, e) : host_leaf(r, e, line->resumed);

    if (status != STATUS_DONE || r->verify->n_faults == 0) {
        return status;
    }

    return host_broken(r, r->verify->fault[0].text);
}


static int
host_entry(export_run_t *r, const paylock_entry_t *e)
{
    if (verify_entry(r->verify, e, NULL) != 0) {
        return r->ctl->error.status;
    }

    r->export->entries++;
    r->pending = e->field[PAYLOCK_AUDIT_KEY].len
                 && e->field[PAYLOCK_AUDIT_SIG].len == 0;

    return export_line(r, paylock_export_entry(e));
}


/* Its signature is needed if it covers an entry in full. */

static int
host_leaf(export_run_t *r, const paylock_entry_t *e, int resumed)
{
    char            hex[PAYLOCK_HASH_LEN + 1];
    paylock_leaf_t  leaf;

    memset(&leaf, 0, sizeof(paylock_leaf_t));

    if (paylock_entry_leaf(e, hex) != 0) {
        return control_no_memory(r->ctl);
    }

    leaf.seq = e->seq;
    leaf.leaf.data = hex;
    leaf.leaf.len = PAYLOCK_HASH_LEN;
    leaf.prev = e->field[PAYLOCK_AUDIT_PREV];
    leaf.skip = e->field[PAYLOCK_AUDIT_SKIP];

    if (r->pending || resumed || e->seq == r->export->head.seq) {
        leaf.key = e->field[PAYLOCK_AUDIT_KEY];
        leaf.root = e->field[PAYLOCK_AUDIT_ROOT];
        leaf.sig = e->field[PAYLOCK_AUDIT_SIG];
        r->pending &= leaf.sig.len == 0;
    }

    if (paylock_verify_leaf(&r->verify->trail, &leaf) != 0) {
        return verify_fault(r->verify, &r->verify->trail.fault);
    }

    r->export->leaves++;

    return export_line(r, paylock_export_leaf(&leaf));
}


static int
host_broken(export_run_t *r, const char *why)
{
    return error_set(&r->ctl->error, STATUS_FAILED, "chain_broken",
                     "see what \"paylock-admin audit verify\" says",
                     "the entries of \"%s\" cannot be shown: %s",
                     r->export->host, why);
}
