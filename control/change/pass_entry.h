
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Passes that were issued, as the audit trail has them.
 */


#ifndef _PASS_ENTRY_H_INCLUDED_
#define _PASS_ENTRY_H_INCLUDED_


#include "paylock_audit.h"
#include "paylock_pass.h"
#include "base/time_text.h"


#define PASS_ENTRY_REFERENCE  (PAYLOCK_PASS_KID + 2 * TIME_TEXT + 2)


typedef struct {
    char      kid[PAYLOCK_PASS_KID + 1];
    uint32_t  issued;                  /* Unix seconds */
    uint32_t  expires;
} pass_entry_t;


/* The reference of an entry for a pass. */

void pass_entry_write(const paylock_pass_t *pass,
    char reference[PASS_ENTRY_REFERENCE]);

/* Is it an entry for a pass?  What its reference says then. */

int pass_entry_read(const paylock_entry_t *e, pass_entry_t *issued);

/* A field that is not empty as a string, if that fits; returns whether. */

int pass_entry_text(const paylock_str_t *s, char *text, size_t size);


#endif /* _PASS_ENTRY_H_INCLUDED_ */
