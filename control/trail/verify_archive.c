
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Files of archives: one after the other, as the beginning of a trail; and
 * exports that begin behind one.
 */


#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files/digest.h"
#include "trail/verify.h"


/* Where an export begins, and the last entry of it that tells of an archive. */

typedef struct {
    unsigned           begun:1;        /* an entry was read */
    uint64_t           seq;            /* the one before it; 0: none */
    char               hash[PAYLOCK_HASH_LEN + 1];
    paylock_archive_t  found;          /* seq 0: none */
} archive_search_t;


static int archive_file(verify_t *c, const char *path);
static int archive_opened(verify_t *c, FILE *f, const char *path);
static int archive_add(verify_t *c, const char *file);
static int archive_unreadable(control_t *ctl, const char *path);
static int archive_lines(verify_t *c, FILE *f, archive_search_t *s);
static void archive_line(verify_t *c, const char *line, size_t len,
    archive_search_t *s);


int
verify_archives(verify_t *c)
{
    int     status;
    size_t  i;

    c->chained = 1;
    status = STATUS_DONE;

    for (i = 0; i < c->n_paths && status == STATUS_DONE && !c->bad; i++) {
        status = archive_file(c, c->archive_path[i]);
    }

    c->chained = 0;

    return status;
}


static int
archive_file(verify_t *c, const char *path)
{
    int    status;
    FILE  *f;

    f = fopen(path, "re");

    if (f == NULL) {
        return archive_unreadable(c->ctl, path);
    }

    status = archive_opened(c, f, path);
    (void) fclose(f);

    return status;
}


static int
archive_opened(verify_t *c, FILE *f, const char *path)
{
    char      file[PAYLOCK_HASH_LEN + 1];
    uint64_t  last;

    last = c->trail.seq;

    if (digest_file(fileno(f), file) != 0 || fseeko(f, 0, SEEK_SET) != 0) {
        return archive_unreadable(c->ctl, path);
    }

    if (verify_file(c, f, path) != STATUS_DONE) {
        return c->ctl->error.status;
    }

    return c->bad || c->trail.seq == last ? STATUS_DONE : archive_add(c, file);
}


/* The trail must tell of it, as it is. */

static int
archive_add(verify_t *c, const char *file)
{
    paylock_archive_t       *a;
    const paylock_verify_t  *v;

    v = &c->trail;
    a = realloc(c->archive, (c->n_archives + 1) * sizeof(paylock_archive_t));

    if (a == NULL) {
        return control_no_memory(c->ctl);
    }

    c->archive = a;
    a += c->n_archives++;

    memset(a, 0, sizeof(paylock_archive_t));

    a->seq = v->seq;
    memcpy(a->hash, v->hash, sizeof(a->hash));
    memcpy(a->file, file, sizeof(a->file));
    paylock_skip_copy(&a->skip, &v->skip);

    paylock_verify_archives(&c->trail, c->archive, c->n_archives);

    return STATUS_DONE;
}


static int
archive_unreadable(control_t *ctl, const char *path)
{
    return error_set(&ctl->error, STATUS_FAILED, "file", NULL,
                     "the archive \"%.200s\" cannot be read: %s", path,
                     strerror(errno));
}


int
verify_archive_each(control_t *ctl, const char *path,
    int (*each)(void *data, const paylock_entry_t *e), void *data)
{
    int                status;
    char              *line;
    FILE              *f;
    paylock_export_t   x;

    f = fopen(path, "re");

    if (f == NULL) {
        return archive_unreadable(ctl, path);
    }

    line = malloc(PAYLOCK_EXPORT_LINE + 2);
    status = line ? STATUS_DONE : control_no_memory(ctl);

    while (status == STATUS_DONE && fgets(line, PAYLOCK_EXPORT_LINE + 2, f)) {

        if (paylock_export_read(line, strlen(line), &x) == NULL
            && x.kind == PAYLOCK_EXPORT_ENTRY)
        {
            status = each(data, &x.entry);
        }

        paylock_export_free(&x);
    }

    if (status == STATUS_DONE && ferror(f)) {
        status = archive_unreadable(ctl, path);
    }

    free(line);
    (void) fclose(f);

    return status;
}


int
verify_archive_begin(verify_t *c, FILE *f)
{
    int                rc;
    off_t              at;
    archive_search_t   s;

    if (c->before) {
        paylock_verify_behind(&c->trail, c->trail.chain, c->before, 1);
        verify_behind(c);
        return STATUS_DONE;
    }

    memset(&s, 0, sizeof(archive_search_t));
    at = ftello(f);
    rc = at == -1 ? 0 : archive_lines(c, f, &s);

    if (rc != 0 || (at != -1 && fseeko(f, at, SEEK_SET) != 0)) {
        return rc < 0 ? control_no_memory(c->ctl)
                      : archive_unreadable(c->ctl, "the export");
    }

    if (s.found.seq) {
        paylock_verify_behind(&c->trail, c->trail.chain, &s.found, 0);
        verify_behind(c);
    }

    return STATUS_DONE;
}


/* Reads to the end of the export, if it does not begin with entry 1. */

static int
archive_lines(verify_t *c, FILE *f, archive_search_t *s)
{
    char     *line;
    size_t    len;

    line = malloc(PAYLOCK_EXPORT_LINE + 2);

    if (line == NULL) {
        return -1;
    }

    while ((!s->begun || s->seq)
           && fgets(line, PAYLOCK_EXPORT_LINE + 2, f))
    {
        len = strlen(line);

        if (paylock_export_begins(line, len)) {
            break;
        }

        if (!s->begun || strstr(line, "\"archive\"")) {
            archive_line(c, line, len, s);
        }
    }

    free(line);

    return ferror(f) != 0;
}


static void
archive_line(verify_t *c, const char *line, size_t len, archive_search_t *s)
{
    paylock_export_t   x;
    paylock_archive_t  a;

    if (paylock_export_read(line, len, &x) == NULL
        && x.kind == PAYLOCK_EXPORT_ENTRY)
    {
        if (!s->begun) {
            s->seq = paylock_verify_before(&x.entry, s->hash);
        }

        if (paylock_verify_tells(&x.entry, c->ctl->settings.realm, c->signers,
                                 &a)
            && a.seq == s->seq && strcmp(a.hash, s->hash) == 0)
        {
            s->found = a;
        }
    }

    s->begun = 1;
    paylock_export_free(&x);
}
