
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Audit entries of passes that were issued.
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


/* Writes the reference of the entry for a pass. */

void pass_entry_write(const paylock_pass_t *pass,
    char reference[PASS_ENTRY_REFERENCE]);

/* Returns 1 and sets *issued if e is an entry for a pass, else 0. */

int pass_entry_read(const paylock_entry_t *e, pass_entry_t *issued);

/* Copies a field; returns 1, or 0 if it is empty or does not fit. */

int pass_entry_text(const paylock_str_t *s, char *text, size_t size);


#endif /* _PASS_ENTRY_H_INCLUDED_ */
