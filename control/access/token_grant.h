
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Makes tokens and revokes them, each with an entry in the audit trail.
 */


#ifndef _TOKEN_GRANT_H_INCLUDED_
#define _TOKEN_GRANT_H_INCLUDED_


#include "access/tokens.h"
#include "context/control.h"
#include "trail/known_head.h"


/* What is asked for: lists with commas, as they were given; NULL: not. */

typedef struct {
    const char  *name;
    const char  *allow;
    const char  *holds;
    const char  *hosts;
    const char  *ip;
    uint32_t     expires;              /* Unix seconds; 0: never */
    uint32_t     now;
} token_grant_t;


/* Makes the token object, without sha256.  Returns a status. */

int token_grant(const token_grant_t *grant, json_t **token,
    error_info_t *error);

/* What it allows, in a line, as the reason of its entry; NULL: no memory. */

char *token_text(const json_t *token);


#endif /* _TOKEN_GRANT_H_INCLUDED_ */
