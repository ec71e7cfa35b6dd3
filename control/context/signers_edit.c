
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "context/signers_edit.h"
#include "files/file_lock.h"
#include "files/outfile.h"


static int signers_edit_lock(signers_edit_t *e);
static int signers_edit_apply(signers_edit_t *e);
static int signers_edit_write(signers_edit_t *e, const signers_t *after);
static int signers_edit_put(const signers_edit_t *e, const signers_t *after,
    outfile_t *out);
static int signers_edit_failed(signers_edit_t *e, const char *what);


int
signers_edit_begin(signers_edit_t *e, control_t *ctl, const char *path)
{
    memset(e, 0, sizeof(signers_edit_t));
    e->ctl = ctl;
    e->lock = -1;

    if (path == NULL) {
        return error_set(&ctl->error, STATUS_FAILED, "signers",
                         "\"paylock-admin keygen\" begins one; name one that "
                         "is elsewhere with --signers",
                         "there is no signers file");
    }

    e->there = realpath(path, e->path) != NULL;

    if (!e->there) {

        if (errno != ENOENT || signers_there(path)
            || strlen(path) >= sizeof(e->path))
        {
            (void) snprintf(e->path, sizeof(e->path), "%.4000s", path);
            return signers_edit_failed(e, "find");
        }

        strcpy(e->path, path);
    }

    if (signers_edit_lock(e) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (!e->there) {
        return STATUS_DONE;
    }

    if (stat(e->path, &e->st) != 0) {
        return signers_edit_failed(e, "read");
    }

    return signers_read(&e->now, path, &ctl->error);
}


static int
signers_edit_lock(signers_edit_t *e)
{
    e->lock = file_lock(e->path);

    if (e->lock != -1) {
        return STATUS_DONE;
    }

    return errno == EWOULDBLOCK
           ? error_set(&e->ctl->error, STATUS_FAILED, "signers",
                       "try again when the other one is done",
                       "somebody else is writing \"%.1000s\"", e->path)
           : signers_edit_failed(e, "lock");
}


int
signers_edit_commit(signers_edit_t *e, int status, int *changed)
{
    *changed = e->put[0] != '\0';

    if (status == STATUS_DONE && *changed) {
        status = signers_edit_apply(e);

    } else if (status == STATUS_DONE) {
        signers_free(&e->ctl->signers);
        e->ctl->signers = e->now;
        memset(&e->now, 0, sizeof(signers_t));
    }

    signers_free(&e->now);

    if (e->lock != -1) {
        (void) close(e->lock);
    }

    return status;
}


static int
signers_edit_apply(signers_edit_t *e)
{
    int          status;
    FILE        *f;
    const char  *now;
    signers_t    after;

    now = e->now.text ? e->now.text : "";

    memset(&after, 0, sizeof(signers_t));
    after.path = strdup(e->now.path ? e->now.path : e->path);
    f = open_memstream(&after.text, &after.len);

    if (f) {
        (void) fwrite(now, 1, e->at, f);
        (void) fputs(e->put, f);
        (void) fwrite(now + e->at, 1, e->now.len - e->at, f);
    }

    if (f == NULL || fclose(f) != 0 || after.path == NULL) {
        signers_free(&after);
        return control_no_memory(e->ctl);
    }

    status = signers_parse(&after, &e->ctl->error);

    if (status != STATUS_DONE) {
        (void) snprintf(e->ctl->error.mend, sizeof(e->ctl->error.mend),
                        "the file is as it was: change it with an editor");

    } else if (!e->ctl->dry_run) {
        status = signers_edit_write(e, &after);
    }

    if (status == STATUS_DONE && !e->ctl->dry_run) {
        signers_free(&e->ctl->signers);
        e->ctl->signers = after;

    } else {
        signers_free(&after);
    }

    return status;
}


static int
signers_edit_write(signers_edit_t *e, const signers_t *after)
{
    int        status;
    outfile_t  out;

    if (outfile_begin(&out, e->path, e->there ? OUTFILE_REPLACE : 0) != 0) {
        return signers_edit_failed(e, "write");
    }

    status = signers_edit_put(e, after, &out);

    if (status != STATUS_DONE) {
        (void) outfile_abort(&out);
        return status;
    }

    return outfile_commit(&out) == 0 ? STATUS_DONE
                                     : signers_edit_failed(e, "write");
}


static int
signers_edit_put(const signers_edit_t *e, const signers_t *after,
    outfile_t *out)
{
    int          fd;
    control_t   *ctl;

    fd = fileno(out->f);
    ctl = e->ctl;

    if (e->there && fchown(fd, e->st.st_uid, e->st.st_gid) != 0) {
        return error_set(&ctl->error, STATUS_FAILED, "signers",
                         "run this as the user to whom the file belongs",
                         "cannot keep the owner of \"%.1000s\": %s", e->path,
                         strerror(errno));
    }

    if (fchmod(fd, e->there ? e->st.st_mode & 07777 : 0644) != 0
        || fwrite(after->text, 1, after->len, out->f) != after->len)
    {
        return error_set(&ctl->error, STATUS_FAILED, "signers", NULL,
                         "cannot write \"%.1000s\": %s", e->path,
                         strerror(errno));
    }

    return STATUS_DONE;
}


static int
signers_edit_failed(signers_edit_t *e, const char *what)
{
    return error_set(&e->ctl->error, STATUS_FAILED, "signers",
                     errno == EACCES || errno == EPERM || errno == EROFS
                     ? "run this as the user to whom its directory belongs, "
                       "where it is kept" : "see that its directory is there "
                                            "and has room",
                     "cannot %s \"%.1000s\": %s", what, e->path,
                     strerror(errno));
}
