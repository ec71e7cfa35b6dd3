
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What is owed, and when it was to be paid: --amount, --currency, --due.
 */


#ifndef _AMOUNT_DUE_H_INCLUDED_
#define _AMOUNT_DUE_H_INCLUDED_


#include "commands.h"
#include "paylock_audit.h"


/* Checks the three options; returns a status. */

int claim_check(admin_t *a);

/* Checks an option that is a day; *when is its first moment here. */

int claim_day(admin_t *a, option_e option, uint32_t *when);


/* The options and the members of a record of the same name. */

#define CLAIM_FIELDS  3

typedef struct {
    option_e               option;
    paylock_audit_field_e  field;
} claim_field_t;

extern const claim_field_t  claim_fields[CLAIM_FIELDS];


#endif /* _AMOUNT_DUE_H_INCLUDED_ */
