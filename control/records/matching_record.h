
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Which record holds for a host.
 */


#ifndef _MATCHING_RECORD_H_INCLUDED_
#define _MATCHING_RECORD_H_INCLUDED_


#include <stdint.h>

#include <jansson.h>

#include "commands.h"


typedef struct {
    char     **name;                   /* whose records may hold */
    size_t     n;

    char      *holder;                 /* one of them; NULL: none */
    json_t    *record;
    json_t    *other;                  /* of the suffix beside; or NULL */

    uint32_t   pass_after;             /* the latest in all of them */
} holder_t;


/* Queues the command that reads the records that may hold for a host. */

int holder_queue(admin_t *a, const char *host, holder_t *h);

/* Takes its reply; what is no record is passed over and warned of. */

int holder_take(admin_t *a, holder_t *h, uint32_t now);

void holder_free(holder_t *h);

/* Does the record put its host in a stage?  One that does not holds nothing. */

int holder_says(const json_t *record);


#endif /* _MATCHING_RECORD_H_INCLUDED_ */
