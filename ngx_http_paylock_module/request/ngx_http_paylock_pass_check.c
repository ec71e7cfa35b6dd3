
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Is the pass good that a client has shown?
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_request.h"
#include "ngx_http_paylock_slot.h"


static void ngx_http_paylock_pass_later(const paylock_record_t *record,
    uint32_t *after);


/*
 * Passes that were issued before this time are revoked: the latest "pass_after"
 * of all records that match the name, even of those that set no stage.  If the
 * request names two hosts, UINT32_MAX: no pass is good.
 */

uint32_t
ngx_http_paylock_pass_good_after(ngx_http_request_t *r,
    ngx_http_paylock_verdict_t *verdict)
{
    uint32_t                       after;
    paylock_record_t               record;
    ngx_http_paylock_key_t         key;
    paylock_host_candidate_t       c;
    ngx_http_paylock_main_conf_t  *pmcf;

    if (verdict->two_hosts) {
        return UINT32_MAX;
    }

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_paylock_module);

    after = 0;

    if (verdict->found) {
        ngx_http_paylock_pass_later(&verdict->record, &after);
    }

    paylock_host_candidates(&c, (char *) verdict->name.data, verdict->name.len,
                            PAYLOCK_HOST_EXACT, 1);

    while (paylock_host_next(&c)) {
        ngx_http_paylock_table_key(&pmcf->table, (u_char *) c.name, c.len,
                                   &key);
        ngx_http_paylock_table_kind(&key, c.kind, c.len);

        if (ngx_http_paylock_table_find(&pmcf->table, &key, &record)) {
            ngx_http_paylock_pass_later(&record, &after);
        }
    }

    return after;
}


static void
ngx_http_paylock_pass_later(const paylock_record_t *record,
    uint32_t *after)
{
    if (paylock_record_has(record, PAYLOCK_PASS_AFTER)
        && record->time[PAYLOCK_PASS_AFTER] > *after)
    {
        *after = record->time[PAYLOCK_PASS_AFTER];
    }
}


/* Not for ngx_http_paylock_verdict_open, which must not be written to. */

ngx_uint_t
ngx_http_paylock_pass_good(ngx_http_request_t *r,
    ngx_http_paylock_verdict_t *verdict)
{
    uint32_t                       after;
    uintptr_t                      issued;
    ngx_http_paylock_main_conf_t  *pmcf;

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_paylock_module);
    issued = (uintptr_t) r->main->variables[pmcf->pass_index].data;

    if (issued == 0) {
        return 0;
    }

    if (!verdict->pass_checked) {
        after = ngx_http_paylock_pass_good_after(r, verdict);

        verdict->pass_checked = 1;
        verdict->pass_is_good = issued >= after;

        ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "paylock pass: issued %T, good from %uD on",
                       (time_t) issued, after);
    }

    return verdict->pass_is_good;
}
