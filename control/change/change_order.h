
/*
 * Copyright (C) 2026 paylock contributors
 *
 * A change that somebody asks for by its name, with texts: checked, and made
 * into what a batch needs.
 */


#ifndef _CHANGE_ORDER_H_INCLUDED_
#define _CHANGE_ORDER_H_INCLUDED_


#include "change/change_batch.h"
#include "change/change_input.h"
#include "change/lock.h"
#include "change/notice.h"
#include "change/pass_issue.h"
#include "change/pass_revoke.h"
#include "change/unlock.h"


#define ORDER_DAY  sizeof("2026-11-01")


typedef struct change_order_s  change_order_t;


typedef struct {
    const char           *name;        /* as it is typed */
    unsigned              inputs;      /* CHANGE_INPUT_BIT() each */
    const char           *told;        /* of each changed host, or NULL */
    const change_kind_t  *kind;        /* NULL: check() sets it */
    unsigned              expects:1;   /* hosts should have a record */

    /* checks the input and sets kind, args and plans; or NULL; a status */

    int                 (*check)(change_order_t *o);
} change_action_t;


struct change_order_s {
    /* set by the caller; all else must be zero */

    control_t              *ctl;
    const change_action_t  *action;
    change_input_t          in;
    char                  **host;      /* normalized, each once */
    size_t                  n;

    const change_kind_t    *kind;
    const void             *args;      /* of the kind; the caller's of import */
    unsigned                plans:1;   /* it is planned for later */

    /* args is one of these */

    change_lock_t           lock;
    change_unlock_t         unlock;
    change_notice_t         notice;
    change_pass_issue_t     issue;     /* its keys are the caller's */
    change_pass_revoke_t    revoke;
    char                    sent[ORDER_DAY];
};


/* NULL: there is no such action */

const change_action_t *change_action(const char *name);

/* Checks the order and makes it complete.  Returns a status. */

int change_order_check(change_order_t *o);

void change_order_free(change_order_t *o);


/* order_lock.c, order_notice.c, order_pass.c: for the table */

int change_order_lock(change_order_t *o);
int change_order_notice(change_order_t *o);
int change_order_pass(change_order_t *o);


#endif /* _CHANGE_ORDER_H_INCLUDED_ */
