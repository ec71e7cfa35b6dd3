
/*
 * Copyright (C) 2026 paylock contributors
 *
 * GET /v1/sites and GET /v1/sites/{host}: from memory.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/tokens.h"
#include "base/text.h"
#include "base/time_text.h"
#include "change/change_input.h"
#include "files/digest.h"
#include "paylock_timeline.h"
#include "paylockd/http.h"
#include "paylockd/query.h"
#include "records/effective_state.h"
#include "records/host_name.h"
#include "records/matching_record.h"


static int sites_live(http_request_t *r, follow_state_t *state);
static int sites_query(http_request_t *r, query_t *query);
static int sites_limit(http_request_t *r, query_t *query);
static int sites_sort(http_request_t *r, query_t *query);
static int sites_stage(http_request_t *r, const char *stage);
static json_t *sites_time(uint32_t when);
static int site_find(http_request_t *r, const char *host);
static int site_tag(http_request_t *r, const char *host);


int
route_sites(http_request_t *r)
{
    int              status;
    query_t          query;
    query_page_t     page;
    follow_state_t   state;

    memset(&query, 0, sizeof(query_t));

    if (sites_live(r, &state) != STATUS_DONE
        || sites_query(r, &query) != STATUS_DONE)
    {
        return r->error.status;
    }

    (void) pthread_rwlock_rdlock(&r->server->store.lock);
    status = query_run(&r->server->store, &query, &page, &r->error);
    (void) pthread_rwlock_unlock(&r->server->store.lock);

    if (status != STATUS_DONE) {
        r->status = status == STATUS_USAGE ? 422 : 500;
        return status;
    }

    r->answer = json_pack("{s:o, s:o, s:I, s:I, s:o}", "data", page.data,
                          "next", text_json(page.next, strlen(page.next)),
                          "total", (json_int_t) page.total,
                          "as_of_seq", (json_int_t) state.head.seq,
                          "stale_since", sites_time(state.stale_since));

    return r->answer ? STATUS_DONE
           : http_error(r, 500, "memory", NULL, "out of memory");
}


/* Before all records are there nothing is said of any. */

static int
sites_live(http_request_t *r, follow_state_t *state)
{
    follow_state(&r->server->follow, state);

    return state->live ? STATUS_DONE
           : state->why[0] ? http_error(r, 503, state->code, state->mend,
                                        state->why)
           : http_error(r, 503, "starting", "try again in a moment",
                        "the records are being read");
}


static int
sites_query(http_request_t *r, query_t *query)
{
    const char  *before;

    query->q = http_query(r, "q");
    query->match = http_query(r, "match");
    query->stage = http_query(r, "stage");
    query->invoice = http_query(r, "invoice");
    query->ref = http_query(r, "ref");
    query->hold = http_query(r, "hold");
    query->cursor = http_query(r, "cursor");
    query->hosts = json_object_get(r->caller, "hosts");
    query->now = r->now;

    before = http_query(r, "planned_before");

    if (sites_limit(r, query) != STATUS_DONE
        || sites_sort(r, query) != STATUS_DONE
        || sites_stage(r, query->stage) != STATUS_DONE)
    {
        return r->error.status;
    }

    if (query->hold && !token_is_hold(query->hold)) {
        return http_error(r, 422, "hold",
                          "there are billing, abuse, legal and admin",
                          "there is no such hold");
    }

    if (input_time(&r->error, "planned_before", before, r->now,
                   &query->planned_before) != STATUS_DONE)
    {
        r->status = 422;

    } else if (before && query->planned_before == 0) {
        return http_error(r, 422, "time", "give a time from 1970 on",
                          "nothing is planned before planned_before");
    }

    return r->status ? r->error.status : STATUS_DONE;
}


static int
sites_limit(http_request_t *r, query_t *query)
{
    char        *end;
    const char  *limit;

    limit = http_query(r, "limit");
    query->limit = limit ? strtoul(limit, &end, 10) : QUERY_USUAL;

    return limit == NULL || (*limit >= '0' && *limit <= '9' && *end == '\0'
                             && query->limit && query->limit <= QUERY_LIMIT)
           ? STATUS_DONE
           : http_error(r, 422, "limit", "give 1 to 500",
                        "the limit is no such number");
}


