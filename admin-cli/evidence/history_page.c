
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/time_text.h"
#include "evidence/history_page.h"
#include "evidence_files.h"
#include "paylock_messages.h"
#include "paylock_timeline.h"
#include "paylock_version.h"


#define HISTORY_PAGE_KEY  8                /* hex digits of a key shown */


static void history_page_about(history_page_t *page, const verify_t *c,
    const export_t *x);
static int history_page_field(history_page_t *page, const paylock_entry_t *e,
    paylock_audit_field_e i);
static void history_page_what(template_t *t, const paylock_entry_t *e);
static void history_page_record(template_t *t, const paylock_record_t *rec);
static void history_page_proof(history_page_t *page, const paylock_entry_t *e);
static void history_page_key(template_t *t, const paylock_key_t *key);
static void history_page_when(template_t *t, const char *name,
    const char *local, uint64_t when);


/* fields that have their own places in the page */

static const paylock_audit_field_e  history_page_fields[] = {
    PAYLOCK_AUDIT_ACTION, PAYLOCK_AUDIT_HOST, PAYLOCK_AUDIT_ACTOR,
    PAYLOCK_AUDIT_MACHINE, PAYLOCK_AUDIT_DOCUMENT, PAYLOCK_AUDIT_LOST,
    PAYLOCK_AUDIT_RESUMES, PAYLOCK_AUDIT_HASH
};


/* times of a record, and the names of their values in UTC and local time */

static const struct {
    paylock_time_e   time;
    const char      *name;
    const char      *local;
} history_page_times[] = {
    { PAYLOCK_NOTICE_AT, "notice_at", "notice_at_local" },
    { PAYLOCK_READONLY_AT, "readonly_at", "readonly_at_local" },
    { PAYLOCK_LOCK_AT, "lock_at", "lock_at_local" },
    { PAYLOCK_OPEN_AT, "open_at", "open_at_local" }
};


int
history_page_language(size_t i, paylock_str_t *lang)
{
    paylock_str_t  texts;

    return paylock_messages_language(evidence_texts_txt, i,
                                     lang,
                                  &texts);
}


int
history_page_begin(history_page_t *page, size_t language, FILE *f,
    const verify_t *c, const export_t *x)
{
    paylock_str_t  before;

    memset(page, 0, sizeof(history_page_t));

    page->verify = c;
    page->f = f;
    page->template.format = PAYLOCK_FORMAT_HTML;
    page->rest = evidence_timeline_html;

    (void) paylock_messages_language(evidence_texts_txt,
                                     language,
                                  &page->lang, &page->template.texts);
    (void) template_cut(&page->rest, "events", &before, &page->event_rest);
    (void) template_cut(&page->event_rest, "fields", &page->event,
                        &page->field);

    history_page_about(page, c, x);

    return template_write(&page->template, before, f);
}


static void
history_page_about(history_page_t *page, const verify_t *c, const export_t *x)
{
    template_t  *t;

    t = &page->template;

    template_set(t, "lang", page->lang);
    template_print(t, "version", "%s", PAYLOCK_VERSION);
    template_print(t, "site", "%s", x->host ? x->host : "");
    template_print(t, "chain", "%s", x->head.chain);
    template_print(t, "head", "%" PRIu64, x->head.seq);
    template_print(t, "head_hash", "%s", x->head.hash);
    template_print(t, "entries", "%" PRIu64, x->entries);
    template_print(t, "fault", "%s", c->n_faults ? c->fault[0].text : "");
    history_page_when(t, "made", "made_local", (uint64_t) time(NULL));

    if (x->leaves) {
        template_print(t, "leaves", "%" PRIu64, x->leaves);
    }

    if (c->trail.plain) {
        template_print(t, "plain", "%" PRIu64, c->trail.plain);
    }

    template_print(t, "trail_signed", "%s", c->trail.ring.n ? "1" : "");
}


