
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "paylock_rule.h"
#include "paylock_timeline.h"


/* What the record after may differ in from the one before. */

#define PAYLOCK_RULE_HOST       0x01   /* there is one: the action has a host */
#define PAYLOCK_RULE_STAGES     0x02   /* when the host is open or closed */
#define PAYLOCK_RULE_PASSES     0x04   /* pass_after, but never to less */
#define PAYLOCK_RULE_REF        0x08
#define PAYLOCK_RULE_TEXTS      0x10   /* anything else but "protected" */
#define PAYLOCK_RULE_PROTECT    0x20   /* is protected afterwards */
#define PAYLOCK_RULE_UNPROTECT  0x40   /* ... and is not */
#define PAYLOCK_RULE_REMOVE     0x80   /* it says nothing, or is gone */
#define PAYLOCK_RULE_BEGIN      0x100  /* what was before is not asked for */

#define PAYLOCK_RULE_DEFAULTS   (1u << PAYLOCK_OPEN | 1u << PAYLOCK_LOCKED)


/* Are the times those of the action?  As paylock_rule_times(). */

typedef const char *(*paylock_rule_stages_pt)(const paylock_record_t *before,
    const paylock_record_t *after, uint32_t from, unsigned *needs);


typedef struct {
    const char              *action;
    unsigned                 flags;
    paylock_rule_stages_pt   stages;
} paylock_rule_t;


/* A record of an entry. */

typedef struct {
    paylock_str_t      text;
    paylock_record_t   rec;
    json_t            *json;           /* NULL: there is none, or it is plain */
    uint64_t           entry;
    unsigned           there:1;
    unsigned           is_protected:1;
} paylock_rule_record_t;


static const paylock_rule_t *paylock_rule(paylock_str_t action);
static const char *paylock_rule_read(paylock_rule_record_t *r,
    paylock_str_t text);
static const char *paylock_rule_records(const paylock_rule_t *rule,
    const paylock_rule_record_t *before, const paylock_rule_record_t *after,
    unsigned *needs);
static const char *paylock_rule_differs(const paylock_rule_t *rule,
    const paylock_record_t *before, const paylock_record_t *after,
    uint32_t from, unsigned *needs);
static int paylock_rule_is_kept(const paylock_rule_record_t *before,
    const paylock_rule_record_t *after);
static int paylock_rule_is_renumbered(paylock_str_t before,
    paylock_str_t after);
static json_t *paylock_rule_json(const paylock_rule_record_t *r);
static const char *paylock_rule_lock(const paylock_record_t *before,
    const paylock_record_t *after, uint32_t from, unsigned *needs);
static const char *paylock_rule_unlock(const paylock_record_t *before,
    const paylock_record_t *after, uint32_t from, unsigned *needs);
static const char *paylock_rule_protect(const paylock_record_t *before,
    const paylock_record_t *after, uint32_t from, unsigned *needs);


static const paylock_rule_t  paylock_rules[] = {

    { "lock", PAYLOCK_RULE_HOST|PAYLOCK_RULE_STAGES|PAYLOCK_RULE_PASSES
              |PAYLOCK_RULE_REF|PAYLOCK_RULE_TEXTS, paylock_rule_lock },

    { "unlock", PAYLOCK_RULE_HOST|PAYLOCK_RULE_STAGES|PAYLOCK_RULE_REF
                |PAYLOCK_RULE_TEXTS, paylock_rule_unlock },

    { "reset", PAYLOCK_RULE_HOST|PAYLOCK_RULE_STAGES|PAYLOCK_RULE_REF
               |PAYLOCK_RULE_TEXTS|PAYLOCK_RULE_REMOVE, NULL },

    { "import", PAYLOCK_RULE_HOST|PAYLOCK_RULE_STAGES|PAYLOCK_RULE_PASSES
                |PAYLOCK_RULE_REF|PAYLOCK_RULE_TEXTS, NULL },

    { "notice", PAYLOCK_RULE_HOST, NULL },
    { "pass-issue", PAYLOCK_RULE_HOST, NULL },

    { "pass-revoke", PAYLOCK_RULE_HOST|PAYLOCK_RULE_PASSES|PAYLOCK_RULE_TEXTS,
      NULL },

    { "protect", PAYLOCK_RULE_HOST|PAYLOCK_RULE_STAGES|PAYLOCK_RULE_REF
                 |PAYLOCK_RULE_TEXTS|PAYLOCK_RULE_PROTECT,
      paylock_rule_protect },

    { "unprotect", PAYLOCK_RULE_HOST|PAYLOCK_RULE_TEXTS
                   |PAYLOCK_RULE_UNPROTECT, NULL },

    { "init", 0, NULL },
    { "adopt", 0, NULL },
    { "archive", PAYLOCK_RULE_BEGIN, NULL },
    { "token-create", 0, NULL },
    { "token-revoke", 0, NULL },

    { NULL, 0, NULL }
};


