
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Evidence bundles: a directory with an export, the same in pieces that
 * openssl and sha256sum can verify, and history pages to read.  The format is
 * described in docs/audit-format.md.
 */


#ifndef _BUNDLE_H_INCLUDED_
#define _BUNDLE_H_INCLUDED_


#include <stdio.h>

#include "trail/export.h"


#define BUNDLE_EXPORT  "export.jsonl"


typedef struct {
    verify_t           *verify;
    control_t          *ctl;
    export_t           *export;
    char               *path;          /* final name */
    char               *temp;          /* name while it is written */
    int                 dir;           /* file descriptor */
    FILE               *sums;          /* SHA256SUMS */
    uint64_t            example;       /* seq of an entry in full */
    paylock_keyring_t   keys;          /* that sign what is in the bundle */
    unsigned            is_signed:1;   /* some entry is */
    unsigned            last_signed:1;
} bundle_t;


/* Is path a directory, or does it end with a slash? */

int bundle_wanted(const char *path);

/* Writes a bundle to path, completely or not at all.  Returns a status. */

int bundle_write(verify_t *c, export_t *x, const char *path);

/*
 * bundle_file.c: bundle_file() creates a file of the bundle, or sets the error.
 * bundle_file_end() closes it and adds its checksum to SHA256SUMS; rc is -1 if
 * memory ran out while it was written.  bundle_sum() adds a checksum, or writes
 * it to hex if that is not NULL.  The latter two return a status.
 */

FILE *bundle_file(bundle_t *b, const char *name);
int bundle_file_end(bundle_t *b, FILE *f, const char *name, int rc);
int bundle_sum(bundle_t *b, const char *name, char hex[PAYLOCK_HASH_LEN + 1]);

/* Sets the error for a file that cannot be written; error: errno. */

int bundle_failed(bundle_t *b, const char *name, int error);

/*
 * bundle_keys.c: bundle_key() notes a key of 64 hex digits; seq is that of the
 * entry in full which names it, or 0.  bundle_keys() writes those noted, and
 * whose they are by the signers of this machine.  Both return a status.
 */

int bundle_key(bundle_t *b, paylock_str_t hex, uint64_t seq);
int bundle_keys(bundle_t *b);

/*
 * bundle_parts.c: splits the export into chain.txt, entries/, the checkpoint
 * and the history pages.  Returns a status.
 */

int bundle_parts(bundle_t *b);


#endif /* _BUNDLE_H_INCLUDED_ */
