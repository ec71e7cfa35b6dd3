
/*
 * Copyright (C) 2026 paylock contributors
 *
 * All records, in memory, in the order of their hosts.
 */


#ifndef _STORE_H_INCLUDED_
#define _STORE_H_INCLUDED_


#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "records/effective_state.h"


/*
 * A host and its record; data has both, each with a zero behind it.  What lists
 * ask for is worked out beforehand.
 */

typedef struct {
    effective_state_t  state;          /* before "until" */
    uint32_t           until;          /* Unix seconds; 0: for ever */
    uint32_t           invoice;        /* store_hash() of these members */
    uint32_t           ref;
    uint32_t           record_len;
    uint16_t           host_len;
    uint16_t           round;          /* of the scan that saw it last */
    char               data[];
} site_t;

#define site_host(s)    ((s)->data)
#define site_record(s)  ((s)->data + (s)->host_len + 1)


typedef struct {
    pthread_rwlock_t   lock;
    site_t           **site;           /* sorted by host */
    size_t             n;
    size_t             room;
    uint16_t           round;
    unsigned           loading:1;      /* not sorted yet */
} store_t;


/* A text is another one if its hash is; NULL is 0. */

uint32_t store_hash(const char *text);

/* Returns 0, or -1. */

int store_init(store_t *s);

/* The functions below want the lock: the first to read, the others to write. */

const site_t *store_find(const store_t *s, const char *host);

/* The index of the first host that is not before this one. */

size_t store_from(const store_t *s, const char *host);

/*
 * Sets the record of a host; what is no record removes it.  Returns 0, or -1 if
 * out of memory.
 */

int store_put(store_t *s, const char *host, size_t host_len,
    const char *record, size_t record_len);
void store_remove(store_t *s, const char *host);

/* The state now, by what site_t has of it if that still holds. */

effective_state_t store_state(const site_t *site, uint32_t now);

/* Works out the states that hold no longer; until then each list does. */

void store_refresh(store_t *s, uint32_t now);

/*
 * Between these two all records are put again; those that were not are gone
 * afterwards.  At first nobody reads meanwhile, and they come in any order.
 */

void store_scan_begin(store_t *s, int first);
void store_scan_end(store_t *s);


#endif /* _STORE_H_INCLUDED_ */
