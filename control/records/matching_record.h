
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Which record holds for a host.
 */


#ifndef _MATCHING_RECORD_H_INCLUDED_
#define _MATCHING_RECORD_H_INCLUDED_


#include <stdint.h>

#include <jansson.h>

#include "context/control.h"


typedef struct {
    char     **name;                   /* whose records may hold */
    size_t     n;

    char      *match;                  /* one of them; NULL: none */
    json_t    *record;
    json_t    *other;                  /* of the suffix beside; or NULL */

    uint32_t   pass_after;             /* the latest in all of them */
} matching_record_t;


/* Queues the command that reads the records that may hold for a host. */

int matching_record_queue(control_t *ctl, const char *host,
    matching_record_t *h);

/* Takes its reply; what is no record is passed over and warned of. */

int matching_record_take(control_t *ctl, matching_record_t *h, uint32_t now);

void matching_record_free(matching_record_t *h);

/* Does the record put its host in a stage?  One that does not holds nothing. */

int matching_record_says(const json_t *record);


#endif /* _MATCHING_RECORD_H_INCLUDED_ */
