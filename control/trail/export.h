
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Writing an audit trail out: the entries of one host in full, and of those
 * of others the leaves.
 */


#ifndef _EXPORT_H_INCLUDED_
#define _EXPORT_H_INCLUDED_


#include <stdio.h>

#include "trail/verify.h"


typedef struct {
    const char  *host;                 /* NULL: all are written in full */
    char       **name;                 /* whose records may hold for it */
    size_t       n_names;

    /* what was written */

    head_t       head;                 /* up to this entry */
    uint64_t     entries;
    uint64_t     leaves;
    unsigned     checkpoint:1;
} export_t;


/*
 * Writes the trail in Redis as lines, with a checkpoint if the signer's key
 * counts in it.  A trail that is bad is written as it is, with a warning.
 * Returns a status.
 */

int export_write(verify_t *c, export_t *x, FILE *f);


#endif /* _EXPORT_H_INCLUDED_ */
