
/*
 * Copyright (C) 2026 paylock contributors
 *
 * After a loss: what stays of the trail, and what is given up.
 */


#ifndef _ADOPT_H_INCLUDED_
#define _ADOPT_H_INCLUDED_


#include "paylock_adopt.h"
#include "trail/head.h"
#include "trail/trail_append.h"


#define ADOPT_REASON  512
#define ADOPT_FAR     1000000          /* entries beyond the stream */


typedef struct {
    head_t           known;            /* the latest known outside of Redis */
    uint64_t         remembered;       /* seq of what this machine knows */
    head_t           told;             /* what a node knows; seq 0: nothing */

    stream_t         stream;
    head_t           stays;            /* the last good entry; seq 0: none */
    uint64_t         vouched;          /* up to here not by revoked keys only */
    paylock_adopt_t  what;

    int              drop;             /* remove what no entry has written */
    const char *const *archive;        /* files of what is archived */
    size_t           n_archives;
    paylock_archive_t  untold;         /* the last one, if no good entry tells
                                          of it; seq 0: one does */

    /*
     * With signers: each host whose record is not as what stays of the trail
     * says, and the record that it gets.
     */

    trail_record_t  *restore;
    size_t           n_restore;
    size_t           room;             /* in restore */
    uint64_t         unknown;          /* records that no entry has written */
    uint64_t         over_hand;        /* seq of the first that went on from a
                                          record written by hand; 0: none */

    head_t           head;             /* entry before the new one */
    char             reason[ADOPT_REASON];
    char             lost[PAYLOCK_ADOPT_TEXT];
    char             resumes[PAYLOCK_ADOPT_TEXT];
    trail_append_t   entry;
} adopt_t;


/*
 * Reads the trail and decides what the entry says.  The caller has set t->known
 * and t->drop, and begun t->entry.  Returns a status.
 */

int adopt_decide(control_t *ctl, adopt_t *t);

/* Is the new entry further beyond what is good or remembered than ADOPT_FAR? */

int adopt_far(const adopt_t *t);

void adopt_free(adopt_t *t);

/* Frees what is to be restored. */

void adopt_forget(adopt_t *t);

/*
 * adopt_restore.c: verifies the whole trail with the signers, sets t->stays to
 * the last entry that is signed and t->restore.  Returns a status.
 */

int adopt_verify(control_t *ctl, adopt_t *t);


#endif /* _ADOPT_H_INCLUDED_ */
