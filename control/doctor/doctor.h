
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The checks of "doctor": what is wrong with an installation, and how to mend
 * it.  Each group of checks has a file.  No check changes anything.
 */


#ifndef _DOCTOR_H_INCLUDED_
#define _DOCTOR_H_INCLUDED_


#include <jansson.h>

#include "context/control.h"
#include "trail/known_head.h"


#define DOCTOR_CLOCK    5000           /* milliseconds of tolerance */
#define DOCTOR_RECORDS  100000         /* of more, some are looked at */


typedef enum {
    DOCTOR_OK = 0,
    DOCTOR_NOTE,                       /* good to know; or not visible */
    DOCTOR_PROBLEM
} doctor_e;


typedef struct {
    control_t  *ctl;
    head_t      known;                 /* what this machine remembers */
    json_t     *findings;
    size_t      problems;
    unsigned    looks:1;               /* Redis user may only read */
    unsigned    sound:1;               /* trail is the one known here */
} doctor_t;


/*
 * Runs all checks and adds findings to d->findings, an array of the caller;
 * d->ctl has complete settings.
 */

void doctor_check(doctor_t *d);

/* Adds a finding; mend is what to do, or NULL. */

void doctor_say(doctor_t *d, doctor_e result, const char *check,
    const char *mend, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* Adds the error in d->ctl->error as a problem. */

void doctor_failed(doctor_t *d, const char *check);

/*
 * Sends a command and returns the reply, which may be an error of Redis; the
 * caller frees it.  Unused arguments are NULL.  If the connection fails, adds a
 * problem and returns NULL.
 */

redisReply *doctor_ask(doctor_t *d, const char *check, const char *one,
    const char *two, const char *three);

/* Is the reply an error that begins with this word? */

int doctor_is_error(const redisReply *reply, const char *word);

/* Each gets a new connection, which it may leave in any state. */

void doctor_redis(doctor_t *d);        /* version, role, clock */
void doctor_memory(doctor_t *d);       /* persistence, eviction */
void doctor_rights(doctor_t *d);
void doctor_trail(doctor_t *d);        /* the chain, and who may sign */
void doctor_records(doctor_t *d);
void doctor_expiry(doctor_t *d);       /* records with a time to live */
void doctor_nodes(doctor_t *d);


#endif /* _DOCTOR_H_INCLUDED_ */
