
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What an entry of the action "archive" says: up to which entry the trail was
 * moved into a file, and to which of those entries later ones lead by their
 * skip.  The format is written down in docs/audit-format.md.
 */


#ifndef _PAYLOCK_ARCHIVE_H_INCLUDED_
#define _PAYLOCK_ARCHIVE_H_INCLUDED_


#include <stdint.h>

#include "paylock_audit.h"
#include "paylock_skip.h"


#define PAYLOCK_ARCHIVED_TEXT  192     /* bytes of the field, and a zero */
#define PAYLOCK_PEAKS_TEXT     (PAYLOCK_SKIP_MAX * (20 + PAYLOCK_HASH_LEN + 2))


typedef struct {
    uint64_t        seq;               /* the last entry archived; 0: none */
    char            hash[PAYLOCK_HASH_LEN + 1];
    char            file[PAYLOCK_HASH_LEN + 1];        /* SHA-256 of the file */
    paylock_skip_t  skip;              /* as it is behind that entry */
} paylock_archive_t;


/*
 * Reads the fields "archived" and "peaks".  Returns NULL, or why they are not
 * in order, as a static text that fits behind 'entry … '.
 */

const char *paylock_archive_read(const paylock_entry_t *e,
    paylock_archive_t *a);

/* Writes the two fields. */

void paylock_archive_write(const paylock_archive_t *a,
    char archived[PAYLOCK_ARCHIVED_TEXT], char peaks[PAYLOCK_PEAKS_TEXT]);

/* Is it the same archive? */

int paylock_archive_same(const paylock_archive_t *one,
    const paylock_archive_t *two);

/*
 * The hash of an entry that is archived, as far as the peaks tell: 64 digits
 * without a zero, or NULL.
 */

const char *paylock_archive_hash(const paylock_archive_t *a, uint64_t seq);


#endif /* _PAYLOCK_ARCHIVE_H_INCLUDED_ */
