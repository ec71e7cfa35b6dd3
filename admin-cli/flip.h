
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Flips: records changed and written down in the audit trail in one
 * transaction.
 */


#ifndef _FLIP_H_INCLUDED_
#define _FLIP_H_INCLUDED_


#include <jansson.h>

#include "chain.h"
#include "command.h"
#include "paylock_record.h"


/* One flip. */

typedef struct {
    const char        *host;

    char              *before;         /* as it stands in Redis; NULL: none */
    size_t             before_len;
    const char        *junk;           /* why it is not a record, or NULL */
    json_t            *record;         /* as it was read; NULL: none */
    json_t            *fallback;       /* holds if there is none; or NULL */

    json_t            *after;          /* NULL: none */
    char              *text;           /* of after */
    int                changed;
    uint64_t           seq;            /* of the entry */
} flip_t;


typedef struct flips_s  flips_t;


/*
 * Sets after and changed of a flip, whose moment is now.  Returns a status;
 * is called again if the transaction lost a race.
 */

typedef int (*flip_change_pt)(flips_t *fs, flip_t *f, uint32_t now);


struct flips_s {
    admin_t           *admin;
    const char        *action;
    flip_change_pt     change;
    const void        *data;           /* of change */

    const char        *actor;
    char               machine[SETTINGS_MACHINE];
    char               request[2 * 16 + 1];

    head_t             known;          /* as remembered */
    head_t             head;           /* what the next entry follows */
    head_t             unsure;         /* sent, not answered; seq 0: none */

    flip_t            *flip;
    size_t             n;
    size_t             done;
};


/* All that lock, unlock and reset have in common.  Returns a status. */

int flips_run(admin_t *a, const char *action, flip_change_pt change,
    const void *data);

/*
 * Carries out the flips: those before fs->done are done whatever the status
 * returned is.
 */

int flips_commit(flips_t *fs);

void flips_free(flips_t *fs);


#endif /* _FLIP_H_INCLUDED_ */
