
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "trail/export_parts.h"
#include "trail/head.h"
#include "trail/trail.h"


static int export_all(export_run_t *r);
static int export_all_head(export_run_t *r);
static int export_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why);
static int export_header(export_run_t *r);
static int export_checkpoint(export_run_t *r);


int
export_write(verify_t *c, export_t *x, FILE *f)
{
    int           status;
    export_run_t  r;

    memset(&r, 0, sizeof(export_run_t));
    r.ctl = c->ctl;
    r.verify = c;
    r.export = x;
    r.f = f;

    status = x->host ? export_host_begin(&r) : export_all_head(&r);

    if (status == STATUS_DONE) {
        status = export_header(&r);
    }

    if (status == STATUS_DONE) {
        status = x->host ? export_host_lines(&r) : export_all(&r);
    }

    path_free(&r.path);
    archives_close(&r.archives);

    return status == STATUS_DONE ? export_checkpoint(&r) : status;
}


static int
export_all_head(export_run_t *r)
{
    verify_t   *c;
    export_t   *x;
    control_t  *ctl;

    c = r->verify;
    x = r->export;
    ctl = r->ctl;

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

    if (x->head.seq) {
        return STATUS_DONE;
    }

    return error_set(&ctl->error, STATUS_FAILED, "chain_unknown", NULL,
                     "there is no audit trail \"%s\" in Redis at %s",
                     ctl->settings.audit, ctl->settings.where);
}


static int
export_header(export_run_t *r)
{
    export_t                 *x;
    const char               *realm;
    paylock_export_header_t   h;

    x = r->export;
    realm = r->ctl->settings.realm;

    memset(&h, 0, sizeof(paylock_export_header_t));

    h.seq = x->head.seq;
    h.realm.data = realm;
    h.realm.len = strlen(realm);
    h.chain.data = x->head.chain;
    h.chain.len = PAYLOCK_CHAIN_LEN;
    h.hash.data = x->head.hash;
    h.hash.len = PAYLOCK_HASH_LEN;
    h.host.data = x->host;
    h.host.len = x->host ? strlen(x->host) : 0;

    return export_line(r, paylock_export_header(&h));
}


static int
export_all(export_run_t *r)
{
    return trail_forwards(r->ctl, export_entry, r) == STATUS_DONE
           ? r->status : r->ctl->error.status;
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

    x->entries++;
    r->status = export_line(r, paylock_export_entry(e));

    return r->status == STATUS_DONE && e->seq != x->head.seq;
}


static int
export_checkpoint(export_run_t *r)
{
    char       text[PAYLOCK_CHECKPOINT_MAX];
    size_t     len;
    verify_t  *c;

    c = r->verify;

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


int
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
