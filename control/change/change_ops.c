
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>
#include <sys/random.h>

#include "change/change_ops.h"
#include "paylock_host.h"
#include "text.h"
#include "time_text.h"


static const char *const  change_order[] = {
    "at", "open_at", "notice_at", "readonly_at", "lock_at", "pass_after",
    PAYLOCK_PROTECTED, "ref", "reason", "invoice", "amount", "currency", "due",
    "actor"
};


static int change_same(const json_t *before, const json_t *after,
    uint32_t now);
static void change_lower(json_t *record, const paylock_record_t *rec,
    uint32_t now);


int
change_begin(flips_t *fs, flip_t *f, const json_t *from, uint32_t now)
{
    paylock_record_t  rec;

    f->after = from ? json_deep_copy(from) : json_object();

    if (f->after == NULL) {
        return admin_memory(fs->admin);
    }

    rec = change_times(from);
    change_lower(f->after, &rec, now);
    change_time(f, PAYLOCK_AT, now);

    return STATUS_DONE;
}


int
change_end(flips_t *fs, flip_t *f, int changed)
{
    size_t       i;
    json_t      *ordered, *value;
    uint32_t     now;

    now = (uint32_t) json_integer_value(json_object_get(f->after, "at"));

    f->changed = changed || !change_same(f->record, f->after, now);

    if (!f->changed) {
        json_decref(f->after);
        f->after = json_incref(f->record);
        return STATUS_DONE;
    }

    change_text(f, "actor", fs->actor);
    ordered = json_object();

    for (i = 0; i < sizeof(change_order) / sizeof(change_order[0]); i++) {
        value = json_object_get(f->after, change_order[i]);

        if (value) {
            (void) json_object_set(ordered, change_order[i], value);
        }
    }

    if (json_object_update_missing(ordered, f->after) != 0) {
        json_decref(ordered);
        return admin_memory(fs->admin);
    }

    json_decref(f->after);
    f->after = ordered;

    return STATUS_DONE;
}


/*
 * Passes of an earlier lock are not for this one.  In the second in which the
 * record was written last, one may have been issued before.
 */

int
change_passes(flips_t *fs, flip_t *f, const paylock_record_t *rec,
    uint32_t now)
{
    uint32_t          after;
    paylock_record_t  own;

    own = change_times(f->record);
    after = own.time[PAYLOCK_AT] < now || f->record == NULL
            || own.time[PAYLOCK_AT] == UINT32_MAX
            ? now : own.time[PAYLOCK_AT] + 1;

    if (!f->changed || after <= rec->time[PAYLOCK_PASS_AFTER]
        || paylock_timeline_stage(rec, now, PAYLOCK_OPEN) == PAYLOCK_LOCKED)
    {
        return STATUS_DONE;
    }

    change_time(f, PAYLOCK_PASS_AFTER, after);

    return change_end(fs, f, 1);
}


void
change_time(flip_t *f, paylock_time_e t, uint32_t when)
{
    (void) json_object_set_new(f->after, paylock_time_names[t],
                               json_integer(when));
}


void
change_drop(flip_t *f, const char *member)
{
    (void) json_object_del(f->after, member);
}


void
change_text(flip_t *f, const char *member, const char *text)
{
    if (text && *text) {
        (void) json_object_set_new(f->after, member, json_string(text));

    } else if (text) {
        change_drop(f, member);
    }
}


void
change_settled(flip_t *f)
{
    change_drop(f, "reason");
    change_drop(f, "invoice");
    change_drop(f, "amount");
    change_drop(f, "currency");
    change_drop(f, "due");
}


int
change_ref(flips_t *fs, flip_t *f)
{
    size_t         i;
    char           ref[] = "PL-xxxxxx";
    unsigned char  dice[6];

    static const char  crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    if (getrandom(dice, sizeof(dice), 0) != sizeof(dice)) {
        return problem_set(&fs->admin->problem, STATUS_FAILED, "random", NULL,
                           "the system gives no random numbers");
    }

    for (i = 0; i < sizeof(dice); i++) {
        ref[3 + i] = crockford[dice[i] % 32];
    }

    change_text(f, "ref", ref);

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
change_guarded(flips_t *fs, const flip_t *f)
{
    char  mend[PAYLOCK_HOST_MAX + 64];

    if (f->guard == NULL) {
        return STATUS_DONE;
    }

    (void) snprintf(mend, sizeof(mend), "if it may be locked, give "
                    "\"paylock-admin unprotect %s\" first", f->guard);

    return problem_set(&fs->admin->problem, STATUS_FAILED, "protected", mend,
                       "\"%s\" is protected from being locked", f->guard);
}


int
change_check(admin_t *a, option_e option, size_t max)
{
    char         mend[64];
    const char  *text, *why;

    (void) snprintf(mend, sizeof(mend), "give one line of UTF-8 text of at "
                    "most %zu bytes", max);

    text = a->opt[option];
    why = text ? text_check(text, strlen(text), max) : NULL;

    return why ? problem_set(&a->problem, STATUS_USAGE, "text",
                             mend, "the value of --%s %s",
                             admin_options[option].name, why)
               : STATUS_DONE;
}


int
change_option(admin_t *a, option_e option, uint32_t now, uint32_t *when)
{
    const char  *why;

    if (a->opt[option] == NULL) {
        return STATUS_DONE;
    }

    why = when_parse(a->opt[option], now, when);

    return why ? problem_set(&a->problem, STATUS_USAGE, "time", WHEN_FORMS,
                             "\"%.100s\" of --%s %s", a->opt[option],
                             admin_options[option].name, why)
               : STATUS_DONE;
}


/* Do two records differ in who wrote them and when alone? */

static int
change_same(const json_t *before, const json_t *after, uint32_t now)
{
    int                same;
    json_t            *left, *right;
    paylock_record_t   rec;

    if (before == NULL) {
        return 0;
    }

    left = json_deep_copy(before);
    right = json_copy((json_t *) after);

    rec = change_times(before);
    change_lower(left, &rec, now);

    (void) json_object_del(left, "at");
    (void) json_object_del(left, "actor");
    (void) json_object_del(right, "at");
    (void) json_object_del(right, "actor");

    same = json_equal(left, right);

    json_decref(left);
    json_decref(right);

    return same;
}


/*
 * What an opening has ended must not begin anew in the same second, which is
 * now where the opening is lowered to it.
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
