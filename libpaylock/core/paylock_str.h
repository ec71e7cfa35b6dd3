
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Counted strings, which point into memory that others own.
 */


#ifndef _PAYLOCK_STR_H_INCLUDED_
#define _PAYLOCK_STR_H_INCLUDED_


#include <stddef.h>


typedef struct {
    const char  *data;
    size_t       len;
} paylock_str_t;


#define paylock_string(text)  (paylock_str_t) { text, sizeof(text) - 1 }


#endif /* _PAYLOCK_STR_H_INCLUDED_ */
