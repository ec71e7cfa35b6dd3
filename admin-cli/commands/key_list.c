
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/time_text.h"
#include "cli/output.h"
#include "commands.h"
#include "trail/trust.h"


static void key_list_entry(void *data, const paylock_entry_t *e);
static void key_list_add(json_t *keys, const paylock_entry_t *e,
    const char *key);
static json_t *key_list_time(const paylock_entry_t *e);
static json_t *key_list_field(const paylock_entry_t *e,
    paylock_audit_field_e field);
static int key_list_report(admin_t *a, json_t *keys);
static void key_list_print(const json_t *key);
static void key_list_print_event(const char *what, const json_t *event);


int
cmd_key_list(admin_t *a)
{
    int                status;
    json_t            *keys;
    paylock_verify_t   v;

    paylock_verify_begin(&v, a->known.chain, a->ctl->trust.genesis);
    keys = json_array();

    status = trust_walk(a->ctl, &v, 0, key_list_entry, keys);

    if (status != STATUS_DONE) {
        json_decref(keys);

    } else {

        if (v.fault.kind != PAYLOCK_FAULT_NONE) {
            control_warn(a->ctl, "chain_forged", "",
                         "\"paylock-admin audit verify\" "
                         "says more", "what follows in the audit trail is not "
                         "believed: %s", v.fault.text);
        }

        strcpy(a->ctl->trust.genesis, v.genesis);
        trust_warn(a->ctl);

        status = key_list_report(a, keys);
    }

    paylock_verify_free(&v);

    return status;
}


/* The key of the first signed entry is trusted from there on. */

static void
key_list_entry(void *data, const paylock_entry_t *e)
{
    int                   add;
    char                  subject[PAYLOCK_KEY_LEN + 1];
    size_t                i;
    json_t               *keys, *key;
    const paylock_str_t  *f;

    keys = data;
    f = e->field;
    add = paylock_verify_is(e, "key-add");

    if (f[PAYLOCK_AUDIT_KEY].len == 0) {
        return;
    }

    if (json_array_size(keys) == 0 && !add) {
        key_list_add(keys, e, f[PAYLOCK_AUDIT_KEY].data);
    }

    if ((!add && !paylock_verify_is(e, "key-revoke"))
        || f[PAYLOCK_AUDIT_SUBJECT].len != PAYLOCK_KEY_LEN)
    {
        return;
    }

    (void) snprintf(subject, sizeof(subject), "%s",
                    f[PAYLOCK_AUDIT_SUBJECT].data);

    /* a key that was added again has another line */

    for (i = json_array_size(keys); i-- > 0; /* void */ ) {
        key = json_array_get(keys, i);

        if (strcmp(json_string_value(json_object_get(key, "key")), subject)
            == 0 && json_is_null(json_object_get(key, "revoked")))
        {
            if (!add) {
                (void) json_object_set_new(key, "revoked", key_list_time(e));
            }

            return;
        }
    }

    if (add) {
        key_list_add(keys, e, subject);
    }
}


static void
key_list_add(json_t *keys, const paylock_entry_t *e, const char *key)
{
    (void) json_array_append_new(keys,
        json_pack("{s:s#, s:o, s:o, s:n}", "key", key, PAYLOCK_KEY_LEN,
                  "reason", key_list_field(e, PAYLOCK_AUDIT_REASON),
                  "added", key_list_time(e), "revoked"));
}


static json_t *
key_list_time(const paylock_entry_t *e)
{
    char      when[TIME_TEXT];
    uint64_t  seconds;

    seconds = strtoull(e->field[PAYLOCK_AUDIT_TIME].data, NULL, 10) / 1000;
    time_utc(seconds < UINT32_MAX ? (uint32_t) seconds : UINT32_MAX, when);

    return json_pack("{s:o, s:s, s:o, s:o}", "seq", output_number(e->seq),
                     "time", when, "by", key_list_field(e, PAYLOCK_AUDIT_KEY),
                     "actor", key_list_field(e, PAYLOCK_AUDIT_ACTOR));
}


static json_t *
key_list_field(const paylock_entry_t *e, paylock_audit_field_e field)
{
    return text_json(e->field[field].data, e->field[field].len);
}


static int
key_list_report(admin_t *a, json_t *keys)
{
    size_t   i;
    json_t  *key;

    if (output_is_text(a)) {
        json_array_foreach(keys, i, key) {
            key_list_print(key);
        }
    }

    return output_print_json(a, keys);
}


static void
key_list_print(const json_t *key)
{
    const json_t  *reason;

    reason = json_object_get(key, "reason");

    (void) printf("%s", json_string_value(json_object_get(key, "key")));

    if (json_is_string(reason)) {
        (void) printf(" ");
        text_print(stdout, json_string_value(reason),
                   json_string_length(reason));
    }

    key_list_print_event("\n    added", json_object_get(key, "added"));

    if (json_is_object(json_object_get(key, "revoked"))) {
        key_list_print_event("\n    revoked", json_object_get(key, "revoked"));
    }

    (void) putchar('\n');
}


static void
key_list_print_event(const char *what, const json_t *event)
{
    char           when[TIME_TEXT];
    uint32_t       seconds;
    const json_t  *actor;

    actor = json_object_get(event, "actor");
    (void) time_parse(json_string_value(json_object_get(event, "time")), 0,
                      &seconds);
    time_local(seconds, when);

    (void) printf("%s %s, entry %" JSON_INTEGER_FORMAT ", by ", what, when,
                  json_integer_value(json_object_get(event, "seq")));
    text_print(stdout, json_is_string(actor) ? json_string_value(actor) : "?",
               json_is_string(actor) ? json_string_length(actor) : 1);
    (void) printf(" with key %.8s",
                  json_string_value(json_object_get(event, "by")));
}
