
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/time_text.h"
#include "evidence/history_page.h"
#include "paylock_embed.h"
#include "paylock_timeline.h"
#include "paylock_version.h"


#define TIMELINE_KEY  8                /* digits that tell a key */


paylock_embed(timeline_texts, "admin-cli/evidence/files/texts.txt");
paylock_embed(timeline_html, "admin-cli/evidence/files/timeline.html");


static void timeline_about(history_page_t *tl, const verify_t *c,
    const export_t *x);
static void timeline_what(template_t *t, const paylock_entry_t *e);
static void timeline_record(template_t *t, const paylock_record_t *rec);
static void timeline_proof(history_page_t *tl, const paylock_entry_t *e);
static void timeline_when(template_t *t, const char *name, const char *local,
    uint64_t when);


/* the fields that are shown as they are */

static const paylock_audit_field_e  timeline_fields[] = {
    PAYLOCK_AUDIT_ACTION, PAYLOCK_AUDIT_HOST, PAYLOCK_AUDIT_ACTOR,
    PAYLOCK_AUDIT_MACHINE, PAYLOCK_AUDIT_REASON, PAYLOCK_AUDIT_INVOICE,
    PAYLOCK_AUDIT_AMOUNT, PAYLOCK_AUDIT_CURRENCY, PAYLOCK_AUDIT_DUE,
    PAYLOCK_AUDIT_CHANNEL, PAYLOCK_AUDIT_SENT, PAYLOCK_AUDIT_REFERENCE,
    PAYLOCK_AUDIT_DOCUMENT, PAYLOCK_AUDIT_SUBJECT, PAYLOCK_AUDIT_HASH
};


/* those of a record, and what they are called in UTC and in local time */

static const struct {
    paylock_time_e   time;
    const char      *name;
    const char      *local;
} timeline_times[] = {
    { PAYLOCK_NOTICE_AT, "notice_at", "notice_at_local" },
    { PAYLOCK_READONLY_AT, "readonly_at", "readonly_at_local" },
    { PAYLOCK_LOCK_AT, "lock_at", "lock_at_local" },
    { PAYLOCK_OPEN_AT, "open_at", "open_at_local" }
};


int
history_page_language(size_t i, paylock_str_t *lang)
{
    paylock_str_t  texts;

    return paylock_messages_language(paylock_embedded(timeline_texts), i, lang,
                                  &texts);
}


int
history_page_begin(history_page_t *tl, size_t language, FILE *f,
                   const verify_t *c,
    const export_t *x)
{
    paylock_str_t  before;

    memset(tl, 0, sizeof(history_page_t));

    tl->verify = c;
    tl->f = f;
    tl->template.format = PAYLOCK_FORMAT_HTML;
    tl->rest = paylock_embedded(timeline_html);

    (void) paylock_messages_language(paylock_embedded(timeline_texts), language,
                                  &tl->lang, &tl->template.texts);
    (void) template_cut(&tl->rest, "events", &before, &tl->event);

    timeline_about(tl, c, x);

    return template_write(&tl->template, before, f);
}


static void
timeline_about(history_page_t *tl, const verify_t *c, const export_t *x)
{
    template_t  *t;

    t = &tl->template;

    template_set(t, "lang", tl->lang);
    template_print(t, "version", "%s", PAYLOCK_VERSION);
    template_print(t, "site", "%s", x->host ? x->host : "");
    template_print(t, "chain", "%s", x->head.chain);
    template_print(t, "head", "%" PRIu64, x->head.seq);
    template_print(t, "head_hash", "%s", x->head.hash);
    template_print(t, "entries", "%" PRIu64, x->entries);
    template_print(t, "fault", "%s", c->n_faults ? c->fault[0].text : "");
    timeline_when(t, "made", "made_local", (uint64_t) time(NULL));

    if (x->leaves) {
        template_print(t, "leaves", "%" PRIu64, x->leaves);
    }

    if (c->trail.begun) {
        template_print(t, "first_key", "%s", c->trail.genesis);
    }

    if (c->trail.begun && c->trail.plain) {
        template_print(t, "begun", "%" PRIu64, c->trail.begun);
    }
}


int
history_page_entry(history_page_t *tl, const paylock_entry_t *e)
{
    size_t       i;
    template_t  *t;

    t = &tl->template;
    template_clear(t);

    template_print(t, "seq", "%" PRIu64, e->seq);
    timeline_when(t, "time", "time_local",
                  strtoull(e->field[PAYLOCK_AUDIT_TIME].data, NULL, 10)
                  / 1000);

    for (i = 0; i < sizeof(timeline_fields) / sizeof(timeline_fields[0]); i++)
    {
        template_set(t, paylock_audit_names[timeline_fields[i]],
                     e->field[timeline_fields[i]]);
    }

    timeline_what(t, e);
    timeline_proof(tl, e);

    return template_write(t, tl->event, tl->f);
}


