
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What records come to at a moment, for people and for scripts.  Which
 * paylock_default a server has is not known here: where it decides, the
 * stage is called "default".
 */


#ifndef _EFFECTIVE_STATE_H_INCLUDED_
#define _EFFECTIVE_STATE_H_INCLUDED_


#include <jansson.h>


typedef struct {
    const char  *stage;
    const char  *next_stage;           /* NULL: nothing is planned */
    uint32_t     next;
    uint32_t     since;                /* 0: not known */
} effective_state_t;


/* What is said of a host: holder is the name whose record it is. */

typedef struct {
    const char    *host;
    const char    *match;              /* NULL: no record */
    const json_t  *record;             /* NULL: no record */
    const json_t  *other;              /* of the suffix beside; or NULL */
    uint64_t       seq;                /* of the newest entry; 0: not known */
} state_host_t;


/* The state at now of a record and one beside it; both may be NULL. */

effective_state_t effective_state(const json_t *record, const json_t *other,
    uint32_t now);

/* Is a record stricter at now than another, where servers are open? */

int effective_state_stricter(const json_t *record, const json_t *than,
    uint32_t now);

/* The object of status and list; NULL when out of memory. */

json_t *effective_state_json(const state_host_t *h, uint32_t now);


#endif /* _EFFECTIVE_STATE_H_INCLUDED_ */
