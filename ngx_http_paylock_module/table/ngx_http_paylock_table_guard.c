
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Would a new record open a host?  Compares which records match the names that
 * it concerns, without it and with it, as ngx_http_paylock_host.c does for a
 * request.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_http_paylock_slot.h"
#include "paylock_host.h"


#define NGX_HTTP_PAYLOCK_NEVER  ((uint32_t) -1)


/* the matching records, of which the stricter holds; if n is 0, a default */

typedef struct {
    ngx_uint_t         n;
    size_t             level;          /* of their suffix, or 0 */
    paylock_record_t   record[3];
} ngx_http_paylock_holds_t;


static ngx_uint_t ngx_http_paylock_opens_name(
    const ngx_http_paylock_table_t *table, const char *name, size_t len,
    const paylock_record_t *record, uint32_t now);
static ngx_uint_t ngx_http_paylock_opens_suffix(
    const ngx_http_paylock_table_t *table, const char *name, size_t len,
    paylock_host_kind_e kind, const paylock_record_t *record,
    uint32_t now);
static void ngx_http_paylock_holds_below(
    const ngx_http_paylock_table_t *table, const char *name, size_t len,
    const paylock_record_t *record, ngx_http_paylock_holds_t *before,
    ngx_http_paylock_holds_t *after);
static ngx_uint_t ngx_http_paylock_loosens(
    const ngx_http_paylock_table_t *table,
    const ngx_http_paylock_holds_t *before,
    const ngx_http_paylock_holds_t *after, uint32_t now);
static ngx_uint_t ngx_http_paylock_looser(
    const ngx_http_paylock_table_t *table,
    const ngx_http_paylock_holds_t *before,
    const ngx_http_paylock_holds_t *after, uint32_t now);
static ngx_uint_t ngx_http_paylock_holds_www(
    const ngx_http_paylock_table_t *table, const char *name, size_t len,
    ngx_http_paylock_holds_t *holds);
static unsigned ngx_http_paylock_holds_closed(
    const ngx_http_paylock_holds_t *holds, uint32_t now, unsigned defaults);
static paylock_stage_e ngx_http_paylock_holds_stage(
    const ngx_http_paylock_holds_t *holds, uint32_t now, paylock_stage_e def);
static uint32_t ngx_http_paylock_holds_next(
    const ngx_http_paylock_holds_t *holds, uint32_t now, unsigned defaults);
static ngx_uint_t ngx_http_paylock_holds(
    const ngx_http_paylock_table_t *table, const char *name, size_t len,
    paylock_host_kind_e kind, ngx_http_paylock_holds_t *holds);


/*
 * live, which may be NULL, is to be replaced by record.  Removing a record that
 * closes counts as opening, whatever matches then.
 */

ngx_uint_t
ngx_http_paylock_opens(const ngx_http_paylock_table_t *table,
    const char *field, size_t len, const paylock_record_t *live,
    const paylock_record_t *record, uint32_t now)
{
    size_t                    n;
    ngx_http_paylock_holds_t  before, after;

    if (live && paylock_record_says(live)) {

        if (!paylock_record_says(record)) {
            return paylock_timeline_closes(live, now,
                                           ngx_http_paylock_defaults(table))
                   != 0;
        }

        before.n = 1;
        before.record[0] = *live;
        after.n = 1;
        after.record[0] = *record;

        return ngx_http_paylock_loosens(table, &before, &after, now);
    }

    if (!paylock_record_says(record)) {
        return 0;
    }

    n = paylock_host_suffix(field, len);

    return n ? ngx_http_paylock_opens_suffix(table, field + n, len - n,
                                             paylock_host_kind(field, len),
                                             record, now)
             : ngx_http_paylock_opens_name(table, field, len, record, now);
}


