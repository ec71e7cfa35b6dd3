
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What an entry says of the record before it is the word of its signer, who may
 * lie, or may have read what somebody put into Redis.  So an entry is compared
 * with what is applied here: none does more than its signer may, and none opens
 * what it does not say to open.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <inttypes.h>

#include "ngx_http_paylock_trust.h"
#include "paylock_host.h"
#include "paylock_rule.h"


static const paylock_signer_t *ngx_http_paylock_trust_compared(
    ngx_http_paylock_feed_t *feed, const paylock_entry_t *entry);
static ngx_uint_t ngx_http_paylock_trust_opens(const paylock_entry_t *entry);
static const paylock_signer_t *ngx_http_paylock_trust_signer(
    ngx_http_paylock_feed_t *feed, const paylock_entry_t *entry);
static ngx_int_t ngx_http_paylock_trust_unfit(ngx_http_paylock_feed_t *feed,
    const paylock_entry_t *entry, const paylock_signer_t *signer,
    const char *why);
static const char *ngx_http_paylock_trust_exceeds(
    ngx_http_paylock_feed_t *feed, const paylock_entry_t *entry,
    const paylock_signer_t *signer);
static const char *ngx_http_paylock_trust_lock(ngx_http_paylock_feed_t *feed,
    const paylock_entry_t *entry, const paylock_record_t *live,
    const paylock_record_t *record, uint32_t from, unsigned needs);
static void ngx_http_paylock_trust_record(paylock_str_t text,
    paylock_record_t *record);
static ngx_uint_t ngx_http_paylock_trust_closes(
    const paylock_record_t *record);


/*
 * Must the entries before it be applied first?  They must if one of them
 * concerns the host; and if the entry plans a lock, as the host may be closed
 * by the record of another name.
 */

ngx_uint_t
ngx_http_paylock_trust_waits(ngx_http_paylock_feed_t *feed,
    const paylock_entry_t *entry)
{
    ngx_uint_t                 seen;
    paylock_str_t              host;
    paylock_record_t           record;
    ngx_http_paylock_key_t     key;
    ngx_http_paylock_trust_t  *trust;

    trust = feed->trust;

    if (feed->done == 0) {
        ngx_memzero(feed->seen, sizeof(feed->seen));
    }

    if (!paylock_entry_writes(entry)) {
        return 0;
    }

    host = entry->field[PAYLOCK_AUDIT_HOST];
    ngx_http_paylock_table_field(&feed->pmcf->table, host.data, host.len, &key);

    seen = ngx_http_paylock_apply_seen(feed->seen, &key);

    if (trust->n == 0 || !paylock_entry_changes(entry)
        || ngx_http_paylock_trust_compared(feed, entry) == NULL)
    {
        return 0;
    }

    ngx_http_paylock_trust_record(entry->field[PAYLOCK_AUDIT_AFTER], &record);

    return seen || (paylock_verify_is(entry, "lock")
                    && !ngx_http_paylock_trust_closes(&record));
}


/* NGX_DECLINED: it does more than it says, or its signer may; see v.fault. */

ngx_int_t
ngx_http_paylock_trust_limits(ngx_http_paylock_feed_t *feed,
    const paylock_entry_t *entry)
{
    const char              *why;
    const paylock_signer_t  *signer;

    signer = ngx_http_paylock_trust_compared(feed, entry);

    if (signer == NULL || !paylock_entry_changes(entry)) {
        return NGX_OK;
    }

    why = ngx_http_paylock_trust_exceeds(feed, entry, signer);

    return why ? ngx_http_paylock_trust_unfit(feed, entry, signer, why)
               : NGX_OK;
}


/*
 * During a scan nothing need be in force: what the scan has noted counts.  For
 * whoever may do everything the root is enough.
 */

ngx_int_t
ngx_http_paylock_trust_limits_noted(ngx_http_paylock_feed_t *feed,
    const paylock_entry_t *entry, const ngx_http_paylock_key_t *key)
{
    paylock_record_t         before, noted;
    const paylock_signer_t  *signer;

    signer = ngx_http_paylock_trust_signer(feed, entry);

    if (signer == NULL || signer->may == 0) {
        return NGX_OK;
    }

    if (!ngx_http_paylock_table_note_find(&feed->pmcf->table, key, &noted)) {
        ngx_memzero(&noted, sizeof(paylock_record_t));
    }

    ngx_http_paylock_trust_record(entry->field[PAYLOCK_AUDIT_BEFORE], &before);

    return ngx_memcmp(&before, &noted, sizeof(paylock_record_t)) == 0
           ? NGX_OK
           : ngx_http_paylock_trust_unfit(feed, entry, signer, "names another "
                                          "record before it than there was");
}


static ngx_int_t
ngx_http_paylock_trust_unfit(ngx_http_paylock_feed_t *feed,
    const paylock_entry_t *entry, const paylock_signer_t *signer,
    const char *why)
{
    feed->trust->unfit = entry->seq;

    (void) paylock_verify_bad(&feed->trust->v, PAYLOCK_FAULT_KEY, entry->seq,
                              "entry %" PRIu64 " of %s %s, by what is in "
                              "force here", entry->seq, signer->name, why);

    return NGX_DECLINED;
}


/* The signer, if the entry is to be compared. */

