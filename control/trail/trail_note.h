
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Notes in the trail something that concerns no host and changes no record.
 */


#ifndef _TRAIL_NOTE_H_INCLUDED_
#define _TRAIL_NOTE_H_INCLUDED_


#include "context/control.h"
#include "trail/known_head.h"


typedef struct {
    const char  *action;
    const char  *reference;
    const char  *reason;               /* NULL: none */
    const char  *mend;                 /* if nobody knows whether it stands */
} trail_note_t;


/*
 * Writes the entry behind the last one, which must go on from the known head;
 * with ctl->dry_run it only checks that it could.  Sets *head to the entry.
 * known_head_load() and control_connect() were called.  Returns a status.
 */

int trail_note(control_t *ctl, const head_t *known, const trail_note_t *note,
    head_t *head);


#endif /* _TRAIL_NOTE_H_INCLUDED_ */
