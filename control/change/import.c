
/*
 * Copyright (C) 2026 paylock contributors
 */


#include "change/change_ops.h"
#include "change/import.h"


static int import_apply(change_batch_t *b, change_t *ch, uint32_t now);
static void import_times(change_t *ch, const change_import_t *d);
static int import_texts(change_batch_t *b, change_t *ch,
    const change_import_t *d, uint32_t now);


const change_kind_t  change_import = {
    .action = "import", .apply = import_apply, .many = 1
};


static int
import_apply(change_batch_t *b, change_t *ch, uint32_t now)
{
    int                     status;
    const change_import_t  *d;
    paylock_record_t        before, after;

    d = &((const change_import_t *) b->args)[ch->i];

    status = change_import_opens(d, now) ? STATUS_DONE : change_guarded(b, ch);

    if (status != STATUS_DONE
        || (status = change_begin(b, ch, ch->record, now)) != STATUS_DONE)
    {
        return status;
    }

    import_times(ch, d);

    status = import_texts(b, ch, d, now);

    if (status != STATUS_DONE
        || (status = change_end(b, ch, 0)) != STATUS_DONE)
    {
        return status;
    }

    before = change_times(ch->record);
    after = change_times(ch->after);

    return paylock_record_has(&after, PAYLOCK_LOCK_AT)
           && !change_ended(&after, PAYLOCK_LOCK_AT, now)
           ? change_passes(b, ch, &before, now) : STATUS_DONE;
}


int
change_import_opens(const change_import_t *d, uint32_t now)
{
    return d->set == CHANGE_BIT(PAYLOCK_OPEN_AT)
           && d->time[PAYLOCK_OPEN_AT] <= now;
}


/* A time that the record has already stays as change_begin() made it. */

static void
import_times(change_t *ch, const change_import_t *d)
{
    paylock_time_e    t;
    paylock_record_t  rec;

    rec = change_times(ch->record);

    for (t = PAYLOCK_OPEN_AT; t <= PAYLOCK_LOCK_AT; t++) {

        if (!(d->set & CHANGE_BIT(t))) {
            change_drop(ch, paylock_time_names[t]);

        } else if (!paylock_record_has(&rec, t)
                   || rec.time[t] != d->time[t])
        {
            change_time(ch, t, d->time[t]);
        }
    }
}


/* The amount due belongs to a case and is kept while the case is open. */

static int
import_texts(change_batch_t *b, change_t *ch, const change_import_t *d,
    uint32_t now)
{
    int                     before, after;
    size_t                  i;
    const char             *text;
    paylock_record_t        rec;
    const paylock_field_t  *field;

    rec = change_times(ch->record);
    before = change_case(&rec, now);

    rec = change_times(ch->after);
    after = change_case(&rec, now);

    if (!before || !after) {
        change_settled(ch);
    }

    for (i = PAYLOCK_CASE_FIRST; i < PAYLOCK_CASE_END; i++) {
        field = &paylock_entry_fields[i];
        text = d->text[i - PAYLOCK_CASE_FIRST];

        if (field->flags & PAYLOCK_FIELD_IMPORT) {
            change_text(ch, field->name, text ? text : "");
        }
    }

    change_text(ch, PAYLOCK_REF, d->ref);

    return json_object_get(ch->after, PAYLOCK_REF) || !after ? STATUS_DONE
                                                      : change_ref(b, ch);
}
