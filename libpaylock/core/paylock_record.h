
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Records: what Redis holds for a host.  The format is written down in
 * docs/redis.md.
 */


#ifndef _PAYLOCK_RECORD_H_INCLUDED_
#define _PAYLOCK_RECORD_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "paylock_field.h"


#define PAYLOCK_RECORD_MAX  65536      /* bytes of JSON */


/*
 * What nginx needs to know of a record; 44 bytes without a pointer, so that
 * it can live in shared memory.
 */

typedef struct {
    uint32_t  time[PAYLOCK_TIMES];     /* Unix seconds, if set */
    char      ref[PAYLOCK_REF_MAX];    /* not terminated */
    uint8_t   ref_len;
    uint8_t   set;                     /* times, 1 << paylock_time_e */
    uint16_t  unused;
} paylock_record_t;


#define paylock_record_has(rec, t)  ((rec)->set & (1u << (t)))

/* Does it decide on its host?  One that has no stage's time counts as none. */

#define paylock_record_says(rec)                                              \
    ((rec)->set & (1u << PAYLOCK_OPEN_AT | 1u << PAYLOCK_NOTICE_AT            \
                   | 1u << PAYLOCK_READONLY_AT | 1u << PAYLOCK_LOCK_AT))


/*
 * Reads a value of the hash "locks": a JSON object, or one of the bare
 * values 1, true, locked (a lock in force) and 0, false, open (an open
 * record), the words with or without quotes.  A bad ref is dropped.
 * Returns NULL, or why the value is not a record, as a static text that
 * fits behind 'record of "…" '; then *rec is undefined.
 */

const char *paylock_record_parse(const char *value, size_t len,
    paylock_record_t *rec);

/* The same for a value that is decoded already. */

const char *paylock_record_from_json(const json_t *value,
    paylock_record_t *rec);

/*
 * Reads a value as above to a new JSON object that the caller owns and may
 * change: unknown members are kept, a bare value becomes the object that
 * means the same, a bad ref is gone.  NULL if it is not a record; *why as
 * above.
 */

json_t *paylock_record_load(const char *value, size_t len, const char **why);

/* One line of compact JSON, members in their order; the caller frees it. */

char *paylock_record_dump(const json_t *record);

/*
 * Is the record marked "protected", so that its host is never locked?  A mark
 * of a wrong type counts, to be safe.  record may be NULL.
 */

int paylock_record_protected(const json_t *record);

/* Is it a public reference: 1 to 16 of A-Za-z0-9._- ? */

int paylock_ref_check(const char *ref, size_t len);


/*
 * paylock_record_plain.c, a fast path: nginx may read a million records, nearly
 * all of them as paylock-admin writes them.  Reads an object without white
 * space, of known members, each once, whose texts are ASCII without escapes,
 * with the same result as the JSON parser; returns 0 for anything else.
 */

int paylock_record_plain(const char *p, size_t len, paylock_record_t *rec);

/* The number of the entry that wrote it, as it says; 0: it says none. */

uint64_t paylock_record_entry(const json_t *record);

/*
 * The same for a value of the hash "locks" as paylock-admin writes it.  Any
 * other may yield any number.
 */

uint64_t paylock_record_seq(const char *value, size_t len);


#endif /* _PAYLOCK_RECORD_H_INCLUDED_ */
