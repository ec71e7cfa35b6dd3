
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Documents with markers: {{name}} stands for a value.  {{#name}} and
 * {{^name}} begin a section that {{/name}} ends: the first kind is kept if
 * there is such a value, the second if there is none.
 */


#ifndef _PAYLOCK_TEMPLATE_H_INCLUDED_
#define _PAYLOCK_TEMPLATE_H_INCLUDED_


#include "paylock_str.h"


typedef struct {
    paylock_str_t  text;               /* before the marker */
    paylock_str_t  name;
    char           kind;               /* '#', '^', '/'; 0: a value */
} paylock_marker_t;


/*
 * Takes off s what stands before its next marker, and the marker; behind one
 * of a section the line feed, too.  Returns 1; 0 if there is no marker: then
 * all of s is m->text; -1 if a marker does not end, or has no name.
 */

int paylock_template_next(paylock_str_t *s, paylock_marker_t *m);

/*
 * Behind the marker that begins a section: takes off s what is in the section,
 * and the marker that ends it.  Returns 0, -1 if none does.
 */

int paylock_template_section(paylock_str_t *s, paylock_str_t name,
    paylock_str_t *in);


#endif /* _PAYLOCK_TEMPLATE_H_INCLUDED_ */