static const paylock_signer_t *
ngx_http_paylock_trust_compared(ngx_http_paylock_feed_t *feed,
    const paylock_entry_t *entry)
{
    const paylock_signer_t  *signer;

    signer = ngx_http_paylock_trust_signer(feed, entry);

    return signer && signer->may == 0 && ngx_http_paylock_trust_opens(entry)
           ? NULL : signer;
}


/*
 * Does it say that it opens the host, and for good, whatever was before?  Then
 * no pass is needed either; but those of a suffix may concern hosts below it
 * that are closed.
 */

static ngx_uint_t
ngx_http_paylock_trust_opens(const paylock_entry_t *entry)
{
    paylock_record_t      record;
    const paylock_str_t  *host;

    if (!paylock_verify_is(entry, "unlock")
        && !paylock_verify_is(entry, "import"))
    {
        return 0;
    }

    host = &entry->field[PAYLOCK_AUDIT_HOST];

    ngx_http_paylock_trust_record(entry->field[PAYLOCK_AUDIT_AFTER], &record);

    return paylock_host_suffix(host->data, host->len) == 0
           && paylock_timeline_closes(&record, record.time[PAYLOCK_AT],
                                      1u << PAYLOCK_OPEN | 1u << PAYLOCK_LOCKED)
              == 0;
}


static const paylock_signer_t *
ngx_http_paylock_trust_signer(ngx_http_paylock_feed_t *feed,
    const paylock_entry_t *entry)
{
    const paylock_str_t  *key;

    key = &entry->field[PAYLOCK_AUDIT_KEY];

    return key->len ? paylock_signers_find(&feed->pmcf->signers.list, key->data)
                    : NULL;
}


static const char *
ngx_http_paylock_trust_exceeds(ngx_http_paylock_feed_t *feed,
    const paylock_entry_t *entry, const paylock_signer_t *signer)
{
    unsigned                   needs;
    uint32_t                   from;
    const char                *why;
    ngx_uint_t                 found;
    paylock_str_t              host, action, more;
    paylock_record_t           live, record;
    ngx_http_paylock_key_t     key;
    ngx_http_paylock_table_t  *table;

    table = &feed->pmcf->table;
    host = entry->field[PAYLOCK_AUDIT_HOST];
    action = entry->field[PAYLOCK_AUDIT_ACTION];

    ngx_http_paylock_trust_record(entry->field[PAYLOCK_AUDIT_AFTER], &record);
    ngx_http_paylock_table_field(table, host.data, host.len, &key);

    found = ngx_http_paylock_table_find(table, &key, &live);

    if (!found) {
        ngx_memzero(&live, sizeof(paylock_record_t));
    }

    from = ngx_min((time_t) record.time[PAYLOCK_AT],
                   ngx_time() + PAYLOCK_RULE_AHEAD);

    why = paylock_rule_times(action, &live, &record, from, &needs);

    if (why == NULL && paylock_str_is(action, "lock")) {
        why = ngx_http_paylock_trust_lock(feed, entry, &live, &record, from,
                                          needs);
    }

    if (why || signer->may == 0) {
        return why;
    }

    more = paylock_rule_needs(needs);

    if (more.len && !paylock_signer_may(signer, more)) {
        return needs & PAYLOCK_RULE_OPENS ? "opens a host"
                                          : "closes a host";
    }

    /* where the host has no record, that of another name may close it */

    if (paylock_str_is(action, "lock")
        && !paylock_signer_may(signer, paylock_string("unlock"))
        && !paylock_record_says(&live)
        && ngx_http_paylock_opens(table, host.data, host.len,
                                  found ? &live : NULL, &record, from))
    {
        return "opens a host";
    }

    return NULL;
}


/*
 * A lock may put off what is planned, if it was made from that.  And it leaves
 * no host less strict than the record of another name does now.
 */

static const char *
ngx_http_paylock_trust_lock(ngx_http_paylock_feed_t *feed,
    const paylock_entry_t *entry, const paylock_record_t *live,
    const paylock_record_t *record, uint32_t from, unsigned needs)
{
    paylock_str_t      host;
    paylock_record_t   before;

    ngx_http_paylock_trust_record(entry->field[PAYLOCK_AUDIT_BEFORE], &before);

    if (needs & PAYLOCK_RULE_OPENS
        && ngx_memcmp(&before, live, sizeof(paylock_record_t)) != 0)
    {
        return "goes on from another record, and opens a host";
    }

    host = entry->field[PAYLOCK_AUDIT_HOST];

    return !paylock_record_says(live)
           && ngx_http_paylock_relaxes(&feed->pmcf->table, host.data, host.len,
                                       record, from)
           ? "opens a host" : NULL;
}


static void
ngx_http_paylock_trust_record(paylock_str_t text, paylock_record_t *record)
{
    if (text.len == 0
        || paylock_record_parse(text.data, text.len, record) != NULL)
    {
        ngx_memzero(record, sizeof(paylock_record_t));
    }
}


/* Does it close its host now and for ever? */

static ngx_uint_t
ngx_http_paylock_trust_closes(const paylock_record_t *record)
{
    return paylock_timeline_come(record, PAYLOCK_LOCK_AT, 0)
           && !paylock_record_has(record, PAYLOCK_OPEN_AT);
}
