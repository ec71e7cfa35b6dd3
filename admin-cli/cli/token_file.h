
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The file of tokens, for the commands that show and change it.
 */


#ifndef _TOKEN_FILE_H_INCLUDED_
#define _TOKEN_FILE_H_INCLUDED_


#include "access/tokens.h"
#include "cli/admin.h"


/* The path: the setting, or the usual one. */

const char *token_file(const admin_t *a);

/* Reads it; the caller frees t.  Returns a status. */

int token_file_load(admin_t *a, tokens_t *t);

/*
 * Prints the text of a new token, which is not kept, or with NULL that one was
 * revoked or would be made; seq is the number of the entry.
 */

void token_report(admin_t *a, const json_t *token, const char *text,
    uint64_t seq);


#endif /* _TOKEN_FILE_H_INCLUDED_ */
