
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "files/digest.h"
#include "trail/archives.h"


typedef struct {
    control_t   *ctl;
    archives_t  *a;
    archived_t   found;                /* the last file, as the stream says */
} archives_check_t;


static int archives_tell(archives_check_t *c);
static int archives_missing(control_t *ctl, const archived_t *found);
static int archives_digest(control_t *ctl, archives_t *a, size_t at);
static int archives_scan(archives_check_t *c, size_t at);
static int archives_scan_line(archives_check_t *c, size_t len);
static int archives_scan_entry(archives_check_t *c, const paylock_entry_t *e);
static int archives_scan_adopt(archives_check_t *c, const paylock_entry_t *e);
static void archives_tells(archives_check_t *c, const paylock_entry_t *e);
static void archives_told(archives_t *a, uint64_t entry,
    const paylock_archive_t *told);
static int archives_untold(const archives_t *a);
static int archives_stream(void *data, const char *id,
    const paylock_entry_t *e, const char *why);
static int archives_check(archives_check_t *c);
static int archives_gap(control_t *ctl, const archives_file_t *file);
static void archives_stand(archives_t *a);


int
archives_open(control_t *ctl, const char *const *path, size_t n,
    archives_t *a)
{
    size_t            i;
    archives_check_t  c;

    memset(a, 0, sizeof(archives_t));
    c.ctl = ctl;
    c.a = a;

    if (archived_here(ctl, &c.found) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (n == 0) {
        return c.found.entry ? archives_missing(ctl, &c.found) : STATUS_DONE;
    }

    a->file = calloc(n + 1, sizeof(archives_file_t));

    if (a->file == NULL) {
        return control_no_memory(ctl);
    }

    a->n = n;

    for (i = 0; i < n; i++) {
        a->file[i].path = path[i];

        if (archives_digest(ctl, a, i) != STATUS_DONE) {
            return ctl->error.status;
        }
    }

    if (archives_tell(&c) != STATUS_DONE
        || archives_check(&c) != STATUS_DONE)
    {
        return ctl->error.status;
    }

    a->last = c.found.archive.seq;
    archives_stand(a);

    return STATUS_DONE;
}


/* Earlier archives are told of in later files, or in the stream. */

static int
archives_tell(archives_check_t *c)
{
    size_t  i;

    archives_told(c->a, c->found.entry, &c->found.archive);

    for (i = 0; i < c->a->n; i++) {
        if (archives_scan(c, i) != STATUS_DONE) {
            return c->ctl->error.status;
        }
    }

    return archives_untold(c->a) && c->found.entry
           ? trail_before(c->ctl, c->found.entry, archives_stream, c)
           : STATUS_DONE;
}


void
archives_close(archives_t *a)
{
    if (a->f) {
        (void) fclose(a->f);
    }

    free(a->file);
    free(a->adopt);
    free(a->line);
    memset(a, 0, sizeof(archives_t));
}


static int
archives_missing(control_t *ctl, const archived_t *found)
{
    return error_set(&ctl->error, STATUS_FAILED, "archived",
                     "give the files of all archives with --archive, the "
                     "oldest first",
                     "entries up to %" PRIu64 " are archived; the last file "
                     "has the SHA-256 %s", found->archive.seq,
                     found->archive.file);
}


static int
archives_digest(control_t *ctl, archives_t *a, size_t at)
{
    archives_file_t  *file;

    file = &a->file[at];

    if (archives_file(ctl, a, at) != STATUS_DONE) {
        return ctl->error.status;
    }

    return digest_file(fileno(a->f), file->digest) == 0 ? STATUS_DONE
           : error_set(&ctl->error, STATUS_FAILED, "file", NULL,
                       "the archive \"%.200s\" cannot be read", file->path);
}


/* Finds where it begins, and which entries give up or archive others. */

static int
archives_scan(archives_check_t *c, size_t at)
{
    int     status;
    size_t  len;

    status = archives_file(c->ctl, c->a, at);

    if (status == STATUS_DONE) {
        rewind(c->a->f);
    }

    while (status == STATUS_DONE) {
        status = archives_line(c->ctl, c->a, &len);

        if (len == 0) {
            break;
        }

        if (status == STATUS_DONE) {
            status = archives_scan_line(c, len);
        }
    }

    return status;
}


static int
archives_scan_line(archives_check_t *c, size_t len)
{
    int                status;
    const char        *action;
    archives_file_t   *file;
    paylock_export_t   x;

    static const char  field[] = "\"action\":\"a";

    file = &c->a->file[c->a->at];
    action = strstr(c->a->line, field);

    if (action == NULL && file->begun) {
        return STATUS_DONE;
    }

    status = paylock_export_read(c->a->line, len, &x) == NULL
             && x.kind == PAYLOCK_EXPORT_ENTRY
             ? archives_scan_entry(c, &x.entry) : STATUS_DONE;

    paylock_export_free(&x);

    return status;
}


static int
archives_scan_entry(archives_check_t *c, const paylock_entry_t *e)
{
    archives_file_t  *file;

    file = &c->a->file[c->a->at];

    if (!file->begun) {
        file->before = paylock_verify_before(e, file->before_hash);
        file->begun = 1;
    }

    archives_tells(c, e);

    return paylock_verify_is(e, "adopt") ? archives_scan_adopt(c, e)
                                         : STATUS_DONE;
}


static int
archives_scan_adopt(archives_check_t *c, const paylock_entry_t *e)
{
    path_adopt_t     *more;
    paylock_adopt_t   adopt;

    if (paylock_adopt_read(e, &adopt) != NULL || adopt.last == 0) {
        return STATUS_DONE;
    }

    more = realloc(c->a->adopt, (c->a->n_adopts + 1) * sizeof(path_adopt_t));

    if (more == NULL) {
        return control_no_memory(c->ctl);
    }

    c->a->adopt = more;
    more += c->a->n_adopts++;
    more->seq = e->seq;
    more->resumes = adopt.seq;

    return STATUS_DONE;
}


static void
archives_tells(archives_check_t *c, const paylock_entry_t *e)
{
    paylock_archive_t  told;

    if (paylock_verify_tells(e, c->ctl->settings.realm,
                             c->ctl->signers.path ? &c->ctl->signers.list
                                                  : NULL, &told))
    {
        archives_told(c->a, e->seq, &told);
    }
}


static void
archives_told(archives_t *a, uint64_t entry, const paylock_archive_t *told)
{
    size_t            i;
    archives_file_t  *file;

    for (i = 0; i < a->n; i++) {
        file = &a->file[i];

        if (strcmp(file->digest, told->file) == 0) {
            file->entry = entry;
            file->last = told->seq;
            memcpy(file->last_hash, told->hash, sizeof(file->last_hash));
        }
    }
}


static int
archives_untold(const archives_t *a)
{
    size_t  i;

    for (i = 0; i < a->n; i++) {
        if (a->file[i].entry == 0) {
            return 1;
        }
    }

    return 0;
}


static int
archives_stream(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    archives_check_t  *c;

    (void) id;

    c = data;

    if (why) {
        return 1;
    }

    archives_tells(c, e);

    return archives_untold(c->a);
}


/* Each is as it was signed, and goes on from the one before it. */

static int
archives_check(archives_check_t *c)
{
    size_t                  i;
    uint64_t                last;
    const char             *hash;
    const archives_file_t  *file;

    last = 0;
    hash = "";

    for (i = 0; i < c->a->n; i++) {
        file = &c->a->file[i];

        if (file->entry == 0) {
            return error_set(&c->ctl->error, STATUS_FAILED, "archive",
                             "take another copy of it",
                             "\"%.200s\" is no archive of this trail, or was "
                             "changed: no entry that counts tells of its "
                             "SHA-256 %s", file->path, file->digest);
        }

        if (!file->begun || file->before != last
            || (last && strcmp(file->before_hash, hash) != 0))
        {
            return archives_gap(c->ctl, file);
        }

        last = file->last;
        hash = file->last_hash;
    }

    return last == c->found.archive.seq ? STATUS_DONE
                                        : archives_missing(c->ctl, &c->found);
}


static int
archives_gap(control_t *ctl, const archives_file_t *file)
{
    return error_set(&ctl->error, STATUS_FAILED, "archive",
                     "give the files of all archives, the oldest first",
                     "\"%.200s\" goes on from entry %" PRIu64 ", with which "
                     "the file before it should end", file->path,
                     file->before);
}


/* Leaves out adopts that later ones gave up. */

static void
archives_stand(archives_t *a)
{
    size_t        i, k;
    path_adopt_t  one;

    k = a->n_adopts;

    for (i = a->n_adopts; i; i--) {
        one = a->adopt[i - 1];

        if (k == a->n_adopts || one.seq <= a->adopt[k].resumes) {
            a->adopt[--k] = one;
        }
    }

    a->n_adopts -= k;

    if (a->n_adopts) {
        memmove(a->adopt, a->adopt + k, a->n_adopts * sizeof(path_adopt_t));
    }
}
