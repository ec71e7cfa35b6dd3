
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "change/change_order.h"
#include "change/import.h"
#include "change/protect.h"
#include "change/reset.h"


#define bit(id)  CHANGE_INPUT_BIT(CHANGE_INPUT_##id)


static int order_unlock(change_order_t *o);
static int order_protect(change_order_t *o);
static int order_reason(change_order_t *o);
static int order_revoke(change_order_t *o);


static const change_action_t  change_actions[] = {
    { "lock", bit(AT)|bit(UNTIL)|bit(NOTICE)|bit(READONLY)|bit(REF)
      |CHANGE_INPUT_CASE, NULL, NULL, 0, change_order_lock },
    { "unlock", bit(UNTIL)|bit(REASON), NULL, &change_unlock, 1,
      order_unlock },
    { "reset", 0, NULL, &change_reset, 1, NULL },
    { "protect", bit(REASON), NULL, &change_protect, 0, order_protect },
    { "unprotect", bit(REASON), NULL, &change_unprotect, 1, order_reason },
    { "notice", bit(REF)|CHANGE_INPUT_NOTED|CHANGE_INPUT_CASE, "noted, ",
      &change_notice, 0, change_order_notice },
    { "import", 0, NULL, &change_import, 0, NULL },
    { "pass issue", bit(TTL)|bit(PATH)|bit(REASON), NULL, &change_pass_issue,
      0, change_order_pass },
    { "pass revoke", 0, "passes revoked, ", &change_pass_revoke, 0,
      order_revoke },
    { .name = NULL }
};


const change_action_t *
change_action(const char *name)
{
    const change_action_t  *action;

    for (action = change_actions; action->name; action++) {
        if (strcmp(action->name, name) == 0) {
            return action;
        }
    }

    return NULL;
}


int
change_order_check(change_order_t *o)
{
    o->kind = o->action->kind;

    return o->action->check ? o->action->check(o) : STATUS_DONE;
}


void
change_order_free(change_order_t *o)
{
    json_decref(o->revoke.latest);
    o->revoke.latest = NULL;
}


static int
order_unlock(change_order_t *o)
{
    error_info_t  *error;

    error = &o->ctl->error;
    o->unlock.reason = o->in.text[CHANGE_INPUT_REASON];
    o->args = &o->unlock;

    if (change_input_reason(error, &o->in) != STATUS_DONE
        || change_input_time(error, &o->in, CHANGE_INPUT_UNTIL,
                             &o->unlock.until)
           != STATUS_DONE)
    {
        return error->status;
    }

    if (o->in.text[CHANGE_INPUT_UNTIL] && o->unlock.until <= o->in.now) {
        return error_set(error, STATUS_USAGE, "time",
                         "give --until a later time than now",
                         "the time of --until has passed");
    }

    return STATUS_DONE;
}


static int
order_protect(change_order_t *o)
{
    return order_reason(o) == STATUS_DONE
           ? change_protect_check(o->ctl, o->host, o->n)
           : o->ctl->error.status;
}


static int
order_reason(change_order_t *o)
{
    o->args = o->in.text[CHANGE_INPUT_REASON];

    return change_input_reason(&o->ctl->error, &o->in);
}


static int
order_revoke(change_order_t *o)
{
    o->revoke.ctl = o->ctl;
    o->revoke.now = o->in.now;
    o->revoke.latest = json_object();
    o->args = &o->revoke;

    return o->revoke.latest ? STATUS_DONE : control_no_memory(o->ctl);
}
