
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Verifies exports.  A file may hold several, one after another; each is
 * verified by itself.
 */


#define _GNU_SOURCE

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "trail/verify.h"


typedef struct {
    FILE              *f;
    const char        *path;
    char              *line;
    size_t             len;
    size_t             size;
    uint64_t           number;         /* of the line, from 1 */
    unsigned           whole:1;        /* it ends in a line feed */
    unsigned           large:1;
    paylock_export_t   header;         /* json NULL: none yet */
    error_info_t       worst;
} file_t;


static int file_all(verify_t *c, file_t *file);
static int file_line(verify_t *c, file_t *file);
static int file_byte(file_t *file, char c);
static int file_begin(verify_t *c, file_t *file);
static int file_chained(verify_t *c, const paylock_export_header_t *h);
static int file_item(verify_t *c, file_t *file);
static int file_export(verify_t *c, const paylock_export_t *x);
static int file_leaf(verify_t *c, const paylock_leaf_t *leaf);
static int file_end(verify_t *c, file_t *file);
static void file_compare(verify_t *c, const paylock_export_header_t *h);
static int file_fault(verify_t *c, paylock_fault_e kind, uint64_t seq,
    const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));


int
verify_file(verify_t *c, FILE *f, const char *path)
{
    int      status;
    file_t   file;

    memset(&file, 0, sizeof(file_t));
    file.path = path;
    file.f = f;

    status = file_all(c, &file);

    if (status == STATUS_DONE && file.worst.status != STATUS_DONE) {
        c->ctl->error = file.worst;
        status = file.worst.status;
    }

    paylock_export_free(&file.header);
    free(file.line);

    return status;
}


static int
file_all(verify_t *c, file_t *file)
{
    int  more;

    for ( ;; ) {
        more = file_line(c, file);

        if (more < 0) {
            return c->ctl->error.status;
        }

        if (file->header.json
            && (!more || paylock_export_begins(file->line, file->len))
            && file_end(c, file) != STATUS_DONE)
        {
            return c->ctl->error.status;
        }

        if (!more) {
            break;
        }

        if ((file->header.json ? file_item(c, file) : file_begin(c, file))
            != STATUS_DONE)
        {
            return c->ctl->error.status;
        }
    }

    if (file->number) {
        return STATUS_DONE;
    }

    return error_set(&c->ctl->error, STATUS_FAILED, "file", NULL,
                     "\"%.200s\" is empty", file->path);
}


/* Reads a line: 1, or 0 at the end, or -1 on an error. */

static int
file_line(verify_t *c, file_t *file)
{
    int  byte;

    file->len = 0;
    file->whole = 0;
    file->large = 0;

    while ((byte = getc_unlocked(file->f)) != EOF) {

        if (byte == '\n') {
            file->whole = 1;
            break;
        }

        if (file_byte(file, (char) byte) != 0) {
            (void) control_no_memory(c->ctl);
            return -1;
        }
    }

    if (ferror(file->f)) {
        (void) error_set(&c->ctl->error, STATUS_FAILED, "file", NULL,
                         "\"%.200s\" cannot be read: %s", file->path,
                         strerror(errno));
        return -1;
    }

    file->number++;

    if (file->whole || file->len || file->large) {
        return 1;
    }

    file->number--;

    return 0;
}


static int
file_byte(file_t *file, char c)
{
    char  *more;

    if (file->len == PAYLOCK_EXPORT_LINE) {
        file->large = 1;
        return 0;
    }

    if (file->len == file->size) {
        more = realloc(file->line, 2 * file->size + 4096);

        if (more == NULL) {
            return -1;
        }

        file->line = more;
        file->size = 2 * file->size + 4096;
    }

    file->line[file->len++] = c;

    return 0;
}


static int
file_begin(verify_t *c, file_t *file)
{
    char         chain[PAYLOCK_CHAIN_LEN + 1];
    const char  *why;

    why = paylock_export_read(file->line, file->len, &file->header);

    if (why == NULL && file->header.kind != PAYLOCK_EXPORT_HEADER) {
        why = "is not the first one of an export";
    }

    if (why) {
        return error_set(&c->ctl->error, STATUS_FAILED, "file",
                         "give a file that \"paylock-admin audit export\" "
                         "has written",
                         "line %" PRIu64 " of \"%.200s\" %s", file->number,
                         file->path, why);
    }

    if (!paylock_str_is(file->header.header.realm, c->ctl->settings.realm)) {
        return error_set(&c->ctl->error, STATUS_FAILED, "realm",
                         "if that is the one meant, give it with --realm",
                         "\"%.200s\" is of the realm \"%.64s\"", file->path,
                         file->header.header.realm.data);
    }

    if (c->chained) {
        return file_chained(c, &file->header.header);
    }

    memcpy(chain, file->header.header.chain.data, sizeof(chain));

    if (verify_trail(c, chain) != STATUS_DONE) {
        return c->ctl->error.status;
    }

    paylock_verify_witnesses(&c->trail, c->witness, c->n_witnesses);

    if (file->header.header.host.len) {
        paylock_verify_path(&c->trail);
        return STATUS_DONE;
    }

    return verify_archive_begin(c, file->f);
}


/* It goes on with the chain that was begun. */

static int
file_chained(verify_t *c, const paylock_export_header_t *h)
{
    if (c->trail.chain[0] == '\0') {
        memcpy(c->trail.chain, h->chain.data, PAYLOCK_CHAIN_LEN);
    }

    return paylock_str_is(h->chain, c->trail.chain) ? STATUS_DONE
           : file_fault(c, PAYLOCK_FAULT_FORK, c->trail.seq + 1,
                        "after entry %" PRIu64 " comes a file of another "
                        "chain", c->trail.seq);
}


