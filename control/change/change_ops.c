
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>
#include <sys/random.h>

#include "change/change_ops.h"
#include "paylock_host.h"


static int change_same(const json_t *before, const json_t *after,
    uint32_t now);
static void change_lower(json_t *record, const paylock_record_t *rec,
    uint32_t now);


int
change_begin(change_batch_t *b, change_t *ch, const json_t *from, uint32_t now)
{
    paylock_record_t  rec;

    ch->after = from ? json_deep_copy(from) : json_object();

    if (ch->after == NULL) {
        return control_no_memory(b->ctl);
    }

    rec = change_times(from);
    change_lower(ch->after, &rec, now);
    change_time(ch, PAYLOCK_AT, now);

    return STATUS_DONE;
}


int
change_end(change_batch_t *b, change_t *ch, int changed)
{
    size_t       i;
    json_t      *ordered, *value;
    uint32_t     now;
    const char  *name;

    now = (uint32_t) json_integer_value(json_object_get(ch->after, "at"));

    ch->changed = changed || ch->by_hand
                  || !change_same(ch->record, ch->after, now);

    if (!ch->changed) {
        json_decref(ch->after);
        ch->after = json_incref(ch->record);
        return STATUS_DONE;
    }

    change_text(ch, "actor", b->actor);

    /* the number is known when the entry is written */

    (void) json_object_set_new(ch->after, PAYLOCK_ENTRY, json_integer(0));
    ordered = json_object();

    for (i = 0; i < PAYLOCK_RECORD_FIELDS; i++) {
        name = paylock_record_fields[i]->name;
        value = json_object_get(ch->after, name);

        if (value) {
            (void) json_object_set(ordered, name, value);
        }
    }

    if (json_object_update_missing(ordered, ch->after) != 0) {
        json_decref(ordered);
        return control_no_memory(b->ctl);
    }

    json_decref(ch->after);
    ch->after = ordered;

    return STATUS_DONE;
}


/*
 * Passes of an earlier lock must not open this one.  A pass may have been
 * issued in the second of the last record, so "pass_after" is later than that.
 */

int
change_passes(change_batch_t *b, change_t *ch, const paylock_record_t *rec,
    uint32_t now)
{
    uint32_t          after;
    paylock_record_t  own;

    own = change_times(ch->record);
    after = own.time[PAYLOCK_AT] < now || ch->record == NULL
            || own.time[PAYLOCK_AT] == UINT32_MAX
            ? now : own.time[PAYLOCK_AT] + 1;

    if (!ch->changed || after <= rec->time[PAYLOCK_PASS_AFTER]
        || paylock_timeline_stage(rec, now, PAYLOCK_OPEN) == PAYLOCK_LOCKED)
    {
        return STATUS_DONE;
    }

    change_time(ch, PAYLOCK_PASS_AFTER, after);

    return change_end(b, ch, 1);
}


int
change_keep(change_batch_t *b, change_t *ch)
{
    ch->changed = 1;

    /* what is no record stays as it is */

    if (ch->junk) {
        return STATUS_DONE;
    }

    ch->after = ch->record ? json_deep_copy(ch->record) : json_object();

    return ch->after && json_object_set_new(ch->after, PAYLOCK_ENTRY,
                                            json_integer(0)) == 0
           ? STATUS_DONE : control_no_memory(b->ctl);
}


void
change_time(change_t *ch, paylock_time_e t, uint32_t when)
{
    (void) json_object_set_new(ch->after, paylock_time_names[t],
                               json_integer(when));
}


void
change_drop(change_t *ch, const char *member)
{
    (void) json_object_del(ch->after, member);
}


void
change_text(change_t *ch, const char *member, const char *text)
{
    if (text && *text) {
        (void) json_object_set_new(ch->after, member, json_string(text));

    } else if (text) {
        change_drop(ch, member);
    }
}


void
change_settled(change_t *ch)
{
    size_t  i;

    for (i = PAYLOCK_CASE_FIRST; i < PAYLOCK_CASE_END; i++) {
        change_drop(ch, paylock_entry_fields[i].name);
    }
}


