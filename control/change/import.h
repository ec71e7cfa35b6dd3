
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Many records become what a list says.
 */


#ifndef _IMPORT_H_INCLUDED_
#define _IMPORT_H_INCLUDED_


#include "change/change_batch.h"


/* What a host's record is to be. */

typedef struct {
    uint32_t   time[PAYLOCK_TIMES];    /* Unix seconds, if set */
    unsigned   set;                    /* CHANGE_BIT() each */
    size_t     line;                   /* where it stands */
    char      *reason;                 /* NULL: none */
    char      *invoice;
    char      *ref;                    /* NULL: as it is, or made up */
} change_import_t;


/* a batch's args are a change_import_t for each host, in their order */

extern const change_kind_t  change_import;


#endif /* _IMPORT_H_INCLUDED_ */
