
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>
#include <time.h>

#include "change/change_order.h"


static int notice_check(const change_order_t *o);
static int notice_sent(change_order_t *o);


int
change_order_notice(change_order_t *o)
{
    const char  **text;

    text = o->notice.text;

    if (notice_check(o) != STATUS_DONE
        || change_input_case(&o->ctl->error, &o->in, text) != STATUS_DONE
        || notice_sent(o) != STATUS_DONE)
    {
        return o->ctl->error.status;
    }

    text[PAYLOCK_AUDIT_CHANNEL] = o->in.text[CHANGE_INPUT_CHANNEL];
    text[PAYLOCK_AUDIT_SENT] = o->sent;
    text[PAYLOCK_AUDIT_REFERENCE] = o->in.text[CHANGE_INPUT_REF];
    text[PAYLOCK_AUDIT_DOCUMENT] = o->in.content;
    o->args = &o->notice;

    return STATUS_DONE;
}


static int
notice_check(const change_order_t *o)
{
    const char    *channel, *ref;
    error_info_t  *error;

    error = &o->ctl->error;
    channel = o->in.text[CHANGE_INPUT_CHANNEL];
    ref = o->in.text[CHANGE_INPUT_REF];

    if (channel == NULL || *channel == '\0') {
        return error_set(error, STATUS_USAGE, "channel",
                         "give --channel, such as letter or email",
                         "how the notice was sent is not said");
    }

    if ((ref == NULL || *ref == '\0') && o->in.content == NULL) {
        return error_set(error, STATUS_USAGE, "notice",
                         "give --ref, --file or both",
                         "nothing tells which notice was sent");
    }

    return change_input_field(error, &o->in, CHANGE_INPUT_CHANNEL,
                              &paylock_entry_fields[PAYLOCK_AUDIT_CHANNEL])
           == STATUS_DONE
           ? change_input_field(error, &o->in, CHANGE_INPUT_REF,
                               &paylock_entry_fields[PAYLOCK_AUDIT_REFERENCE])
           : error->status;
}


/* The date may be tomorrow, as it already is in some time zones. */

static int
notice_sent(change_order_t *o)
{
    time_t        now;
    uint32_t      when;
    struct tm     tm;
    const char   *sent;

    when = 0;
    now = (time_t) o->in.now;
    sent = o->in.text[CHANGE_INPUT_SENT];

    if (change_input_day(&o->ctl->error, &o->in, CHANGE_INPUT_SENT, &when)
        != STATUS_DONE)
    {
        return o->ctl->error.status;
    }

    if (when > now + 86400) {
        return error_set(&o->ctl->error, STATUS_USAGE, "day",
                         "note a notice once it is sent",
                         "the day of --sent has not come yet");
    }

    if (sent && *sent) {
        (void) strncpy(o->sent, sent, sizeof(o->sent) - 1);

    } else {
        (void) localtime_r(&now, &tm);
        (void) strftime(o->sent, sizeof(o->sent), "%Y-%m-%d", &tm);
    }

    return STATUS_DONE;
}
