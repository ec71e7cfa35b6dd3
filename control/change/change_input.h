
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What is asked of a change, as texts: options of paylock-admin, or members of
 * a request to paylockd, which have the same names.
 */


#ifndef _CHANGE_INPUT_H_INCLUDED_
#define _CHANGE_INPUT_H_INCLUDED_


#include <stdint.h>

#include "base/error.h"
#include "paylock_field.h"


#define change_input_id(id, ...)  CHANGE_INPUT_##id,

typedef enum {
    CHANGE_INPUT_AT = 0,
    CHANGE_INPUT_UNTIL,
    CHANGE_INPUT_NOTICE,
    CHANGE_INPUT_READONLY,
    PAYLOCK_CASE_FIELDS(change_input_id)
    CHANGE_INPUT_REF,
    PAYLOCK_NOTICE_FIELDS(change_input_id)
    CHANGE_INPUT_TTL,
    CHANGE_INPUT_PATH,
    CHANGE_INPUTS
} change_input_e;


/* the bit of a change_input_e in a set */

#define CHANGE_INPUT_BIT(i)  (1u << (i))

#define change_input_bit(id, ...)  |CHANGE_INPUT_BIT(CHANGE_INPUT_##id)
#define CHANGE_INPUT_CASE    (0u PAYLOCK_CASE_FIELDS(change_input_bit))
#define CHANGE_INPUT_NOTED   (0u PAYLOCK_NOTICE_FIELDS(change_input_bit))


typedef struct {
    const char  *text[CHANGE_INPUTS];  /* NULL: not given */
    const char  *content;              /* SHA-256 of a file, in hex, or NULL */
    uint32_t     now;                  /* Unix seconds, of the request */
} change_input_t;


/* as options and members are called */

extern const char *const  change_input_names[CHANGE_INPUTS];


/*
 * Parse a text that is a time, or a day; *when is Unix seconds, and unchanged
 * if the text is not given.  Return a status.
 */

int change_input_time(error_info_t *error, const change_input_t *in,
    change_input_e i, uint32_t *when);
int change_input_day(error_info_t *error, const change_input_t *in,
    change_input_e i, uint32_t *when);

/* Checks a text by the type of its field.  Returns a status. */

int change_input_field(error_info_t *error, const change_input_t *in,
    change_input_e i, const paylock_field_t *field);

/*
 * Check the reason; and all fields of a case, which also sets text[], indexed
 * by paylock_audit_field_e.  Return a status.
 */

int change_input_reason(error_info_t *error, const change_input_t *in);
int change_input_case(error_info_t *error, const change_input_t *in,
    const char **text);

/*
 * All that was given, as the "arguments" of a batch: a retry of "+3d" gives the
 * same.  The caller frees it; NULL: out of memory.
 */

char *change_input_arguments(const change_input_t *in);


/* The same for a time that has a name of its own; text NULL: not given. */

int input_time(error_info_t *error, const char *name, const char *text,
    uint32_t now, uint32_t *when);


#endif /* _CHANGE_INPUT_H_INCLUDED_ */
