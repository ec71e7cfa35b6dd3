
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Follows Redis: all records are read once, then the entries of the trail.
 */


#ifndef _FOLLOW_H_INCLUDED_
#define _FOLLOW_H_INCLUDED_


#include <time.h>

#include "context/control.h"
#include "paylockd/events.h"
#include "paylockd/store.h"
#include "trail/head_type.h"


/* What is known of the trail; of a copy under the lock. */

typedef struct {
    int        live;                   /* all records are there */
    uint32_t   stale_since;            /* Unix seconds; 0: they are fresh */
    head_t     head;                   /* the entry applied last */
    const char *code;                  /* of the error, a static text */
    char       why[512];               /* Redis is not followed; or "" */
    char       mend[512];
} follow_state_t;


typedef struct {
    const char        *config;
    store_t           *store;
    events_t          *events;

    pthread_mutex_t    lock;
    follow_state_t     state;

    /* of the thread */

    control_t          ctl;
    time_t             states;         /* when they are worked out again */
    int                failed;         /* out of memory */
} follow_t;


/* Starts the thread.  Returns 0, or -1. */

int follow_start(follow_t *f);

void follow_state(follow_t *f, follow_state_t *state);


#endif /* _FOLLOW_H_INCLUDED_ */
