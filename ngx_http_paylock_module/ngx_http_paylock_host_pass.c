
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_host.h"
#include "ngx_http_paylock_slot.h"


static void ngx_http_paylock_host_later(const paylock_record_t *record,
    uint32_t *after);


/*
 * Since when passes are good that the name asked for is to be seen with, by
 * all records that concern it: one with nothing else puts it in no stage, but
 * counts here.  UINT32_MAX, so none are, where the request names two hosts.
 */

uint32_t
ngx_http_paylock_host_pass_after(ngx_http_request_t *r,
    ngx_http_paylock_verdict_t *verdict)
{
    uint32_t                       after;
    paylock_record_t               record;
    ngx_http_paylock_key_t         key;
    paylock_host_candidate_t       c;
    ngx_http_paylock_main_conf_t  *pmcf;

    if (verdict->two) {
        return UINT32_MAX;
    }

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_paylock_module);

    after = 0;

    if (verdict->found) {
        ngx_http_paylock_host_later(&verdict->record, &after);
    }

    paylock_host_candidates(&c, (char *) verdict->name.data, verdict->name.len,
                            PAYLOCK_HOST_EXACT, 1);

    while (paylock_host_next(&c)) {
        ngx_http_paylock_table_key(&pmcf->table, (u_char *) c.name, c.len,
                                   &key);
        ngx_http_paylock_table_kind(&key, c.kind, c.len);

        if (ngx_http_paylock_table_find(&pmcf->table, &key, &record)) {
            ngx_http_paylock_host_later(&record, &after);
        }
    }

    return after;
}


static void
ngx_http_paylock_host_later(const paylock_record_t *record, uint32_t *after)
{
    if (paylock_record_has(record, PAYLOCK_PASS_AFTER)
        && record->time[PAYLOCK_PASS_AFTER] > *after)
    {
        *after = record->time[PAYLOCK_PASS_AFTER];
    }
}
