
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What holds for the names that a record concerns, without it and with it:
 * as ngx_http_paylock_host.c finds it for a request.
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_http_paylock_slot.h"
#include "paylock_host.h"


#define NGX_HTTP_PAYLOCK_NEVER  ((uint32_t) -1)


/* the records of which the stricter one holds; none: a default does */

typedef struct {
    ngx_uint_t         n;
    size_t             level;          /* if of a suffix: its length */
    paylock_record_t   record[3];
} ngx_http_paylock_holds_t;


static ngx_uint_t ngx_http_paylock_opens_name(
    const ngx_http_paylock_table_t *table, const char *name, size_t len,
    const paylock_record_t *record, uint32_t now);
static ngx_uint_t ngx_http_paylock_opens_suffix(
    const ngx_http_paylock_table_t *table, const char *name, size_t len,
    paylock_host_kind_e kind, const paylock_record_t *record,
    uint32_t now);
static ngx_uint_t ngx_http_paylock_loosens(
    const ngx_http_paylock_table_t *table,
    const ngx_http_paylock_holds_t *before,
    const ngx_http_paylock_holds_t *after, uint32_t now);
static unsigned ngx_http_paylock_holds_closed(
    const ngx_http_paylock_holds_t *holds, uint32_t now, unsigned defaults);
static uint32_t ngx_http_paylock_holds_next(
    const ngx_http_paylock_holds_t *holds, uint32_t now, unsigned defaults);
static ngx_uint_t ngx_http_paylock_holds(
    const ngx_http_paylock_table_t *table, const char *name, size_t len,
    paylock_host_kind_e kind, ngx_http_paylock_holds_t *holds);


/*
 * Of the records that the host has now, and is to have, the first may be NULL.
 * To take away what closes is to open, whatever holds then.
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


/* A name's first record concerns the name, and it with "www." in front. */

static ngx_uint_t
ngx_http_paylock_opens_name(const ngx_http_paylock_table_t *table,
    const char *name, size_t len, const paylock_record_t *record, uint32_t now)
{
    char                      www[PAYLOCK_HOST_NAME];
    ngx_http_paylock_holds_t  before, after;

    after.n = 1;
    after.record[0] = *record;

    (void) ngx_http_paylock_holds(table, name, len, PAYLOCK_HOST_EXACT,
                                  &before);

    if (ngx_http_paylock_loosens(table, &before, &after, now)) {
        return 1;
    }

    if (len + sizeof("www.") - 1 > sizeof(www)) {
        return 0;
    }

    ngx_memcpy(www, "www.", sizeof("www.") - 1);
    ngx_memcpy(www + sizeof("www.") - 1, name, len);
    len += sizeof("www.") - 1;

    return !ngx_http_paylock_holds(table, www, len, PAYLOCK_HOST_EXACT,
                                   &before)
           && ngx_http_paylock_loosens(table, &before, &after, now);
}


/* A suffix's, the names below it, and ".x" that name as well. */

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

    (void) ngx_http_paylock_holds(table, name, len, PAYLOCK_HOST_BELOW,
                                  &before);

    /* beside one of the same suffix the stricter holds */

    after.n = 0;

    if (before.n && before.level == len) {
        after = before;
    }

    after.record[after.n++] = *record;

    return ngx_http_paylock_loosens(table, &before, &after, now);
}


/* Is there a time, now or to come, at which one closes and the other not? */

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


/* When one of the records means something else the next time. */

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


/* What holds for a name, or what a suffix stands for; 1 if its own record. */

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
