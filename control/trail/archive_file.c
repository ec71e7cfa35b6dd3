
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "files/digest.h"
#include "files/outfile.h"
#include "paylock_export.h"
#include "trail/archive_file.h"
#include "trail/trail.h"
#include "trail/verify.h"


typedef struct {
    control_t  *ctl;
    uint64_t    last;
    FILE       *f;
    int         status;
} archive_write_t;


static int archive_file_lines(control_t *ctl, FILE *f,
    const archived_t *last);
static int archive_file_entry(void *data, const char *id,
    const paylock_entry_t *e, const char *why);
static int archive_file_checkpoint(archive_write_t *w,
    const archived_t *last);
static int archive_file_line(archive_write_t *w, json_t *json);
static void archive_file_verifier(control_t *ctl, verify_t *c);
static int archive_file_digest(control_t *ctl, FILE *f, const char *path,
    char hex[PAYLOCK_HASH_LEN + 1]);
static int archive_file_differs(control_t *ctl, const char *path);


int
archive_file_write(control_t *ctl, const char *path, const archived_t *last)
{
    outfile_t  out;

    if (outfile_open(&out, path, 0, &ctl->error) != STATUS_DONE) {
        return ctl->error.status;
    }

    return outfile_close(&out, archive_file_lines(ctl, out.f, last),
                         &ctl->error);
}


static int
archive_file_lines(control_t *ctl, FILE *f, const archived_t *last)
{
    archive_write_t          w;
    paylock_export_header_t  h;

    w.ctl = ctl;
    w.last = last->archive.seq;
    w.f = f;
    w.status = STATUS_DONE;

    memset(&h, 0, sizeof(paylock_export_header_t));

    h.seq = last->archive.seq;
    h.realm.data = ctl->settings.realm;
    h.realm.len = strlen(ctl->settings.realm);
    h.chain.data = last->chain;
    h.chain.len = PAYLOCK_CHAIN_LEN;
    h.hash.data = last->archive.hash;
    h.hash.len = PAYLOCK_HASH_LEN;

    if (archive_file_line(&w, paylock_export_header(&h)) != STATUS_DONE
        || trail_forwards(ctl, archive_file_entry, &w) != STATUS_DONE)
    {
        return ctl->error.status;
    }

    return w.status == STATUS_DONE ? archive_file_checkpoint(&w, last)
                                   : w.status;
}


/* What is not an entry was given up, or verifying had failed. */

static int
archive_file_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    archive_write_t  *w;

    (void) id;

    w = data;

    if (why) {
        return 1;
    }

    if (e->seq > w->last) {
        return 0;
    }

    w->status = archive_file_line(w, paylock_export_entry(e));

    return w->status == STATUS_DONE && e->seq < w->last;
}


static int
archive_file_checkpoint(archive_write_t *w, const archived_t *last)
{
    char      text[PAYLOCK_CHECKPOINT_MAX];
    size_t    len;
    head_t    head;
    verify_t  c;

    archive_file_verifier(w->ctl, &c);
    memset(&head, 0, sizeof(head_t));

    head.seq = last->archive.seq;
    memcpy(head.chain, last->chain, sizeof(head.chain));
    memcpy(head.hash, last->archive.hash, sizeof(head.hash));

    if (verify_sign(&c, &head, text, &len) != STATUS_DONE) {
        return w->ctl->error.status;
    }

    return len ? archive_file_line(w, paylock_export_checkpoint(text, len))
               : STATUS_DONE;
}


static int
archive_file_line(archive_write_t *w, json_t *json)
{
    if (json == NULL) {
        return control_no_memory(w->ctl);
    }

    /* write errors are reported when the file is closed */

    (void) json_dumpf(json, w->f, JSON_COMPACT|JSON_ENSURE_ASCII);
    (void) putc('\n', w->f);
    json_decref(json);

    return STATUS_DONE;
}


/* By the signers of this machine, and nothing that it remembers. */

static void
archive_file_verifier(control_t *ctl, verify_t *c)
{
    memset(c, 0, sizeof(verify_t));

    c->ctl = ctl;
    c->alone = 1;
    c->signers = ctl->trust.signers;
}


int
archive_file_check(control_t *ctl, const char *path, const archived_t *before,
    archived_t *last)
{
    int       status;
    FILE     *f;
    verify_t  c;

    f = fopen(path, "re");

    if (f == NULL) {
        return error_set(&ctl->error, STATUS_FAILED, "file", NULL,
                         "\"%.200s\" cannot be read back: %s", path,
                         strerror(errno));
    }

    archive_file_verifier(ctl, &c);
    c.before = before->archive.seq ? &before->archive : NULL;

    status = archive_file_digest(ctl, f, path, last->archive.file);

    if (status == STATUS_DONE) {
        status = verify_file(&c, f, path);
    }

    /* without signers it is as good as it can be */

    if (c.n_faults == 0 && status == STATUS_FAILED && c.signers == NULL
        && c.whole)
    {
        memset(&ctl->error, 0, sizeof(error_info_t));
        status = STATUS_DONE;
    }

    if (status == STATUS_DONE
        && (c.trail.seq != last->archive.seq
            || strcmp(c.trail.hash, last->archive.hash) != 0))
    {
        status = archive_file_differs(ctl, path);
    }

    (void) fclose(f);
    verify_free(&c);

    return status;
}


static int
archive_file_digest(control_t *ctl, FILE *f, const char *path,
    char hex[PAYLOCK_HASH_LEN + 1])
{
    if (digest_file(fileno(f), hex) == 0 && fseeko(f, 0, SEEK_SET) == 0) {
        return STATUS_DONE;
    }

    return error_set(&ctl->error, STATUS_FAILED, "file", NULL,
                     "\"%.200s\" cannot be read back: %s", path,
                     strerror(errno));
}


static int
archive_file_differs(control_t *ctl, const char *path)
{
    return error_set(&ctl->error, STATUS_FAILED, "file",
                     "look at that disk; nothing is taken out of Redis",
                     "\"%.200s\" does not hold what was written to it", path);
}
