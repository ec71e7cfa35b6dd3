
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The state of a host at a moment, for people and for scripts.  It is not known
 * which paylock_default a server has: where that decides, the stage is called
 * "default".
 */


#ifndef _EFFECTIVE_STATE_H_INCLUDED_
#define _EFFECTIVE_STATE_H_INCLUDED_


#include <jansson.h>

#include "paylock_record.h"


typedef struct {
    const char  *stage;
    const char  *next_stage;           /* NULL: nothing is planned */
    uint32_t     next;                 /* Unix seconds, of next_stage */
    uint32_t     since;                /* Unix seconds; 0: not known */
} effective_state_t;


/* A host, and the records that decide its state. */

typedef struct {
    const char    *host;
    const char    *match;              /* name of the record; NULL: none */
    const json_t  *record;             /* NULL: no record */
    const json_t  *other;              /* holds as well, see matching_record */
} state_host_t;


/* The state of two records that hold together at "now"; both may be NULL. */

effective_state_t effective_state(const json_t *record, const json_t *other,
    uint32_t now);

/* The same of one record that is read already. */

effective_state_t effective_state_parsed(const paylock_record_t *rec,
    uint32_t now);

/* Is a record stricter at "now" than another, if servers default to open? */

int effective_state_stricter(const json_t *record, const json_t *than,
    uint32_t now);

/* The JSON object of a host for "status" and "list"; NULL: out of memory. */

json_t *effective_state_json(const state_host_t *h, uint32_t now);


#endif /* _EFFECTIVE_STATE_H_INCLUDED_ */
