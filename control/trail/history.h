
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The entries of one host: its record names the last one, and each names the
 * one before, so that the others need not be read.
 */


#ifndef _HISTORY_H_INCLUDED_
#define _HISTORY_H_INCLUDED_


#include "trail/archives.h"


/*
 * Calls each for the host's entries up to seq "last", the first one first.
 * *whole is 0, and nothing was called, if the way to the first one is broken,
 * as somebody wrote the record by hand, or its entry is archived: then only
 * reading all entries finds them.  Archived ones are read from the files a;
 * if that is NULL, *earlier is 1 if there are any.  Returns a status.
 */

int history_each(control_t *ctl, archives_t *a, const char *host,
    uint64_t last, trail_each_pt each, void *data, int *whole, int *earlier);

/*
 * The host's record, or nil, which the caller frees with freeReplyObject().
 * Returns a status.
 */

int history_record(control_t *ctl, const char *host, redisReply **record);


#endif /* _HISTORY_H_INCLUDED_ */