ngx_uint_t
ngx_http_paylock_relaxes(const ngx_http_paylock_table_t *table,
    const char *field, size_t len, const paylock_record_t *record, uint32_t now)
{
    size_t                    n;
    ngx_http_paylock_holds_t  before, after;

    n = paylock_host_suffix(field, len);

    if (n) {
        ngx_http_paylock_holds_below(table, field + n, len - n, record,
                                     &before, &after);
        return ngx_http_paylock_looser(table, &before, &after, now);
    }

    (void) ngx_http_paylock_holds(table, field, len, PAYLOCK_HOST_EXACT,
                                  &before);
    after.n = 1;
    after.record[0] = *record;

    return ngx_http_paylock_looser(table, &before, &after, now)
           || (ngx_http_paylock_holds_www(table, field, len, &before)
               && ngx_http_paylock_looser(table, &before, &after, now));
}


/* Is it less strict at that moment, for one of the defaults? */

static ngx_uint_t
ngx_http_paylock_looser(const ngx_http_paylock_table_t *table,
    const ngx_http_paylock_holds_t *before,
    const ngx_http_paylock_holds_t *after, uint32_t now)
{
    unsigned         defaults;
    paylock_stage_e  def;

    defaults = ngx_http_paylock_defaults(table);

    for (def = PAYLOCK_OPEN; def <= PAYLOCK_LOCKED; def++) {
        if (defaults & 1u << def
            && ngx_http_paylock_holds_stage(after, now, def)
               < ngx_http_paylock_holds_stage(before, now, def))
        {
            return 1;
        }
    }

    return 0;
}


/* A new record of a name concerns the name, and "www." plus the name. */

static ngx_uint_t
ngx_http_paylock_opens_name(const ngx_http_paylock_table_t *table,
    const char *name, size_t len, const paylock_record_t *record, uint32_t now)
{
    ngx_http_paylock_holds_t  before, after;

    after.n = 1;
    after.record[0] = *record;

    (void) ngx_http_paylock_holds(table, name, len, PAYLOCK_HOST_EXACT,
                                  &before);

    return ngx_http_paylock_loosens(table, &before, &after, now)
           || (ngx_http_paylock_holds_www(table, name, len, &before)
               && ngx_http_paylock_loosens(table, &before, &after, now));
}


/* The records that match "www." plus the name; 0: it has one of its own. */

static ngx_uint_t
ngx_http_paylock_holds_www(const ngx_http_paylock_table_t *table,
    const char *name, size_t len, ngx_http_paylock_holds_t *holds)
{
    char  www[PAYLOCK_HOST_NAME];

    if (len + sizeof("www.") - 1 > sizeof(www)) {
        return 0;
    }

    ngx_memcpy(www, "www.", sizeof("www.") - 1);
    ngx_memcpy(www + sizeof("www.") - 1, name, len);

    return !ngx_http_paylock_holds(table, www, len + sizeof("www.") - 1,
                                   PAYLOCK_HOST_EXACT, holds);
}


/* A new record of a suffix concerns the names below it; ".x" also "x". */

static ngx_uint_t
ngx_http_paylock_opens_suffix(const ngx_http_paylock_table_t *table,
    const char *name, size_t len, paylock_host_kind_e kind,
    const paylock_record_t *record, uint32_t now)
{
    ngx_http_paylock_holds_t  before, after;

    if (kind == PAYLOCK_HOST_FROM) {
        after.n = 1;
        after.record[0] = *record;

        if (!ngx_http_paylock_holds(table, name, len, PAYLOCK_HOST_EXACT,
                                    &before)
            && ngx_http_paylock_loosens(table, &before, &after, now))
        {
            return 1;
        }
    }

    ngx_http_paylock_holds_below(table, name, len, record, &before, &after);

    return ngx_http_paylock_loosens(table, &before, &after, now);
}


/* Of two records of the same suffix the stricter holds. */

static void
ngx_http_paylock_holds_below(const ngx_http_paylock_table_t *table,
    const char *name, size_t len, const paylock_record_t *record,
    ngx_http_paylock_holds_t *before, ngx_http_paylock_holds_t *after)
{
    (void) ngx_http_paylock_holds(table, name, len, PAYLOCK_HOST_BELOW,
                                  before);
    after->n = 0;

    if (before->n && before->level == len) {
        *after = *before;
    }

    after->record[after->n++] = *record;
}