static int
sites_sort(http_request_t *r, query_t *query)
{
    size_t       i;
    const char  *sort;

    static const char *const  names[] = { "host", "since", "next" };

    sort = http_query(r, "sort");

    if (sort == NULL) {
        return STATUS_DONE;
    }

    query->desc = *sort == '-';
    sort += query->desc;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(sort, names[i]) == 0) {
            query->sort = (query_sort_e) i;
            return STATUS_DONE;
        }
    }

    return http_error(r, 422, "sort", "give host, since or next, or -host, "
                      "-since, -next for the last ones first",
                      "there is no such order");
}


static int
sites_stage(http_request_t *r, const char *stage)
{
    size_t  i;

    if (stage == NULL || strcmp(stage, "default") == 0) {
        return STATUS_DONE;
    }

    for (i = PAYLOCK_OPEN; i <= PAYLOCK_LOCKED; i++) {
        if (strcmp(stage, paylock_stage_names[i]) == 0) {
            return STATUS_DONE;
        }
    }

    return http_error(r, 422, "stage",
                      "give open, notice, readonly, locked or default",
                      "there is no such stage");
}


static json_t *
sites_time(uint32_t when)
{
    char  text[TIME_TEXT];

    if (when == 0) {
        return json_null();
    }

    time_utc(when, text);

    return json_string(text);
}


int
route_site(http_request_t *r)
{
    int              status;
    char            *host;
    const json_t    *hosts;
    follow_state_t   state;

    if (sites_live(r, &state) != STATUS_DONE) {
        return r->error.status;
    }

    if (state.stale_since) {
        time_utc(state.stale_since, r->stale);
    }

    if (host_name_read(&r->error, r->part[0], &host) != STATUS_DONE) {
        r->status = 422;
        return r->error.status;
    }

    hosts = json_object_get(r->caller, "hosts");

    if (json_array_size(hosts) && !token_covers(hosts, host)) {
        free(host);
        return http_error(r, 403, "forbidden", "create one with --hosts for "
                          "it", "the token is not for this host");
    }

    (void) pthread_rwlock_rdlock(&r->server->store.lock);

    status = site_find(r, host) == STATUS_DONE ? site_tag(r, host)
                                               : r->error.status;

    (void) pthread_rwlock_unlock(&r->server->store.lock);

    free(host);

    return status;
}


/* The candidates, as nginx looks for them. */

static int
site_find(http_request_t *r, const char *host)
{
    size_t              i;
    control_t           ctl;
    const site_t       *site;
    state_host_t        h;
    paylock_str_t      *value;
    matching_record_t   match;

    memset(&ctl, 0, sizeof(control_t));
    memset(&match, 0, sizeof(matching_record_t));

    value = host_name_candidates(&ctl, host, &match.name, &match.n)
            == STATUS_DONE
            ? calloc(match.n + 1, sizeof(paylock_str_t)) : NULL;

    for (i = 0; value && i < match.n; i++) {
        site = store_find(&r->server->store, match.name[i]);

        if (site) {
            value[i].data = site_record(site);
            value[i].len = site->record_len;
        }
    }

    if (value) {
        matching_record_of(&ctl, &match, value, r->now);

        h.host = host;
        h.match = match.match;
        h.record = match.record;
        h.other = match.other;

        r->answer = effective_state_json(&h, r->now);
    }

    free(value);
    matching_record_free(&match);

    return r->answer ? STATUS_DONE
           : http_error(r, 500, "memory", NULL, "out of memory");
}


/* The tag is of the host's own record, which a change replaces. */

static int
site_tag(http_request_t *r, const char *host)
{
    char           hash[PAYLOCK_HASH_LEN + 1];
    const site_t  *site;

    site = store_find(&r->server->store, host);

    if (site && digest_text(site_record(site), site->record_len, hash) != 0) {
        return http_error(r, 500, "crypto", NULL, "OpenSSL fails");
    }

    (void) snprintf(r->etag, sizeof(r->etag), "\"%s\"", site ? hash : "none");

    return STATUS_DONE;
}
