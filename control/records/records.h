
/*
 * Copyright (C) 2026 paylock contributors
 *
 * All records that are in Redis.
 */


#ifndef _RECORDS_H_INCLUDED_
#define _RECORDS_H_INCLUDED_


#include "context/control.h"


/* What is done with a field and its value; returns a status. */

typedef int (*records_each_pt)(void *data, const redisReply *host,
    const redisReply *value);

/*
 * Calls each for every record, some more than once and, of those that come
 * and go meanwhile, not for all; *n is how many there are, at first.  Returns
 * a status.
 */

int records_scan(control_t *ctl, uint64_t *n, records_each_pt each, void *data);


#endif /* _RECORDS_H_INCLUDED_ */
