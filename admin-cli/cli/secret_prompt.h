
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Asks for secrets on the terminal.
 */


#ifndef _SECRET_PROMPT_H_INCLUDED_
#define _SECRET_PROMPT_H_INCLUDED_


#include "base/error.h"


/*
 * Asks on the terminal, which must be standard input, without echo; a colon is
 * added to the question.  The caller frees *secret with secret_free().  Returns
 * a status.
 */

int secret_prompt(error_info_t *error, const char *question, char **secret);


#endif /* _SECRET_PROMPT_H_INCLUDED_ */
