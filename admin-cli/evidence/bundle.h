
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Evidence bundles: a directory with an export, the same in pieces that
 * openssl and sha256sum can verify, and timelines to read.  What is in it is
 * written down in docs/audit-format.md.
 */


#ifndef _BUNDLE_H_INCLUDED_
#define _BUNDLE_H_INCLUDED_


#include <stdio.h>

#include "trail/export.h"


#define BUNDLE_EXPORT  "export.jsonl"
#define BUNDLE_POINT   "checkpoint.txt"


typedef struct {
    verify_t       *verify;
    control_t      *ctl;
    export_t       *export;
    char           *path;              /* that it gets when it is whole */
    char           *temp;              /* that it has until then */
    int             dir;
    FILE           *sums;
    uint64_t        example;           /* an entry that is in full */
} bundle_t;


/* Does the path name a directory?  One that is there, or ends with a slash. */

int bundle_wanted(const char *path);

/* Writes a bundle to the path: all of it or nothing.  Returns a status. */

int bundle_write(verify_t *c, export_t *x, const char *path);

/*
 * bundle_file.c: makes a file of the bundle, NULL on an error; closes it, rc
 * being whether memory was enough for it, and notes its checksum.  The latter
 * goes to SHA256SUMS, or to hex if it is not NULL.  Return a status.
 */

FILE *bundle_file(bundle_t *b, const char *name);
int bundle_file_end(bundle_t *b, FILE *f, const char *name, int rc);
int bundle_sum(bundle_t *b, const char *name, char hex[PAYLOCK_HASH_LEN + 1]);

/* Says why the bundle, or a file of it, cannot be written.  A status. */

int bundle_failed(bundle_t *b, const char *name, int error);

/*
 * bundle_parts.c: takes the export to pieces: chain.txt, entries/, the
 * checkpoint, and the timelines.  A status.
 */

int bundle_parts(bundle_t *b);


#endif /* _BUNDLE_H_INCLUDED_ */
