
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What answers are made of, as JSON Schema.
 */


#include <stdlib.h>
#include <string.h>

#include "paylock_field.h"
#include "paylockd/schema.h"


/*
 * Members are "name:type", or "name=type" where one may be missing.  A type is
 * a letter or the name of another schema here, "[type]" an array, and with "?"
 * it may be null.
 */

typedef struct {
    const char  *name;
    const char  *members;
} schema_t;


static json_t *schema_object(const schema_t *s);
static json_t *schema_members(const char *text, json_t *required);
static json_t *schema_type(const char *type, size_t len);
static json_t *schema_letter(char letter);
static void schema_fields(json_t *all);
static void schema_field(json_t *schema, const char *name, const char *type);


static const schema_t  schemas[] = {
    { "problem", "type:s title:s status:i detail:s code:s mend:s? host:s?"
      " request_id:s?" },
    { "sites", "data:[site] next:s? total:i as_of_seq:i stale_since:t?" },
    { "site", "host:s stage:g record:s? since:t? next:stage? protected:b"
      " seq:i?" },
    { "stage", "stage:g at:t" },
    { "change", "changed:[s] unchanged:[s] first_seq:i? last_seq:i?"
      " request_id:s dry_run=b nodes=reached" },
    { "reached", "live:i have:i ms:i missing=[s]" },
    { "pass", "host:s dry_run=b url=s issued=t expires=t kid=s seq=i"
      " request_id=s" },
    { "passes", "data:[issued]" },
    { "issued", "host:s state:s issued:t expires:t kid:s actor:s? reason:s?"
      " seq:i" },
    { "audit", "data:[entry] next:i?" },
    { "entry", "seq:i" },
    { "verification", "chain:s host:s? first:i? seq:i? hash:h? before:i?"
      " entries:i leaves:i unsigned:i from:t? to:t? signers:b keys:[key]"
      " given_up:[given_up] records:i? witnesses:[witness] differ:i hosts:[s]"
      " faults:[fault]" },
    { "key", "key:h signer:s? first:i entries:i" },
    { "given_up", "adopt:i signer:s? chain:s? first:i? last:i?" },
    { "witness", "name:s seq:i state:s" },
    { "fault", "kind:s seq:i? message:s" },
    { "nodes", "data:[node]" },
    { "node", "node:s state:s? version:s? chain:s? seq:i? hash:s? lag:i?"
      " records:i held:i unaudited:i dry_run:i written:t age_ms:i ahead_ms:i"
      " silent:b" },
    { "doctor", "data:[finding]" },
    { "finding", "check:s result:s message:s mend:s?" },
    { "tokens", "data:[token]" },
    { "token", "name:s allow:[s] holds:[s] hosts:[s] ip:[s] created:t?"
      " expires:t? revoked:t?" },
    { "me", "actor:s allow:[s] hosts:[s] role:s? expires:t?" },
    { "session", "role:s expires:t" },
    { "session_end", "ended:i" },
    { "health", "live:b stale_since:t? as_of_seq:i" },
    { .name = NULL }
};


json_t *
schema_all(void)
{
    json_t          *all;
    const schema_t  *s;

    all = json_object();

    for (s = schemas; s->name; s++) {
        (void) json_object_set_new(all, s->name, schema_object(s));
    }

    schema_fields(all);

    return all;
}


json_t *
schema_reference(const char *name)
{
    return json_pack("{s:s+}", "$ref", "#/components/schemas/", name);
}


static json_t *
schema_object(const schema_t *s)
{
    json_t  *members, *required;

    required = json_array();
    members = schema_members(s->members, required);

    return json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties",
                     members, "required", required, "additionalProperties", 0);
}


static json_t *
schema_members(const char *text, json_t *required)
{
    char     name[32];
    size_t   len;
    json_t  *members;

    members = json_object();

    for ( /* void */ ; *text; text += len + (text[len] == ' ')) {
        len = strcspn(text, ":=");
        memcpy(name, text, len);
        name[len] = '\0';

        if (text[len] == ':') {
            (void) json_array_append_new(required, json_string(name));
        }

        text += len + 1;
        len = strcspn(text, " ");
        (void) json_object_set_new(members, name, schema_type(text, len));
    }

    return members;
}


static json_t *
schema_type(const char *type, size_t len)
{
    char  name[32];

    if (type[len - 1] == '?') {
        return json_pack("{s:[o, {s:s}]}", "anyOf",
                         schema_type(type, len - 1), "type", "null");
    }

    if (*type == '[') {
        return json_pack("{s:s, s:o}", "type", "array", "items",
                         schema_type(type + 1, len - 2));
    }

    if (len == 1) {
        return schema_letter(*type);
    }

    memcpy(name, type, len);
    name[len] = '\0';

    return schema_reference(name);
}


static json_t *
schema_letter(char letter)
{
    switch (letter) {

    case 'b':
        return json_pack("{s:s}", "type", "boolean");

    case 'g':
        return json_pack("{s:[s, s, s, s, s]}", "enum", "open", "notice",
                         "readonly", "locked", "default");

    case 'h':
        return json_pack("{s:s, s:s}", "type", "string", "pattern",
                         "^[0-9a-f]{64}$");

    case 'i':
        return json_pack("{s:s}", "type", "integer");

    case 't':
        return json_pack("{s:s, s:s}", "type", "string", "pattern",
                         "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:"
                         "[0-9]{2}Z$");

    default:
        return json_pack("{s:s}", "type", "string");
    }
}


/* A site has the fields of its record, an entry those of the stream. */

static void
schema_fields(json_t *all)
{
    size_t                  i;
    const paylock_field_t  *field;

    for (i = 0; i < PAYLOCK_RECORD_FIELDS; i++) {
        field = paylock_record_fields[i];

        if (field->flags & PAYLOCK_FIELD_LIST) {
            schema_field(json_object_get(all, "site"), field->name, "s?");
        }
    }

    for (i = 0; i < PAYLOCK_AUDIT_FIELDS; i++) {
        schema_field(json_object_get(all, "entry"),
                     paylock_entry_fields[i].name, "s");
    }

    /* fields that a newer paylock writes are shown as well */

    (void) json_object_set_new(json_object_get(all, "entry"),
                               "additionalProperties", schema_letter('s'));
}


static void
schema_field(json_t *schema, const char *name, const char *type)
{
    (void) json_object_set_new(json_object_get(schema, "properties"), name,
                               schema_type(type, strlen(type)));
    (void) json_array_append_new(json_object_get(schema, "required"),
                                 json_string(name));
}
