
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The files of archives, all from the first entry of the trail on.  They are
 * checked once, by the SHA-256 that signed entries name; then single entries
 * are read from them.
 */


#ifndef _ARCHIVES_H_INCLUDED_
#define _ARCHIVES_H_INCLUDED_


#include <stdio.h>

#include "paylock_export.h"
#include "trail/archived.h"
#include "trail/path.h"
#include "trail/trail.h"


typedef struct {
    const char     *path;
    char            digest[PAYLOCK_HASH_LEN + 1];
    unsigned        begun:1;           /* the next two are set */
    uint64_t        before;            /* the entry before it; 0: none */
    char            before_hash[PAYLOCK_HASH_LEN + 1];
    uint64_t        entry;             /* that tells of it; 0: none */
    uint64_t        last;              /* entry in it, as that one says */
    char            last_hash[PAYLOCK_HASH_LEN + 1];
} archives_file_t;


typedef struct {
    archives_file_t   *file;           /* the oldest first */
    size_t             n;
    uint64_t           last;           /* entry that they hold; 0: no files */
    path_adopt_t      *adopt;          /* of those that gave something up */
    size_t             n_adopts;

    FILE              *f;              /* file[at] */
    size_t             at;
    char              *line;           /* the last one read */
} archives_t;


/*
 * Opens the files, which must hold all that is archived.  The caller calls
 * archives_close() in any case.  All functions return a status.
 */

int archives_open(control_t *ctl, const char *const *path, size_t n,
    archives_t *a);
void archives_close(archives_t *a);

/* archives_entry.c: an entry of a file, or else of the stream. */

typedef struct {
    unsigned          there:1;
    paylock_entry_t   e;
    redisReply       *reply;           /* what e points into: this ... */
    paylock_export_t  line;            /* ... or that */
} archives_entry_t;

/* Reads an entry; a: NULL: there are no files. */

int archives_entry(control_t *ctl, archives_t *a, uint64_t seq,
    archives_entry_t *entry);
void archives_entry_free(archives_entry_t *entry);

/*
 * Call each for the entries from seq on: the first for those of the files, and
 * sets *more to what it returned last; the second then for those of the stream.
 */

int archives_each(control_t *ctl, archives_t *a, uint64_t seq,
    trail_each_pt each, void *data, int *more);
int archives_from(control_t *ctl, archives_t *a, uint64_t seq,
    trail_each_pt each, void *data);


/*
 * archives_line.c: opens a file; finds the first line of an entry from seq on;
 * reads the next line, *len is 0 at the end.
 */

int archives_file(control_t *ctl, archives_t *a, size_t at);
int archives_seek(control_t *ctl, archives_t *a, uint64_t seq);
int archives_line(control_t *ctl, archives_t *a, size_t *len);

/* The seq of the entry in the last line; 0: it is the first one of the file. */

uint64_t archives_line_seq(const archives_t *a);


#endif /* _ARCHIVES_H_INCLUDED_ */
