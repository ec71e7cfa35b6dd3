
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "paylockd/events.h"


void
events_init(events_t *e)
{
    pthread_condattr_t  attr;

    memset(e, 0, sizeof(events_t));

    (void) pthread_condattr_init(&attr);
    (void) pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void) pthread_mutex_init(&e->lock, NULL);
    (void) pthread_cond_init(&e->came, &attr);
}


void
events_add(events_t *e, uint64_t seq, char *text)
{
    event_t  *event;

    (void) pthread_mutex_lock(&e->lock);

    event = &e->event[e->n % EVENTS_KEPT];
    free(event->text);
    event->seq = seq;
    event->text = text;
    e->n++;

    (void) pthread_cond_broadcast(&e->came);
    (void) pthread_mutex_unlock(&e->lock);
}


void
events_reset(events_t *e)
{
    event_t  *event;

    (void) pthread_mutex_lock(&e->lock);

    event = &e->event[e->n % EVENTS_KEPT];
    free(event->text);
    event->seq = 0;
    event->text = NULL;
    e->n++;
    e->reset = e->n;

    (void) pthread_cond_broadcast(&e->came);
    (void) pthread_mutex_unlock(&e->lock);
}


uint64_t
events_after(events_t *e, uint64_t seq, int *known)
{
    uint64_t  position, first;

    (void) pthread_mutex_lock(&e->lock);

    first = e->n > EVENTS_KEPT ? e->n - EVENTS_KEPT : 0;
    first = first > e->reset ? first : e->reset;

    for (position = e->n; position > first; position--) {
        if (e->event[(position - 1) % EVENTS_KEPT].seq == seq) {
            break;
        }
    }

    *known = position > first;

    if (!*known) {
        position = e->n;
    }

    (void) pthread_mutex_unlock(&e->lock);

    return position;
}


int
events_next(events_t *e, uint64_t *position, unsigned seconds, uint64_t *seq,
    char **text)
{
    int               rc;
    const event_t    *event;
    struct timespec   until;

    (void) clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t) seconds;

    (void) pthread_mutex_lock(&e->lock);

    rc = 0;

    while (*position == e->n && rc != ETIMEDOUT) {
        rc = pthread_cond_timedwait(&e->came, &e->lock, &until);

        if (*position < e->reset) {
            break;
        }
    }

    if (*position < e->reset || *position + EVENTS_KEPT < e->n) {
        *position = e->n;
        rc = -1;

    } else if (*position < e->n) {
        event = &e->event[*position % EVENTS_KEPT];
        *seq = event->seq;
        *text = strdup(event->text);
        (*position)++;
        rc = *text ? 1 : -1;

    } else {
        rc = 0;
    }

    (void) pthread_mutex_unlock(&e->lock);

    return rc;
}
