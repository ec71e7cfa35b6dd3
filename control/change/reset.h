
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Records are removed: back to the suffix, or the server's default.
 */


#ifndef _RESET_H_INCLUDED_
#define _RESET_H_INCLUDED_


#include "change/change_batch.h"


/* a batch has no args */

extern const change_kind_t  change_reset;


#endif /* _RESET_H_INCLUDED_ */
