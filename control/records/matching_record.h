
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Finds the record that decides for a host.
 */


#ifndef _MATCHING_RECORD_H_INCLUDED_
#define _MATCHING_RECORD_H_INCLUDED_


#include <stdint.h>

#include <jansson.h>

#include "context/control.h"
#include "paylock_str.h"


typedef struct {
    char     **name;                   /* candidates, most specific first */
    size_t     n;

    char      *match;                  /* the one that holds; NULL: none */
    json_t    *record;                 /* of match; NULL: none */
    json_t    *other;                  /* of "*.x" beside ".x"; or NULL */

    uint32_t   pass_after;             /* latest of all candidates */
    char      *revoked;                /* the one that has it; NULL: none */
    json_t    *revoked_record;
} matching_record_t;


/* Queues the command that reads all candidates.  Returns a status. */

int matching_record_queue(control_t *ctl, const char *host,
    matching_record_t *h);

/*
 * Takes the reply.  Values that are not records are skipped with a warning.
 * Returns a status; the caller calls matching_record_free() in any case.
 */

int matching_record_take(control_t *ctl, matching_record_t *h, uint32_t now);

/*
 * The same from values that are there already, by index of the names; data
 * NULL: none.  host_name_candidates() has set the names.
 */

void matching_record_of(control_t *ctl, matching_record_t *h,
    const paylock_str_t *value, uint32_t now);

/* The same again, but for one of the candidates.  Returns a status. */

int matching_record_without(control_t *ctl, matching_record_t *h,
    const char *host, uint32_t now);

void matching_record_free(matching_record_t *h);

/* Does the record have a stage?  One without decides nothing. */

int matching_record_says(const json_t *record);


#endif /* _MATCHING_RECORD_H_INCLUDED_ */
