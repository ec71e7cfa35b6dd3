
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The change "import": each host gets the record that a list has for it.
 */


#ifndef _IMPORT_H_INCLUDED_
#define _IMPORT_H_INCLUDED_


#include "change/change_batch.h"


/* The record that a host is to have. */

typedef struct {
    uint32_t   time[PAYLOCK_TIMES];    /* Unix seconds, if set */
    unsigned   set;                    /* CHANGE_BIT() each */
    size_t     line;                   /* of the file, from 1 */
    char      *ref;                    /* NULL: kept, or made */

    /* fields of the case, from PAYLOCK_CASE_FIRST; NULL: none */

    char      *text[PAYLOCK_CASE_END - PAYLOCK_CASE_FIRST];
} change_import_t;


/* Does it open its host now? */

int change_import_opens(const change_import_t *d, uint32_t now);

/* args of the batch: an array of change_import_t, one per host */

extern const change_kind_t  change_import;


#endif /* _IMPORT_H_INCLUDED_ */
