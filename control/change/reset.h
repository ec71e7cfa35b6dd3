
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The change "reset": the record is removed, so that the record of a suffix or
 * the server's default decides.
 */


#ifndef _RESET_H_INCLUDED_
#define _RESET_H_INCLUDED_


#include "change/change_batch.h"


/* the batch has no args */

extern const change_kind_t  change_reset;


#endif /* _RESET_H_INCLUDED_ */
