
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Reads entries of the files of archives, once these are checked.
 */


#include <inttypes.h>
#include <string.h>

#include "trail/archives.h"
#include "trail/head.h"


static int archives_read(control_t *ctl, archives_t *a, uint64_t seq,
    archives_entry_t *entry);
static int archives_next(control_t *ctl, archives_t *a, uint64_t seq,
    trail_each_pt each, void *data, int *more);


int
archives_entry(control_t *ctl, archives_t *a, uint64_t seq,
    archives_entry_t *entry)
{
    memset(entry, 0, sizeof(archives_entry_t));

    if (a && seq <= a->last) {
        return archives_read(ctl, a, seq, entry);
    }

    if (head_entry_read(ctl, seq, &entry->reply, &entry->e) != STATUS_DONE) {
        return ctl->error.status;
    }

    entry->there = entry->reply != NULL;

    return STATUS_DONE;
}


void
archives_entry_free(archives_entry_t *entry)
{
    freeReplyObject(entry->reply);
    paylock_export_free(&entry->line);
}


static int
archives_read(control_t *ctl, archives_t *a, uint64_t seq,
    archives_entry_t *entry)
{
    size_t  i, len;

    for (i = 0; a->file[i].last < seq; i++) { /* void */ }

    if (archives_file(ctl, a, i) != STATUS_DONE
        || archives_seek(ctl, a, seq) != STATUS_DONE
        || archives_line(ctl, a, &len) != STATUS_DONE)
    {
        return ctl->error.status;
    }

    if (len && paylock_export_read(a->line, len, &entry->line) == NULL
        && entry->line.kind == PAYLOCK_EXPORT_ENTRY
        && entry->line.entry.seq == seq)
    {
        entry->there = 1;
        entry->e = entry->line.entry;
    }

    return STATUS_DONE;
}


int
archives_each(control_t *ctl, archives_t *a, uint64_t seq, trail_each_pt each,
    void *data, int *more)
{
    int     status;
    size_t  i;

    *more = 1;
    status = STATUS_DONE;

    for (i = 0; i < a->n && *more && status == STATUS_DONE; i++) {

        if (a->file[i].last < seq) {
            continue;
        }

        status = archives_file(ctl, a, i);

        if (status == STATUS_DONE) {
            status = archives_seek(ctl, a, seq ? seq : 1);
        }

        if (status == STATUS_DONE) {
            status = archives_next(ctl, a, a->file[i].last, each, data, more);
        }
    }

    return status;
}


/* Goes on in a file, up to the entry "last". */

static int
archives_next(control_t *ctl, archives_t *a, uint64_t last,
    trail_each_pt each, void *data, int *more)
{
    char               id[32];
    size_t             len;
    const char        *why;
    paylock_export_t   x;

    while (*more) {

        if (archives_line(ctl, a, &len) != STATUS_DONE) {
            return ctl->error.status;
        }

        if (len == 0 || archives_line_seq(a) > last) {
            break;
        }

        why = paylock_export_read(a->line, len, &x);
        (void) snprintf(id, sizeof(id), "%" PRIu64 "-0", archives_line_seq(a));
        *more = each(data, id, &x.entry, why);
        paylock_export_free(&x);
    }

    return STATUS_DONE;
}


int
archives_from(control_t *ctl, archives_t *a, uint64_t seq, trail_each_pt each,
    void *data)
{
    int  more;

    return archives_each(ctl, a, seq, each, data, &more) != STATUS_DONE
           ? ctl->error.status
           : more ? trail_from(ctl, seq, each, data) : STATUS_DONE;
}