const char *
paylock_rule_entry(const paylock_entry_t *e, unsigned *needs)
{
    const char             *why;
    const paylock_str_t    *f;
    const paylock_rule_t   *rule;
    paylock_rule_record_t   before, after;

    f = e->field;
    *needs = 0;
    rule = paylock_rule(f[PAYLOCK_AUDIT_ACTION]);

    if (rule == NULL) {
        return "has an action that is not known here: upgrade this first";
    }

    if (!(rule->flags & PAYLOCK_RULE_HOST)) {
        *needs = rule->flags & PAYLOCK_RULE_BEGIN ? PAYLOCK_RULE_BEGINS : 0;

        return f[PAYLOCK_AUDIT_HOST].len || f[PAYLOCK_AUDIT_BEFORE].len
               || f[PAYLOCK_AUDIT_AFTER].len
               ? "has a host or a record, which its action does not" : NULL;
    }

    if (f[PAYLOCK_AUDIT_HOST].len == 0) {
        return "has no host";
    }

    why = paylock_rule_read(&after, f[PAYLOCK_AUDIT_AFTER]);

    if (why) {
        return "has an \"after\" that is no record";
    }

    if (after.there ? after.entry != e->seq
                    : !(rule->flags & PAYLOCK_RULE_REMOVE))
    {
        json_decref(after.json);
        return "has no \"after\" with its own number as \"entry\"";
    }

    /* what is no record says nothing */

    (void) paylock_rule_read(&before, f[PAYLOCK_AUDIT_BEFORE]);

    why = paylock_rule_records(rule, &before, &after, needs);

    json_decref(before.json);
    json_decref(after.json);

    return why;
}


const char *
paylock_rule_times(paylock_str_t action, const paylock_record_t *before,
    const paylock_record_t *after, uint32_t from, unsigned *needs)
{
    const paylock_rule_t  *rule;

    *needs = 0;
    rule = paylock_rule(action);

    return rule == NULL ? NULL
           : paylock_rule_differs(rule, before, after, from, needs);
}


paylock_str_t
paylock_rule_needs(unsigned needs)
{
    paylock_str_t  action;

    action.data = needs & PAYLOCK_RULE_OPENS ? "unlock"
                  : needs & PAYLOCK_RULE_CLOSES ? "lock"
                  : needs & PAYLOCK_RULE_BEGINS ? "adopt" : "";
    action.len = strlen(action.data);

    return action;
}


static const paylock_rule_t *
paylock_rule(paylock_str_t action)
{
    const paylock_rule_t  *rule;

    for (rule = paylock_rules; rule->action; rule++) {
        if (paylock_str_is(action, rule->action)) {
            return rule;
        }
    }

    return NULL;
}


/* Nearly all records are plain: the JSON parser is ten times as slow. */

static const char *
paylock_rule_read(paylock_rule_record_t *r, paylock_str_t text)
{
    const char  *why;

    memset(r, 0, sizeof(paylock_rule_record_t));
    r->text = text;

    if (text.len == 0) {
        return NULL;
    }

    if (paylock_record_plain(text.data, text.len, &r->rec)) {
        r->there = 1;
        r->entry = paylock_record_seq(text.data, text.len);
        return NULL;
    }

    r->json = paylock_record_load(text.data, text.len, &why);

    if (r->json == NULL) {
        return why;
    }

    why = paylock_record_from_json(r->json, &r->rec);

    r->there = 1;
    r->entry = paylock_record_entry(r->json);
    r->is_protected = paylock_record_protected(r->json);

    return why;
}


static const char *
paylock_rule_records(const paylock_rule_t *rule,
    const paylock_rule_record_t *before, const paylock_rule_record_t *after,
    unsigned *needs)
{
    int  is_protected;

    if (!(rule->flags & ~PAYLOCK_RULE_HOST)) {
        return paylock_rule_is_kept(before, after) ? NULL
               : "changes more of the record than its number";
    }

    is_protected = rule->flags & PAYLOCK_RULE_PROTECT ? 1
                   : rule->flags & PAYLOCK_RULE_UNPROTECT ? 0
                   : before->is_protected;

    if (after->is_protected != is_protected) {
        return "changes \"protected\" otherwise than its action says";
    }

    if (is_protected && rule->flags & PAYLOCK_RULE_STAGES
        && paylock_timeline_closes(&after->rec, after->rec.time[PAYLOCK_AT],
                                   1u << PAYLOCK_OPEN))
    {
        return "closes a host that is protected";
    }

    /* what is protected stays open */

    if (rule->flags & PAYLOCK_RULE_REMOVE && !is_protected
        && paylock_record_says(&after->rec))
    {
        return "resets, and leaves a record that opens or closes the host";
    }

    if (!(rule->flags & PAYLOCK_RULE_REF)
        && (before->rec.ref_len != after->rec.ref_len
            || memcmp(before->rec.ref, after->rec.ref, PAYLOCK_REF_MAX) != 0))
    {
        return "changes the ref, which its action does not";
    }

    return paylock_rule_differs(rule, &before->rec, &after->rec,
                                after->rec.time[PAYLOCK_AT], needs);
}