void
change_case_texts(change_t *ch, const char *const *text)
{
    size_t  i;

    for (i = PAYLOCK_CASE_FIRST; i < PAYLOCK_CASE_END; i++) {
        change_text(ch, paylock_entry_fields[i].name, text[i]);
    }
}


int
change_ref(change_batch_t *b, change_t *ch)
{
    size_t         i;
    char           ref[] = "PL-xxxxxx";
    unsigned char  dice[6];

    static const char  crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    if (getrandom(dice, sizeof(dice), 0) != sizeof(dice)) {
        return error_set(&b->ctl->error, STATUS_FAILED, "random", NULL,
                         "the system gives no random numbers");
    }

    for (i = 0; i < sizeof(dice); i++) {
        ref[3 + i] = crockford[dice[i] % 32];
    }

    change_text(ch, PAYLOCK_REF, ref);

    return STATUS_DONE;
}


paylock_record_t
change_times(const json_t *record)
{
    paylock_record_t  rec;

    if (record == NULL || paylock_record_from_json(record, &rec) != NULL) {
        memset(&rec, 0, sizeof(paylock_record_t));
    }

    return rec;
}


int
change_holds(const paylock_record_t *rec, paylock_time_e t, uint32_t now)
{
    return paylock_timeline_come(rec, t, now) && !change_ended(rec, t, now);
}


int
change_ended(const paylock_record_t *rec, paylock_time_e t, uint32_t now)
{
    return paylock_record_has(rec, t)
           && paylock_timeline_come(rec, PAYLOCK_OPEN_AT, now)
           && rec->time[t] < rec->time[PAYLOCK_OPEN_AT];
}


int
change_case(const paylock_record_t *rec, uint32_t now)
{
    paylock_time_e  t;

    for (t = PAYLOCK_NOTICE_AT; t <= PAYLOCK_LOCK_AT; t++) {
        if (paylock_record_has(rec, t) && !change_ended(rec, t, now)) {
            return 1;
        }
    }

    return 0;
}


int
change_guarded(change_batch_t *b, const change_t *ch)
{
    char  mend[PAYLOCK_HOST_MAX + 64];

    if (ch->guard == NULL) {
        return STATUS_DONE;
    }

    (void) snprintf(mend, sizeof(mend), "if it may be locked, give "
                    "\"paylock-admin unprotect %s\" first", ch->guard);

    return error_set(&b->ctl->error, STATUS_FAILED, "protected", mend,
                     "\"%s\" is protected from being locked", ch->guard);
}


/* Are two records the same, except for the actor and "at"? */

static int
change_same(const json_t *before, const json_t *after, uint32_t now)
{
    int                same;
    size_t             i;
    json_t            *left, *right;
    paylock_record_t   rec;

    static const char *const  own[] = { "at", "actor", PAYLOCK_ENTRY };

    if (before == NULL) {
        return 0;
    }

    left = json_deep_copy(before);
    right = json_copy((json_t *) after);

    rec = change_times(before);
    change_lower(left, &rec, now);

    for (i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        (void) json_object_del(left, own[i]);
        (void) json_object_del(right, own[i]);
    }

    same = json_equal(left, right);

    json_decref(left);
    json_decref(right);

    return same;
}


/*
 * Lowers times to now.  A stage that an opening has ended must not begin again
 * when both are lowered to the same second.
 */

static void
change_lower(json_t *record, const paylock_record_t *rec, uint32_t now)
{
    paylock_time_e  t;

    for (t = PAYLOCK_OPEN_AT; t <= PAYLOCK_LOCK_AT; t++) {

        if (!paylock_record_has(rec, t) || rec->time[t] < now
            || rec->time[t] > rec->time[PAYLOCK_AT])
        {
            continue;
        }

        if (change_ended(rec, t, now)) {
            (void) json_object_del(record, paylock_time_names[t]);

        } else {
            (void) json_object_set_new(record, paylock_time_names[t],
                                       json_integer(now));
        }
    }
}
