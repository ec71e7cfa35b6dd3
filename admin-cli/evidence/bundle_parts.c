
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Splits an export into files that a person can check one by one.
 */


#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/bundle.h"
#include "evidence/history_page.h"


#define PARTS_CHAIN      "chain.txt"
#define PARTS_LANGUAGES  8
#define PARTS_NAME       64
#define PARTS_POINT      "checkpoint.txt"


typedef struct {
    bundle_t       *bundle;
    FILE           *chain;
    history_page_t  page[PARTS_LANGUAGES];
    char            name[PARTS_LANGUAGES][PARTS_NAME];
    size_t          n_pages;
    export_t        shown;             /* without what was given up */
} parts_t;


typedef int (*parts_line_pt)(parts_t *p, const paylock_export_t *x);


static int parts_read(parts_t *p, parts_line_pt handler);
static int parts_count(parts_t *p, const paylock_export_t *x);
static int parts_line(parts_t *p, const paylock_export_t *x);
static int parts_given_up(const parts_t *p, uint64_t seq);
static int parts_pages(parts_t *p);
static int parts_pages_end(parts_t *p, int status);
static int parts_entry(parts_t *p, const paylock_entry_t *e);
static int parts_text(parts_t *p, const paylock_entry_t *e);
static int parts_leaf(parts_t *p, const paylock_leaf_t *l);
static void parts_link(parts_t *p, const paylock_leaf_t *l, const char *shown);
static int parts_checkpoint(parts_t *p, const paylock_export_t *x);


int
bundle_parts(bundle_t *b)
{
    int      status;
    parts_t  p;

    memset(&p, 0, sizeof(parts_t));
    p.bundle = b;
    p.shown = *b->export;

    if (b->verify->trail.n_given_up
        && parts_read(&p, parts_count) != STATUS_DONE)
    {
        return b->ctl->error.status;
    }

    p.chain = bundle_file(b, PARTS_CHAIN);

    if (p.chain == NULL) {
        return b->ctl->error.status;
    }

    status = parts_pages(&p);

    if (status == STATUS_DONE) {
        status = parts_read(&p, parts_line);
    }

    status = parts_pages_end(&p, status);

    if (status != STATUS_DONE) {
        (void) fclose(p.chain);
        return status;
    }

    return bundle_file_end(b, p.chain, PARTS_CHAIN, 0);
}


/* Gives each line of the export to handler, until that fails. */

static int
parts_read(parts_t *p, parts_line_pt handler)
{
    int                fd, status;
    char              *line;
    FILE              *f;
    size_t             size;
    ssize_t            len;
    paylock_export_t   x;

    fd = openat(p->bundle->dir, BUNDLE_EXPORT, O_RDONLY|O_CLOEXEC);
    f = fd == -1 ? NULL : fdopen(fd, "r");

    if (f == NULL) {
        return bundle_failed(p->bundle, BUNDLE_EXPORT, errno);
    }

    line = NULL;
    size = 0;
    status = STATUS_DONE;

    while (status == STATUS_DONE && (len = getline(&line, &size, f)) > 0) {
        status = paylock_export_read(line, (size_t) len, &x) == NULL
                 ? handler(p, &x)
                 : bundle_failed(p->bundle, BUNDLE_EXPORT, EIO);
        paylock_export_free(&x);
    }

    if (ferror(f) && status == STATUS_DONE) {
        status = bundle_failed(p->bundle, BUNDLE_EXPORT, errno);
    }

    free(line);
    (void) fclose(f);

    return status;
}


static int
parts_count(parts_t *p, const paylock_export_t *x)
{
    if (x->kind == PAYLOCK_EXPORT_ENTRY && parts_given_up(p, x->entry.seq)) {
        p->shown.entries--;
    }

    return STATUS_DONE;
}


static int
parts_line(parts_t *p, const paylock_export_t *x)
{
    switch (x->kind) {

    case PAYLOCK_EXPORT_HEADER:
        (void) fprintf(p->chain, "realm %s\nchain %s\nhost %s\n",
                       x->header.realm.data, x->header.chain.data,
                       x->header.host.len ? x->header.host.data : "-");
        return STATUS_DONE;

    case PAYLOCK_EXPORT_ENTRY:
        return parts_given_up(p, x->entry.seq) ? STATUS_DONE
                                               : parts_entry(p, &x->entry);

    case PAYLOCK_EXPORT_LEAF:
        return parts_leaf(p, &x->leaf);

    default: /* PAYLOCK_EXPORT_CHECKPOINT */
        return parts_checkpoint(p, x);
    }
}


/*
 * Did a later "adopt" give this entry up?  Then it may say anything, and is
 * left to the export.
 */

static int
parts_given_up(const parts_t *p, uint64_t seq)
{
    size_t                     i;
    const paylock_given_up_t  *g;

    for (i = 0; i < p->bundle->verify->trail.n_given_up; i++) {
        g = &p->bundle->verify->trail.given_up[i];

        if (seq > g->adopt.seq && seq < g->seq) {
            return 1;
        }
    }

    return 0;
}


/* Begins a history page in each language. */

