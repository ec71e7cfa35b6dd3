
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What commands do to a record.
 */


#ifndef _CHANGE_OPS_H_INCLUDED_
#define _CHANGE_OPS_H_INCLUDED_


#include "change/change_batch.h"
#include "paylock_audit.h"
#include "paylock_timeline.h"


/* what is said of a case, in a record and in its entries; see change_case() */

#define CHANGE_CASE_FIELDS  5

extern const paylock_audit_field_e  change_case_fields[CHANGE_CASE_FIELDS];


/*
 * Sets ch->after to a record made from another (NULL: an empty one): "at" is
 * now, and times that had come by the old "at" and lie beyond the new one are
 * lowered to it, so that they have come still.  Returns a status.
 */

int change_begin(change_batch_t *b, change_t *ch, const json_t *from,
    uint32_t now);

/*
 * Puts the members of ch->after into their order, names the actor and notes
 * whether anything else than these is changed, or the caller says so.
 */

int change_end(change_batch_t *b, change_t *ch, int changed);

/*
 * Behind change_end(), where a host is locked whose record, rec, does not do so
 * by now: passes that were issued until now are refused.  Returns a status.
 */

int change_passes(change_batch_t *b, change_t *ch, const paylock_record_t *rec,
    uint32_t now);

/* A member of ch->after; text may be NULL (left alone) or empty (removed). */

void change_time(change_t *ch, paylock_time_e t, uint32_t when);
void change_drop(change_t *ch, const char *member);
void change_text(change_t *ch, const char *member, const char *text);

/* Drops what was said of a case that is closed. */

void change_settled(change_t *ch);

/* Makes up a public reference.  Returns a status. */

int change_ref(change_batch_t *b, change_t *ch);

/* The times of a record that was read as one; none if record is NULL. */

paylock_record_t change_times(const json_t *record);

/* Has this time come, with no opening behind it that has? */

int change_holds(const paylock_record_t *rec, paylock_time_e t, uint32_t now);

/* Is there an opening behind this time that has come? */

int change_ended(const paylock_record_t *rec, paylock_time_e t, uint32_t now);

/* Is there a case that is not closed: a stage that holds, or is planned? */

int change_case(const paylock_record_t *rec, uint32_t now);

/* Refuses to close, or to plan that, what is protected.  Returns a status. */

int change_guarded(change_batch_t *b, const change_t *ch);

/* Sets the case fields of which text[field] is given, as change_text() does. */

void change_case_texts(change_t *ch, const char *const *text);


#endif /* _CHANGE_OPS_H_INCLUDED_ */
