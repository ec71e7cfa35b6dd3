
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "paylock_host.h"
#include "trail/export.h"
#include "trail/head.h"
#include "trail/trail.h"


typedef struct {
    control_t  *ctl;
    export_t   *export;
    FILE       *f;
    int         status;
    unsigned    pending:1;             /* entry in full, signature to come */
} export_run_t;


static int export_header(export_run_t *r, const verify_t *c);
static int export_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why);
static int export_leaf(export_run_t *r, const paylock_entry_t *e);
static int export_concerns(const export_t *x, const paylock_str_t *host);
static int export_checkpoint(export_run_t *r, verify_t *c);
static int export_line(export_run_t *r, json_t *json);


int
export_write(verify_t *c, export_t *x, FILE *f)
{
    control_t    *ctl;
    export_run_t  r;

    ctl = c->ctl;

    memset(&r, 0, sizeof(export_run_t));
    r.ctl = ctl;
    r.export = x;
    r.f = f;

    if (verify_stream(c) != STATUS_DONE || verify_end(c) != STATUS_DONE) {
        return ctl->error.status;
    }

    verify_warn(c);

    /* sign what was verified, not what Redis now calls the last entry */

    if (c->n_faults == 0) {
        x->head.seq = c->trail.seq;
        strcpy(x->head.chain, c->trail.chain);
        strcpy(x->head.hash, c->trail.hash);

    } else {

        if (head_newest(ctl, &x->head) != STATUS_DONE) {
            return ctl->error.status;
        }

        control_warn(ctl, paylock_fault_names[c->fault[0].kind], "",
                     "run \"paylock-admin audit verify\"",
                     "the trail is not good, so what was written of it is not "
                     "good either: %s", c->fault[0].text);
    }

    if (export_header(&r, c) != STATUS_DONE
        || trail_forwards(ctl, export_entry, &r) != STATUS_DONE)
    {
        return ctl->error.status;
    }

    return r.status == STATUS_DONE ? export_checkpoint(&r, c) : r.status;
}


static int
export_header(export_run_t *r, const verify_t *c)
{
    export_t                 *x;
    paylock_export_header_t   h;

    x = r->export;

    if (x->head.seq == 0) {
        return error_set(&r->ctl->error, STATUS_FAILED, "chain_unknown",
                         NULL, "there is no audit trail \"%s\" in Redis at "
                         "%s", r->ctl->settings.audit,
                         r->ctl->settings.where);
    }

    memset(&h, 0, sizeof(paylock_export_header_t));

    h.seq = x->head.seq;
    h.realm.data = c->trail.realm;
    h.realm.len = strlen(c->trail.realm);
    h.chain.data = x->head.chain;
    h.chain.len = PAYLOCK_CHAIN_LEN;
    h.hash.data = x->head.hash;
    h.hash.len = PAYLOCK_HASH_LEN;
    h.host.data = x->host;
    h.host.len = x->host ? strlen(x->host) : 0;

    return export_line(r, paylock_export_header(&h));
}


/* What is not an entry is skipped, which leaves a gap. */

static int
export_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    export_t      *x;
    export_run_t  *r;

    (void) id;

    r = data;
    x = r->export;

    if (why) {
        return 1;
    }

    if (e->seq > x->head.seq) {
        return 0;
    }

    if (!export_concerns(x, &e->field[PAYLOCK_AUDIT_HOST])) {
        r->status = export_leaf(r, e);

    } else {
        x->entries++;
        r->status = export_line(r, paylock_export_entry(e));
        r->pending = 1;
    }

    if (e->field[PAYLOCK_AUDIT_SIG].len) {
        r->pending = 0;
    }

    return r->status == STATUS_DONE && e->seq != x->head.seq;
}


/* Writes a leaf, with its signature if that covers an entry in full. */

static int
export_leaf(export_run_t *r, const paylock_entry_t *e)
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
    leaf.skip = e->field[PAYLOCK_AUDIT_SKIP];

    if (r->pending || e->seq == r->export->head.seq) {
        leaf.key = e->field[PAYLOCK_AUDIT_KEY];
        leaf.root = e->field[PAYLOCK_AUDIT_ROOT];
        leaf.sig = e->field[PAYLOCK_AUDIT_SIG];
    }

    r->export->leaves++;

    return export_line(r, paylock_export_leaf(&leaf));
}


/* Does an entry concern x->host?  A suffix: all names below it, too. */

static int
export_concerns(const export_t *x, const paylock_str_t *host)
{
    size_t       i, len, suffix;
    const char  *tail;

    if (x->host == NULL || host->len == 0) {
        return 1;
    }

    for (i = 0; i < x->n_names; i++) {
        if (strlen(x->name[i]) == host->len
            && memcmp(x->name[i], host->data, host->len) == 0)
        {
            return 1;
        }
    }

    suffix = paylock_host_suffix(x->host, strlen(x->host));

    if (suffix == 0) {
        return 0;
    }

    /* ".x", or of ".x" alone "x" */

    tail = x->host + suffix - 1;
    len = strlen(tail);

    return (host->len >= len
            && memcmp(host->data + host->len - len, tail, len) == 0)
           || (suffix == 1 && host->len == len - 1
               && memcmp(host->data, tail + 1, len - 1) == 0);
}


static int
export_checkpoint(export_run_t *r, verify_t *c)
{
    char    text[PAYLOCK_CHECKPOINT_MAX];
    size_t  len;

    if (c->n_faults) {
        return STATUS_DONE;
    }

    if (verify_sign(c, &r->export->head, text, &len) != STATUS_DONE) {
        return r->ctl->error.status;
    }

    r->export->checkpoint = len != 0;

    return len ? export_line(r, paylock_export_checkpoint(text, len))
               : STATUS_DONE;
}


static int
export_line(export_run_t *r, json_t *json)
{
    if (json == NULL) {
        return control_no_memory(r->ctl);
    }

    /* write errors are reported when the file is closed */

    (void) json_dumpf(json, r->f, JSON_COMPACT|JSON_ENSURE_ASCII);
    (void) putc('\n', r->f);

    json_decref(json);

    return STATUS_DONE;
}
