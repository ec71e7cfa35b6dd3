
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Passes that were issued, as the audit trail has them.
 */


#ifndef _PASS_ENTRY_H_INCLUDED_
#define _PASS_ENTRY_H_INCLUDED_


#include "paylock_audit.h"
#include "paylock_pass.h"
#include "time_text.h"


#define ISSUED_REFERENCE  (PAYLOCK_PASS_KID + 2 * WHEN_MAX + 2)


typedef struct {
    char      kid[PAYLOCK_PASS_KID + 1];
    uint32_t  issued;                  /* Unix seconds */
    uint32_t  expires;
} issued_t;


/* The reference of an entry for a pass. */

void issued_write(const paylock_pass_t *pass,
    char reference[ISSUED_REFERENCE]);

/* Is it an entry for a pass?  What its reference says then. */

int issued_read(const paylock_entry_t *e, issued_t *issued);

/* A field that is not empty as a string, if that fits; returns whether. */

int issued_text(const paylock_str_t *s, char *text, size_t size);


#endif /* _PASS_ENTRY_H_INCLUDED_ */
