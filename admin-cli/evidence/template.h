
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Fills templates: a marker {{name}}, see paylock_template.h, stands for a
 * value or for a text of the language.
 */


#ifndef _TEMPLATE_H_INCLUDED_
#define _TEMPLATE_H_INCLUDED_


#include <stdio.h>

#include "paylock_escape.h"
#include "paylock_str.h"


#define TEMPLATE_VALUES  48
#define TEMPLATE_MADE    4096          /* bytes, of values made here */


typedef struct {
    const char        *name;
    paylock_str_t      value;
    unsigned           raw:1;          /* text, not escaped */
} template_value_t;


typedef struct {
    paylock_format_e   format;         /* how values are escaped */
    paylock_str_t      texts;          /* of the language, may have markers */
    template_value_t   value[TEMPLATE_VALUES];
    size_t             n;
    char               made[TEMPLATE_MADE];
    size_t             used;
} template_t;


/*
 * Set a value: one that remains the caller's; one that is formatted; one that
 * is a text of the language, named by prefix and text together.  What exceeds
 * the limits above is dropped; a test checks that all templates fit.
 */

void template_set(template_t *t, const char *name, paylock_str_t value);
void template_print(template_t *t, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void template_text(template_t *t, const char *name, const char *prefix,
    paylock_str_t text);

/* Forgets the values. */

void template_clear(template_t *t);

/*
 * Writes s with its markers replaced.  Returns 0, or -1 when out of memory; for
 * other errors see ferror().
 */

int template_write(const template_t *t, paylock_str_t s, FILE *f);

/*
 * Splits s at a section: the text before it, the text in it; *s becomes the
 * text after it.  Returns 1, or 0 if there is no such section.
 */

int template_cut(paylock_str_t *s, const char *name, paylock_str_t *before,
    paylock_str_t *in);


#endif /* _TEMPLATE_H_INCLUDED_ */
