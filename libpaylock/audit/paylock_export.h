
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The lines of an export of an audit trail.  The format is written down in
 * docs/audit-format.md.
 */


#ifndef _PAYLOCK_EXPORT_H_INCLUDED_
#define _PAYLOCK_EXPORT_H_INCLUDED_


#include <stddef.h>

#include <jansson.h>

#include "paylock_audit.h"
#include "paylock_checkpoint.h"
#include "paylock_verify.h"


#define PAYLOCK_EXPORT_FORMAT  "paylock audit export 2"
#define PAYLOCK_EXPORT_LINE    (2 * 1024 * 1024)     /* bytes, at most */


typedef enum {
    PAYLOCK_EXPORT_HEADER = 0,
    PAYLOCK_EXPORT_ENTRY,
    PAYLOCK_EXPORT_LEAF,
    PAYLOCK_EXPORT_CHECKPOINT
} paylock_export_e;


/* The first line. */

typedef struct {
    paylock_str_t  realm;
    paylock_str_t  chain;
    paylock_str_t  host;               /* the entries in full; empty: all */
    paylock_str_t  hash;               /* of the last entry */
    uint64_t       seq;
} paylock_export_header_t;


typedef struct {
    paylock_export_e              kind;
    json_t                       *json;      /* owns the strings */

    union {
        paylock_export_header_t   header;
        paylock_entry_t           entry;
        paylock_leaf_t            leaf;
        paylock_checkpoint_t      checkpoint;
    };
} paylock_export_t;


/*
 * Reads a line, with or without its line feed.  Returns NULL, or why it is
 * none of an export, as a static text that fits behind 'line … '.  Free it
 * with paylock_export_free() in either case.
 */

const char *paylock_export_read(const char *line, size_t len,
    paylock_export_t *x);
void paylock_export_free(paylock_export_t *x);

/* Does a line look like the first one of an export? */

int paylock_export_begins(const char *line, size_t len);

/* The lines to write; NULL when out of memory. */

json_t *paylock_export_header(const paylock_export_header_t *h);
json_t *paylock_export_entry(const paylock_entry_t *e);
json_t *paylock_export_leaf(const paylock_leaf_t *l);
json_t *paylock_export_checkpoint(const char *text, size_t len);


#endif /* _PAYLOCK_EXPORT_H_INCLUDED_ */
