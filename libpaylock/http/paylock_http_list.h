
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Header fields that are lists with weights (RFC 9110, sections 5.6.1 and
 * 12.4.2): "a;x=y;q=0.5, b".
 */


#ifndef _PAYLOCK_HTTP_LIST_H_INCLUDED_
#define _PAYLOCK_HTTP_LIST_H_INCLUDED_


#include <string.h>

#include "paylock_str.h"


#define PAYLOCK_HTTP_LIST_Q_MAX  1000       /* weights are thousandths */


typedef struct {
    paylock_str_t  name;               /* without parameters */
    unsigned       q;
} paylock_member_t;


/* Takes the next member off that is not empty.  Returns 0 at the end. */

int paylock_http_list_next(paylock_str_t *field, paylock_member_t *member);

/*
 * Takes off what stands before the first comma or semicolon outside of quotes,
 * and that character, which it returns; 0 at the end of the field.  The part
 * comes without the white space around it.
 */

char paylock_http_list_part(paylock_str_t *field, paylock_str_t *part);

/* The text from data to end without the white space around it. */

paylock_str_t paylock_http_list_trim(const char *data, const char *end);

/* Does s begin with this lower-case word?  The case of s does not matter. */

int paylock_http_list_begins(paylock_str_t s, const char *word);

/* inline, so that the compiler knows the length of the word */

static inline int
paylock_http_list_is(paylock_str_t s, const char *word)
{
    return s.len == strlen(word) && paylock_http_list_begins(s, word);
}


#endif /* _PAYLOCK_HTTP_LIST_H_INCLUDED_ */