static int
parts_pages(parts_t *p)
{
    FILE           *f;
    bundle_t       *b;
    paylock_str_t   lang;

    b = p->bundle;

    while (p->n_pages < PARTS_LANGUAGES
           && history_page_language(p->n_pages, &lang))
    {
        (void) snprintf(p->name[p->n_pages], PARTS_NAME, "timeline.%.*s.html",
                        (int) lang.len, lang.data);

        f = bundle_file(b, p->name[p->n_pages]);

        if (f == NULL) {
            return b->ctl->error.status;
        }

        p->n_pages++;

        if (history_page_begin(&p->page[p->n_pages - 1], p->n_pages - 1, f,
                               b->verify, &p->shown) != 0)
        {
            return control_no_memory(b->ctl);
        }
    }

    return STATUS_DONE;
}


static int
parts_pages_end(parts_t *p, int status)
{
    int     rc;
    size_t  i;

    for (i = 0; i < p->n_pages; i++) {

        if (status != STATUS_DONE) {
            (void) fclose(p->page[i].f);
            continue;
        }

        rc = history_page_end(&p->page[i], &p->bundle->keys);
        status = bundle_file_end(p->bundle, p->page[i].f, p->name[i], rc);
    }

    return status;
}


static int
parts_entry(parts_t *p, const paylock_entry_t *e)
{
    char            hex[PAYLOCK_HASH_LEN + 1];
    size_t          i;
    paylock_leaf_t  leaf;

    if (paylock_entry_leaf(e, hex) != 0) {
        return control_no_memory(p->bundle->ctl);
    }

    leaf.seq = e->seq;
    leaf.leaf.data = hex;
    leaf.leaf.len = PAYLOCK_HASH_LEN;
    leaf.prev = e->field[PAYLOCK_AUDIT_PREV];
    leaf.skip = e->field[PAYLOCK_AUDIT_SKIP];
    leaf.key = e->field[PAYLOCK_AUDIT_KEY];
    leaf.root = e->field[PAYLOCK_AUDIT_ROOT];
    leaf.sig = e->field[PAYLOCK_AUDIT_SIG];

    parts_link(p, &leaf, "full");

    if (leaf.key.len
        && bundle_key(p->bundle, leaf.key, e->seq) != STATUS_DONE)
    {
        return p->bundle->ctl->error.status;
    }

    for (i = 0; i < p->n_pages; i++) {
        if (history_page_entry(&p->page[i], e) != 0) {
            return control_no_memory(p->bundle->ctl);
        }
    }

    if (e->field[PAYLOCK_AUDIT_HOST].len || p->bundle->example == 0) {
        p->bundle->example = e->seq;
    }

    return parts_text(p, e);
}


/* Writes an entry to its own file, whose checksum is in chain.txt. */

static int
parts_text(parts_t *p, const paylock_entry_t *e)
{
    char       name[PARTS_NAME], *text;
    FILE      *f;
    size_t     len;
    bundle_t  *b;

    b = p->bundle;

    (void) snprintf(name, sizeof(name), "entries/%" PRIu64 ".leaf", e->seq);

    text = paylock_entry_leaf_text(e, &len);

    if (text == NULL) {
        return control_no_memory(b->ctl);
    }

    f = bundle_file(b, name);

    if (f) {
        (void) fwrite(text, 1, len, f);
    }

    free(text);

    if (f == NULL) {
        return b->ctl->error.status;
    }

    return fclose(f) == 0 ? STATUS_DONE : bundle_failed(b, name, errno);
}


static int
parts_leaf(parts_t *p, const paylock_leaf_t *l)
{
    parts_link(p, l, "leaf");

    return l->key.len ? bundle_key(p->bundle, l->key, 0) : STATUS_DONE;
}


static void
parts_link(parts_t *p, const paylock_leaf_t *l, const char *shown)
{
    (void) fprintf(p->chain, "%" PRIu64 " %.*s %.*s %.*s %s", l->seq,
                   (int) l->leaf.len, l->leaf.data, (int) l->prev.len,
                   l->prev.data, (int) l->skip.len, l->skip.data, shown);

    if (l->sig.len) {
        (void) fprintf(p->chain, " %.*s %.*s %.*s",
                       (int) l->key.len, l->key.data, (int) l->root.len,
                       l->root.data, (int) l->sig.len, l->sig.data);
    }

    (void) putc('\n', p->chain);

    p->bundle->is_signed |= l->sig.len != 0;
    p->bundle->last_signed = l->sig.len != 0;
}


static int
parts_checkpoint(parts_t *p, const paylock_export_t *x)
{
    FILE           *f;
    paylock_str_t   key;

    key.data = x->checkpoint.key;
    key.len = PAYLOCK_KEY_LEN;

    if (bundle_key(p->bundle, key, 0) != STATUS_DONE) {
        return p->bundle->ctl->error.status;
    }

    f = bundle_file(p->bundle, PARTS_POINT);

    if (f == NULL) {
        return p->bundle->ctl->error.status;
    }

    (void) fputs(json_string_value(json_object_get(x->json, "checkpoint")), f);

    return bundle_file_end(p->bundle, f, PARTS_POINT, 0);
}
