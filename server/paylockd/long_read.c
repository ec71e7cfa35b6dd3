
/*
 * Copyright (C) 2026 paylock contributors
 *
 * To read a whole trail takes seconds, of this process and of Redis: requests
 * that do so must not take all threads and all time from others.
 */


#include <stdatomic.h>

#include "paylockd/http.h"


#define LONG_READS  4                  /* at once */


static atomic_int  long_reads;


int
long_read_begin(http_request_t *r)
{
    if (atomic_fetch_add(&long_reads, 1) < LONG_READS) {
        r->long_read = 1;
        return STATUS_DONE;
    }

    (void) atomic_fetch_sub(&long_reads, 1);
    r->retry = 10;

    return http_error(r, 503, "busy", "try again in a moment, or name a host "
                      "with \"host\"", "others read the whole trail now");
}


void
long_read_end(const http_request_t *r)
{
    if (r->long_read) {
        (void) atomic_fetch_sub(&long_reads, 1);
    }
}