/*
 * What was done.  A lock may have been planned, or be less than one; an import
 * may be a lock, or an opening.
 */

static void
timeline_what(template_t *t, const paylock_entry_t *e)
{
    uint32_t           when;
    const char        *kind;
    paylock_str_t      action, stage, after;
    paylock_stage_e    s, next;
    paylock_record_t   rec;

    action = e->field[PAYLOCK_AUDIT_ACTION];
    after = e->field[PAYLOCK_AUDIT_AFTER];
    kind = paylock_verify_is(e, "unlock") ? "open"
           : paylock_verify_is(e, "notice") ? "note" : "other";

    if (paylock_entry_changes(e) && after.len
        && paylock_record_parse(after.data, after.len, &rec) == NULL)
    {
        timeline_record(t, &rec);

        s = paylock_timeline_stage(&rec, rec.time[PAYLOCK_AT], PAYLOCK_OPEN);

        if (paylock_verify_is(e, "import") && s == PAYLOCK_OPEN
            && !paylock_timeline_next(&rec, rec.time[PAYLOCK_AT], PAYLOCK_OPEN,
                                      &when, &next))
        {
            kind = "open";
            action = paylock_string("unlock");

        } else if (paylock_verify_is(e, "lock")
                   || paylock_verify_is(e, "import"))
        {
            kind = s >= PAYLOCK_READONLY ? "closed" : "note";
            stage.data = paylock_stage_names[s];
            stage.len = strlen(stage.data);
            template_text(t, "what", "stage_", stage);
        }
    }

    template_print(t, "kind", "%s", kind);
    template_text(t, "what", "did_", action);
}


static void
timeline_record(template_t *t, const paylock_record_t *rec)
{
    size_t  i;

    template_print(t, "ref", "%.*s", rec->ref_len, rec->ref);

    for (i = 0; i < sizeof(timeline_times) / sizeof(timeline_times[0]); i++) {
        if (paylock_record_has(rec, timeline_times[i].time)) {
            timeline_when(t, timeline_times[i].name, timeline_times[i].local,
                          rec->time[timeline_times[i].time]);
        }
    }
}


/* A signature counts if it was verified: it may be that of a later entry. */

static void
timeline_proof(history_page_t *tl, const paylock_entry_t *e)
{
    paylock_str_t  key;

    key = e->field[PAYLOCK_AUDIT_KEY];

    if (key.len == 0) {
        return;
    }

    template_print(&tl->template, "key", "%.*s", TIMELINE_KEY, key.data);

    if (e->seq <= tl->verify->trail.covered) {
        template_print(&tl->template, "signed", "1");
    }
}


int
history_page_end(history_page_t *tl)
{
    int                   rc;
    size_t                i;
    template_t           *t;
    paylock_str_t         before, in;
    const paylock_key_t  *key;

    t = &tl->template;
    template_clear(t);
    template_print(t, "first_key", "%s", tl->verify->trail.begun
                                         ? tl->verify->trail.genesis : "");

    (void) template_cut(&tl->rest, "keys", &before, &in);

    rc = template_write(t, before, tl->f);

    for (i = 0; i < tl->verify->trail.ring.n && rc == 0; i++) {
        key = &tl->verify->trail.ring.key[i];

        template_clear(t);
        template_print(t, "key_hex", "%s", key->hex);
        template_print(t, "key_id", "%.*s", TIMELINE_KEY, key->hex);
        template_print(t, "added", "%" PRIu64, key->added);

        if (key->revoked) {
            template_print(t, "revoked", "%" PRIu64, key->revoked);
        }

        rc = template_write(t, in, tl->f);
    }

    return rc == 0 ? template_write(t, tl->rest, tl->f) : -1;
}


/* "2026-11-01 08:00:00 UTC", and the same with the offset of here. */

static void
timeline_when(template_t *t, const char *name, const char *local,
    uint64_t when)
{
    char      text[TIME_TEXT];
    uint32_t  seconds;

    seconds = when < UINT32_MAX ? (uint32_t) when : UINT32_MAX;

    time_utc(seconds, text);
    template_print(t, name, "%.10s %.8s UTC", text, text + 11);

    time_local(seconds, text);
    template_print(t, local, "%.10s %.8s %s", text, text + 11, text + 19);
}