/*
 * Is there a time, from now on, at which "before" closes and "after" does not?
 */

static ngx_uint_t
ngx_http_paylock_loosens(const ngx_http_paylock_table_t *table,
    const ngx_http_paylock_holds_t *before,
    const ngx_http_paylock_holds_t *after, uint32_t now)
{
    unsigned  defaults;

    defaults = ngx_http_paylock_defaults(table);

    do {
        if (ngx_http_paylock_holds_closed(before, now, defaults)
            & ~ngx_http_paylock_holds_closed(after, now, defaults))
        {
            return 1;
        }

        now = ngx_min(ngx_http_paylock_holds_next(before, now, defaults),
                      ngx_http_paylock_holds_next(after, now, defaults));

    } while (now != NGX_HTTP_PAYLOCK_NEVER);

    return 0;
}


static unsigned
ngx_http_paylock_holds_closed(const ngx_http_paylock_holds_t *holds,
    uint32_t now, unsigned defaults)
{
    unsigned    closed;
    ngx_uint_t  n;

    if (holds->n == 0) {
        return paylock_timeline_closed(NULL, now, defaults);
    }

    for (closed = 0, n = 0; n < holds->n; n++) {
        closed |= paylock_timeline_closed(&holds->record[n], now, defaults);
    }

    return closed;
}


static paylock_stage_e
ngx_http_paylock_holds_stage(const ngx_http_paylock_holds_t *holds,
    uint32_t now, paylock_stage_e def)
{
    ngx_uint_t       n;
    paylock_stage_e  stage, strictest;

    strictest = holds->n ? PAYLOCK_OPEN : def;

    for (n = 0; n < holds->n; n++) {
        stage = paylock_timeline_stage(&holds->record[n], now, def);
        strictest = ngx_max(stage, strictest);
    }

    return strictest;
}


/* When one of the records changes its stage next. */

static uint32_t
ngx_http_paylock_holds_next(const ngx_http_paylock_holds_t *holds,
    uint32_t now, unsigned defaults)
{
    uint32_t         when, next;
    ngx_uint_t       n;
    paylock_stage_e  def, stage;

    next = NGX_HTTP_PAYLOCK_NEVER;

    for (n = 0; n < holds->n; n++) {
        for (def = PAYLOCK_OPEN; def <= PAYLOCK_LOCKED; def++) {

            if (defaults & 1u << def
                && paylock_timeline_next(&holds->record[n], now, def, &when,
                                         &stage))
            {
                next = ngx_min(next, when);
            }
        }
    }

    return next;
}


/* The records that match a name, or what a suffix stands for; 1: its own. */

static ngx_uint_t
ngx_http_paylock_holds(const ngx_http_paylock_table_t *table,
    const char *name, size_t len, paylock_host_kind_e kind,
    ngx_http_paylock_holds_t *holds)
{
    const char                *from;
    paylock_record_t          *record;
    ngx_http_paylock_key_t     key;
    paylock_host_candidate_t   c;

    holds->n = 0;
    holds->level = 0;
    from = NULL;

    paylock_host_candidates(&c, name, len, kind, 1);

    while (paylock_host_next(&c)) {

        if (holds->n && !paylock_host_beside(&c, from)) {
            break;
        }

        if (c.kind != PAYLOCK_HOST_EXACT
            && !ngx_http_paylock_suffixes(table, c.len))
        {
            continue;
        }

        record = &holds->record[holds->n];

        ngx_http_paylock_table_key(table, (const u_char *) c.name, c.len,
                                   &key);
        ngx_http_paylock_table_kind(&key, c.kind, c.len);

        if (ngx_http_paylock_table_find(table, &key, record)
            && paylock_record_says(record))
        {
            holds->n++;
            holds->level = c.kind == PAYLOCK_HOST_EXACT ? 0 : c.len;
            from = c.name;
        }
    }

    return from == name && holds->level == 0;
}
