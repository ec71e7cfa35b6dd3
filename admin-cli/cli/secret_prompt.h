
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Secrets that are typed.
 */


#ifndef _SECRET_PROMPT_H_INCLUDED_
#define _SECRET_PROMPT_H_INCLUDED_


#include "base/error.h"


/*
 * Asks on the terminal, which is standard input, and does not show what is
 * typed; the question ends without a colon.  Sets *secret, which the caller
 * frees by secret_free().  Returns a status.
 */

int secret_prompt(error_info_t *error, const char *question, char **secret);


#endif /* _SECRET_PROMPT_H_INCLUDED_ */