/*
 * After a fault nothing counts until an "adopt" entry; in the export of one
 * host nothing at all.
 */

static int
file_item(verify_t *c, file_t *file)
{
    int                status;
    const char        *why;
    paylock_export_t   x;

    if (c->bad) {
        status = STATUS_DONE;

        if (paylock_export_read(file->line, file->len, &x) == NULL
            && (x.kind == PAYLOCK_EXPORT_ENTRY
                || x.kind == PAYLOCK_EXPORT_LEAF))
        {
            status = file_export(c, &x);
        }

        paylock_export_free(&x);

        return status;
    }

    if (file->large) {
        return file_fault(c, PAYLOCK_FAULT_EDIT, c->trail.seq + 1,
                          "line %" PRIu64 " is longer than %d bytes",
                          file->number, PAYLOCK_EXPORT_LINE);
    }

    why = paylock_export_read(file->line, file->len, &x);

    if (why == NULL) {
        status = file_export(c, &x);

    } else if (!file->whole && !x.json) {
        status = file_fault(c, PAYLOCK_FAULT_GAP, c->trail.seq + 1,
                            "the file ends within line %" PRIu64 ", after "
                            "entry %" PRIu64, file->number, c->trail.seq);

    } else {
        status = file_fault(c, x.kind == PAYLOCK_EXPORT_CHECKPOINT
                               ? PAYLOCK_FAULT_SIGNATURE : PAYLOCK_FAULT_EDIT,
                            c->trail.seq + (x.kind
                                            != PAYLOCK_EXPORT_CHECKPOINT),
                            "line %" PRIu64 ", after entry %" PRIu64 ", %s",
                            file->number, c->trail.seq, why);
    }

    paylock_export_free(&x);

    return status;
}


static int
file_export(verify_t *c, const paylock_export_t *x)
{
    switch (x->kind) {

    case PAYLOCK_EXPORT_ENTRY:
        return verify_entry(c, &x->entry, NULL) == 0
               ? STATUS_DONE : c->ctl->error.status;

    case PAYLOCK_EXPORT_LEAF:
        return file_leaf(c, &x->leaf);

    case PAYLOCK_EXPORT_CHECKPOINT:
        if (paylock_verify_checkpoint(&c->trail, &x->checkpoint) == 0) {
            return STATUS_DONE;
        }

        c->bad = 1;

        return verify_fault(c, &c->trail.fault);

    default: /* PAYLOCK_EXPORT_HEADER */
        return file_fault(c, PAYLOCK_FAULT_EDIT, c->trail.seq + 1,
                          "there is a first line after entry %" PRIu64,
                          c->trail.seq);
    }
}


static int
file_leaf(verify_t *c, const paylock_leaf_t *leaf)
{
    char  hash[PAYLOCK_HASH_LEN + 1];

    if (!c->bad && paylock_verify_leaf(&c->trail, leaf) != 0) {
        c->bad = 1;

        if (verify_fault(c, &c->trail.fault) != STATUS_DONE) {
            return c->ctl->error.status;
        }
    }

    if (paylock_entry_link(c->trail.chain, leaf->seq, leaf->prev.data,
                           leaf->skip.data, leaf->leaf.data, hash)
        != 0)
    {
        return control_no_memory(c->ctl);
    }

    if (c->bad) {
        paylock_verify_hash(&c->trail, c->trail.chain, leaf->seq, hash);
    }

    memcpy(c->stands, hash, sizeof(hash));

    return STATUS_DONE;
}


static int
file_end(verify_t *c, file_t *file)
{
    int  status;

    file_compare(c, &file->header.header);

    if (c->chained) {
        paylock_export_free(&file->header);
        return STATUS_DONE;
    }

    if (verify_end(c) != STATUS_DONE) {
        return c->ctl->error.status;
    }

    status = c->report ? c->report(c, &file->header.header)
                       : verify_status(c);

    if (status != STATUS_DONE && (file->worst.status < STATUS_TAMPERED
                                  || (status >= STATUS_TAMPERED
                                      && status < file->worst.status)))
    {
        file->worst = c->ctl->error;
    }

    paylock_export_free(&file->header);

    return STATUS_DONE;
}


/* Is the export what its header says? */

static void
file_compare(verify_t *c, const paylock_export_header_t *h)
{
    const paylock_verify_t  *v;

    v = &c->trail;

    if (c->bad) {
        return;
    }

    if (v->seq < h->seq) {
        (void) file_fault(c, PAYLOCK_FAULT_GAP, v->seq + 1,
                          "entries %" PRIu64 " to %" PRIu64 ", of which the "
                          "first line tells, are missing", v->seq + 1, h->seq);

    } else if (v->seq != h->seq
               || memcmp(v->hash, h->hash.data, PAYLOCK_HASH_LEN) != 0)
    {
        (void) file_fault(c, PAYLOCK_FAULT_EDIT, 0,
                          "the first line tells of another trail than what "
                          "stands behind it");
    }
}


static int
file_fault(verify_t *c, paylock_fault_e kind, uint64_t seq, const char *fmt,
    ...)
{
    va_list          args;
    paylock_fault_t  fault;

    c->bad = 1;

    fault.kind = kind;
    fault.seq = seq;

    va_start(args, fmt);
    (void) vsnprintf(fault.text, sizeof(fault.text), fmt, args);
    va_end(args);

    return verify_fault(c, &fault);
}