static const char *
paylock_rule_differs(const paylock_rule_t *rule,
    const paylock_record_t *before, const paylock_record_t *after,
    uint32_t from, unsigned *needs)
{
    uint32_t  was, is;

    was = before->time[PAYLOCK_PASS_AFTER];
    is = after->time[PAYLOCK_PASS_AFTER];

    if (is < was) {
        return "makes passes good again that were revoked";
    }

    if (is > was && !(rule->flags & PAYLOCK_RULE_PASSES)) {
        return "revokes passes, which its action does not";
    }

    if (!(rule->flags & PAYLOCK_RULE_STAGES)
        && paylock_timeline_differs(before, after, from,
                                    PAYLOCK_RULE_DEFAULTS))
    {
        return "changes when the host is closed, which its action does not";
    }

    return rule->stages ? rule->stages(before, after, from, needs) : NULL;
}


/* Is it the same record, but for the number? */

static int
paylock_rule_is_kept(const paylock_rule_record_t *before,
    const paylock_rule_record_t *after)
{
    int      same;
    char     text[40];
    json_t  *was, *is;

    if (!before->there) {
        (void) snprintf(text, sizeof(text), "{\"" PAYLOCK_ENTRY "\":%" PRIu64
                        "}", after->entry);
        return paylock_str_is(after->text, text);
    }

    if (!before->json && !after->json
        && paylock_rule_is_renumbered(before->text, after->text))
    {
        return 1;
    }

    was = paylock_rule_json(before);
    is = paylock_rule_json(after);

    same = was && is
           && json_object_set(was, PAYLOCK_ENTRY,
                              json_object_get(is, PAYLOCK_ENTRY)) == 0
           && json_equal(was, is);

    json_decref(was);
    json_decref(is);

    return same;
}


/* The same for two plain records, byte by byte. */

static int
paylock_rule_is_renumbered(paylock_str_t before, paylock_str_t after)
{
    size_t  i, n;

    static const char  name[] = "\"" PAYLOCK_ENTRY "\":";

    n = sizeof(name) - 1;

    for (i = 0; i < before.len && i < after.len
                && before.data[i] == after.data[i]; i++)
    {
        /* void */
    }

    /* they differ in a digit, or behind the last one: back to the first */

    while (i && before.data[i - 1] >= '0' && before.data[i - 1] <= '9') {
        i--;
    }

    if (i < n || memcmp(before.data + i - n, name, n) != 0) {
        return 0;
    }

    for (n = i; n < before.len && before.data[n] >= '0'
                && before.data[n] <= '9'; n++)
    {
        /* void */
    }

    while (i < after.len && after.data[i] >= '0' && after.data[i] <= '9') {
        i++;
    }

    return before.len - n == after.len - i
           && memcmp(before.data + n, after.data + i, after.len - i) == 0;
}


static json_t *
paylock_rule_json(const paylock_rule_record_t *r)
{
    const char  *why;

    return r->json ? json_deep_copy(r->json)
                   : paylock_record_load(r->text.data, r->text.len, &why);
}


/*
 * A lock leaves no host more open than its record had it, at the moment.  A
 * plan may: an opening, or a later closing.
 */

static const char *
paylock_rule_lock(const paylock_record_t *before,
    const paylock_record_t *after, uint32_t from, unsigned *needs)
{
    unsigned         differs;
    paylock_stage_e  def;

    for (def = PAYLOCK_OPEN; def <= PAYLOCK_LOCKED; def++) {
        if (PAYLOCK_RULE_DEFAULTS & 1u << def
            && paylock_record_says(before)
            && paylock_timeline_stage(after, from, def)
               < paylock_timeline_stage(before, from, def))
        {
            return "locks, and leaves the host more open than it was";
        }
    }

    differs = paylock_timeline_differs(before, after, from,
                                       PAYLOCK_RULE_DEFAULTS);

    *needs = differs & PAYLOCK_TIMELINE_LOOSER ? PAYLOCK_RULE_OPENS : 0;

    return NULL;
}


static const char *
paylock_rule_unlock(const paylock_record_t *before,
    const paylock_record_t *after, uint32_t from, unsigned *needs)
{
    unsigned  differs;

    if (paylock_timeline_stage(after, from, PAYLOCK_LOCKED) != PAYLOCK_OPEN) {
        return "unlocks, and does not leave the host open";
    }

    differs = paylock_timeline_differs(before, after, from,
                                       PAYLOCK_RULE_DEFAULTS);

    *needs = differs & PAYLOCK_TIMELINE_STRICTER ? PAYLOCK_RULE_CLOSES : 0;

    return NULL;
}


/* It opens nothing that a record closes, or will. */

static const char *
paylock_rule_protect(const paylock_record_t *before,
    const paylock_record_t *after, uint32_t from, unsigned *needs)
{
    uint32_t         when;
    paylock_stage_e  stage;

    (void) needs;

    if (paylock_timeline_stage(after, from, PAYLOCK_LOCKED) != PAYLOCK_OPEN
        || paylock_timeline_next(after, from, PAYLOCK_LOCKED, &when, &stage))
    {
        return "protects, and does not leave the host open";
    }

    return paylock_timeline_differs(before, after, from, 1u << PAYLOCK_OPEN)
           ? "protects, and opens a host that was closed or to be closed"
           : NULL;
}
