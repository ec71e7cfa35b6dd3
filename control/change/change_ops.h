
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Steps from which the kinds of change are made.
 */


#ifndef _CHANGE_OPS_H_INCLUDED_
#define _CHANGE_OPS_H_INCLUDED_


#include "change/change_batch.h"
#include "paylock_audit.h"
#include "paylock_timeline.h"


/*
 * Sets ch->after to a copy of a record (NULL: an empty one) with "at" set to
 * now.  If the clock is behind the one that wrote "from", times that had come
 * by the old "at" but are later than now are lowered to now, so that they have
 * still come.  Returns a status.
 */

int change_begin(change_batch_t *b, change_t *ch, const json_t *from,
    uint32_t now);

/*
 * Puts the members of ch->after into their order, sets the actor, and sets
 * ch->changed: if "changed" is not 0, or the record differs from the one before
 * in more than actor and "at".  Returns a status.
 */

int change_end(change_batch_t *b, change_t *ch, int changed);

/*
 * For what changes nothing that the record says: keeps it, but for the number
 * of the entry.  Returns a status.
 */

int change_keep(change_batch_t *b, change_t *ch);

/*
 * If ch->after locks a host that rec, the record before, does not lock now:
 * sets "pass_after", so that passes issued until now are refused.  To be called
 * after change_end().  Returns a status.
 */

int change_passes(change_batch_t *b, change_t *ch, const paylock_record_t *rec,
    uint32_t now);

/*
 * Set or remove a member of ch->after.  A text that is NULL leaves the member
 * as it is; an empty one removes it.
 */

void change_time(change_t *ch, paylock_time_e t, uint32_t when);
void change_drop(change_t *ch, const char *member);
void change_text(change_t *ch, const char *member, const char *text);

/* Removes the fields of a case, once it is closed. */

void change_settled(change_t *ch);

/* Sets a random public reference.  Returns a status. */

int change_ref(change_batch_t *b, change_t *ch);

/* The times of a valid record; no times if record is NULL. */

paylock_record_t change_times(const json_t *record);

/* Has this time come, and no later opening? */

int change_holds(const paylock_record_t *rec, paylock_time_e t, uint32_t now);

/* Has an opening come that is later than this time? */

int change_ended(const paylock_record_t *rec, paylock_time_e t, uint32_t now);

/* Is a case open: does a stage hold, or is one planned? */

int change_case(const paylock_record_t *rec, uint32_t now);

/* Fails if the host is protected from being locked.  Returns a status. */

int change_guarded(change_batch_t *b, const change_t *ch);

/* Sets the fields of the case by change_text(); text: by their fields. */

void change_case_texts(change_t *ch, const char *const *text);


#endif /* _CHANGE_OPS_H_INCLUDED_ */