int
history_page_entry(history_page_t *page, const paylock_entry_t *e)
{
    size_t       i;
    template_t  *t;

    t = &page->template;
    template_clear(t);

    template_print(t, "seq", "%" PRIu64, e->seq);
    history_page_when(t, "time", "time_local",
                      strtoull(e->field[PAYLOCK_AUDIT_TIME].data, NULL, 10)
                      / 1000);

    for (i = 0;
         i < sizeof(history_page_fields) / sizeof(history_page_fields[0]);
         i++)
    {
        template_set(t, paylock_entry_fields[history_page_fields[i]].name,
                     e->field[history_page_fields[i]]);
    }

    history_page_what(t, e);
    history_page_proof(page, e);

    if (template_write(t, page->event, page->f) != 0) {
        return -1;
    }

    for (i = PAYLOCK_CASE_FIRST; i <= PAYLOCK_AUDIT_REFERENCE; i++) {
        if (history_page_field(page, e, i) != 0) {
            return -1;
        }
    }

    return template_write(t, page->event_rest, page->f);
}


/* Writes a field of a case or notice; an amount with its currency. */

static int
history_page_field(history_page_t *page, const paylock_entry_t *e,
    paylock_audit_field_e i)
{
    int                     rc;
    size_t                  n;
    template_t             *t;
    paylock_str_t           name;
    const paylock_field_t  *field;

    field = &paylock_entry_fields[i];

    if (e->field[i].len == 0 || *field->label == '\0') {
        return 0;
    }

    t = &page->template;
    n = t->n;

    name.data = field->name;
    name.len = field->len;

    template_text(t, "label", "label_", name);

    if (t->n == n) {
        name.data = field->label;
        name.len = strlen(field->label);
        template_set(t, "label", name);
    }

    template_set(t, "value", e->field[i]);

    if (i == PAYLOCK_AUDIT_AMOUNT) {
        template_set(t, "unit", e->field[PAYLOCK_AUDIT_CURRENCY]);
    }

    rc = template_write(t, page->field, page->f);
    t->n = n;

    return rc;
}


/*
 * Sets the text for what was done.  A "lock" may be a plan, or only a notice or
 * a readonly stage; an "import" may lock or open.
 */

static void
history_page_what(template_t *t, const paylock_entry_t *e)
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
        history_page_record(t, &rec);

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
history_page_record(template_t *t, const paylock_record_t *rec)
{
    size_t  i;

    template_print(t, "ref", "%.*s", rec->ref_len, rec->ref);

    for (i = 0;
         i < sizeof(history_page_times) / sizeof(history_page_times[0]);
         i++)
    {
        if (paylock_record_has(rec, history_page_times[i].time)) {
            history_page_when(t, history_page_times[i].name,
                              history_page_times[i].local,
                              rec->time[history_page_times[i].time]);
        }
    }
}


/* Says how the entry is proved: its signature may be on a later entry. */

static void
history_page_proof(history_page_t *page, const paylock_entry_t *e)
{
    paylock_str_t  key;

    key = e->field[PAYLOCK_AUDIT_KEY];

    if (key.len == 0) {
        return;
    }

    template_print(&page->template, "key", "%.*s", HISTORY_PAGE_KEY, key.data);

    if (e->seq <= page->verify->trail.covered) {
        template_print(&page->template, "signed", "1");
    }
}


int
history_page_end(history_page_t *page, const paylock_keyring_t *keys)
{
    int             rc;
    size_t          i;
    template_t     *t;
    paylock_str_t   before, in;

    t = &page->template;
    template_clear(t);

    if (keys->n) {
        template_print(t, "any_key", "1");
    }

    (void) template_cut(&page->rest, "keys", &before, &in);

    rc = template_write(t, before, page->f);

    for (i = 0; i < keys->n && rc == 0; i++) {
        template_clear(t);
        history_page_key(t, &keys->key[i]);
        rc = template_write(t, in, page->f);
    }

    return rc == 0 ? template_write(t, page->rest, page->f) : -1;
}


static void
history_page_key(template_t *t, const paylock_key_t *key)
{
    template_print(t, "key_hex", "%s", key->hex);
    template_print(t, "key_id", "%.*s", HISTORY_PAGE_KEY, key->hex);
    template_print(t, "key_name", "%s", key->signer ? key->signer->name : "");

    if (key->first) {
        template_print(t, "first", "%" PRIu64, key->first);
        template_print(t, "count", "%" PRIu64, key->entries);
    }
}


/* Sets "2026-11-01 08:00:00 UTC", and the same in local time. */

static void
history_page_when(template_t *t, const char *name, const char *local,
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
