
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What is wrong with an installation, and how to mend it: the checks of
 * "doctor", a file for each group of them.  Nothing is changed by any.
 */


#ifndef _DOCTOR_H_INCLUDED_
#define _DOCTOR_H_INCLUDED_


#include <jansson.h>

#include "context/control.h"
#include "trail/known_head.h"


#define DOCTOR_CLOCK  5000             /* milliseconds that may differ */


typedef enum {
    DOCTOR_OK = 0,
    DOCTOR_NOTE,                       /* to be known, or not to be seen */
    DOCTOR_PROBLEM
} doctor_e;


typedef struct {
    control_t  *ctl;
    head_t      known;                 /* what this machine remembers */
    json_t     *findings;
    size_t      problems;
    unsigned    looks:1;               /* the user of Redis may only read */
    unsigned    sound:1;               /* the trail is what is known here */
} doctor_t;


/*
 * Looks at everything, and notes it in d->findings, an array; d->ctl has its
 * settings.
 */

void doctor_check(doctor_t *d);

/* Notes a finding; mend is a sentence or NULL. */

void doctor_say(doctor_t *d, doctor_e result, const char *check,
    const char *mend, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* Notes as a problem what a->problem holds. */

void doctor_failed(doctor_t *d, const char *check);

/*
 * Asks Redis for a reply, an error of Redis being one; arguments end with a
 * NULL.  Returns NULL if the link fails, which is noted as a problem of the
 * check.  The caller frees the reply.
 */

redisReply *doctor_ask(doctor_t *d, const char *check, const char *one,
    const char *two, const char *three);

/* Is a reply an error that begins with this word? */

int doctor_is_error(const redisReply *reply, const char *word);

/* Each is given a link of its own, which it may leave in any state. */

void doctor_redis(doctor_t *d);        /* version, role, clock */
void doctor_memory(doctor_t *d);       /* persistence, eviction */
void doctor_rights(doctor_t *d);
void doctor_trail(doctor_t *d);        /* the chain, and who may sign */
void doctor_records(doctor_t *d);
void doctor_nodes(doctor_t *d);


#endif /* _DOCTOR_H_INCLUDED_ */
