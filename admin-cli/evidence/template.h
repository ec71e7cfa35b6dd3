
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Documents with markers (paylock_template.h): {{name}} stands for a value, or
 * for a text of the language.
 */


#ifndef _TEMPLATE_H_INCLUDED_
#define _TEMPLATE_H_INCLUDED_


#include <stdio.h>

#include "paylock_escape.h"
#include "paylock_str.h"


#define TEMPLATE_VALUES  48
#define TEMPLATE_MADE    4096          /* bytes of values that are made */


typedef struct {
    const char        *name;
    paylock_str_t      value;
    unsigned           raw:1;          /* a text, not to be escaped */
} template_value_t;


typedef struct {
    paylock_format_e   format;         /* values are escaped for it */
    paylock_str_t      texts;          /* may have markers; are not escaped */
    template_value_t   value[TEMPLATE_VALUES];
    size_t             n;
    char               made[TEMPLATE_MADE];
    size_t             used;
} template_t;


/*
 * Sets a value, which is the caller's; one that is printed, which must fit;
 * one that is a text of the language, prefix and name together its name.
 * There is room for all that the templates have, which a test sees.
 */

void template_set(template_t *t, const char *name, paylock_str_t value);
void template_print(template_t *t, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void template_text(template_t *t, const char *name, const char *prefix,
    paylock_str_t text);

/* Forgets the values. */

void template_clear(template_t *t);

/* Writes s; -1 when out of memory.  Other errors are the file's. */

int template_write(const template_t *t, paylock_str_t s, FILE *f);

/*
 * Cuts s at a section: what is before it and in it, s being what is behind.
 * Returns 1, 0 if there is none.
 */

int template_cut(paylock_str_t *s, const char *name, paylock_str_t *before,
    paylock_str_t *in);


#endif /* _TEMPLATE_H_INCLUDED_ */
