
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The lines of the file of an archive.  Their entries ascend, so that one is
 * found by bisection.
 */


#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trail/archives.h"


#define LINE_SIZE  (PAYLOCK_EXPORT_LINE + 2)


static int line_begin(control_t *ctl, archives_t *a, off_t at, off_t *begin);
static int line_failed(control_t *ctl, const archives_t *a);


/* One at a time: there may be more of them than may be open. */

int
archives_file(control_t *ctl, archives_t *a, size_t at)
{
    if (a->line == NULL) {
        a->line = malloc(LINE_SIZE);

        if (a->line == NULL) {
            return control_no_memory(ctl);
        }
    }

    if (a->f && a->at == at) {
        return STATUS_DONE;
    }

    if (a->f) {
        (void) fclose(a->f);
    }

    a->at = at;
    a->f = fopen(a->file[at].path, "re");

    return a->f ? STATUS_DONE : line_failed(ctl, a);
}


int
archives_line(control_t *ctl, archives_t *a, size_t *len)
{
    if (fgets(a->line, LINE_SIZE, a->f)) {
        *len = strlen(a->line);
        return STATUS_DONE;
    }

    *len = 0;

    return ferror(a->f) ? line_failed(ctl, a) : STATUS_DONE;
}


uint64_t
archives_line_seq(const archives_t *a)
{
    static const char  seq[] = "{\"seq\":";

    return strncmp(a->line, seq, sizeof(seq) - 1) == 0
           ? strtoull(a->line + sizeof(seq) - 1, NULL, 10)
           : paylock_export_begins(a->line, strlen(a->line)) ? 0 : UINT64_MAX;
}


/* All lines before "low" are of earlier entries; none from "high" on is. */

int
archives_seek(control_t *ctl, archives_t *a, uint64_t seq)
{
    off_t   low, high, middle, begin;
    size_t  len;

    if (fseeko(a->f, 0, SEEK_END) != 0) {
        return line_failed(ctl, a);
    }

    low = 0;
    high = ftello(a->f);

    while (low < high) {
        middle = low + (high - low) / 2;

        if (line_begin(ctl, a, middle, &begin) != STATUS_DONE) {
            return ctl->error.status;
        }

        if (begin >= high) {
            high = middle;
            continue;
        }

        if (archives_line(ctl, a, &len) != STATUS_DONE) {
            return ctl->error.status;
        }

        if (archives_line_seq(a) < seq) {
            low = begin + (off_t) len;

        } else {
            high = middle;
        }
    }

    return fseeko(a->f, low, SEEK_SET) == 0 ? STATUS_DONE
                                            : line_failed(ctl, a);
}


/* Goes to the first line that begins there or later. */

static int
line_begin(control_t *ctl, archives_t *a, off_t at, off_t *begin)
{
    size_t  len;

    *begin = at;

    if (fseeko(a->f, at ? at - 1 : 0, SEEK_SET) != 0) {
        return line_failed(ctl, a);
    }

    if (at == 0) {
        return STATUS_DONE;
    }

    /* what ends before it, or there */

    if (archives_line(ctl, a, &len) != STATUS_DONE) {
        return ctl->error.status;
    }

    *begin = at - 1 + (off_t) len;

    return STATUS_DONE;
}


static int
line_failed(control_t *ctl, const archives_t *a)
{
    return error_set(&ctl->error, STATUS_FAILED, "file", NULL,
                     "the archive \"%.200s\" cannot be read: %s",
                     a->file[a->at].path, strerror(errno));
}
