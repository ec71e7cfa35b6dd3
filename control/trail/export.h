
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Writes an audit trail to a file: the entries of one host in full, and of
 * those of other hosts only the leaves (hashes).
 */


#ifndef _EXPORT_H_INCLUDED_
#define _EXPORT_H_INCLUDED_


#include <stdio.h>

#include "trail/verify.h"


typedef struct {
    const char  *host;                 /* NULL: all entries are in full */
    char       **name;                 /* candidates, see host_name.h */
    size_t       n_names;

    /* results */

    head_t       head;                 /* last entry */
    uint64_t     entries;              /* in full */
    uint64_t     leaves;
    unsigned     checkpoint:1;
} export_t;


/*
 * Writes the trail in Redis as JSON lines, with a checkpoint if the signer's
 * key is trusted by the trail.  A bad trail is written as it is, with a
 * warning.  Returns a status.
 */

int export_write(verify_t *c, export_t *x, FILE *f);


#endif /* _EXPORT_H_INCLUDED_ */
