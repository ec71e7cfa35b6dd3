
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Reads all records that are in Redis.
 */


#ifndef _RECORDS_H_INCLUDED_
#define _RECORDS_H_INCLUDED_


#include "context/control.h"
#include "paylock_field.h"


/*
 * Called with a host and the value of its record, each with a zero behind it;
 * returns a status.  It asks Redis nothing, which is sending more of them.
 */

typedef int (*records_each_pt)(void *data, const paylock_str_t *host,
    const paylock_str_t *value);

/*
 * Calls each for every record.  As with HSCAN, it may see a record twice, and
 * may miss one that is added or removed meanwhile.  *n is the number of records
 * at the beginning.  Returns a status.
 */

int records_scan(control_t *ctl, uint64_t *n, records_each_pt each, void *data);

/* The same for some of them, if there are many more than enough. */

int records_some(control_t *ctl, uint64_t enough, uint64_t *n,
    records_each_pt each, void *data);


#endif /* _RECORDS_H_INCLUDED_ */
