
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_host.h"
#include "ngx_http_paylock_request.h"
#include "ngx_http_paylock_slot.h"


/* of one request, while records change without pause */

#define NGX_HTTP_PAYLOCK_LOOKS  100


static ngx_uint_t ngx_http_paylock_host_again(
    const ngx_http_paylock_main_conf_t *pmcf, uint64_t changes,
    const ngx_http_paylock_verdict_t *verdict, ngx_uint_t looks);
static void ngx_http_paylock_host_look(ngx_http_request_t *r,
    ngx_http_paylock_verdict_t *verdict);
static ngx_uint_t ngx_http_paylock_host_other(ngx_http_request_t *r,
    ngx_str_t *host);
static ngx_uint_t ngx_http_paylock_host_method_is_safe(const ngx_str_t *line);
static void ngx_http_paylock_host_default(
    const ngx_http_paylock_srv_conf_t *pscf,
    ngx_http_paylock_verdict_t *verdict);
static void ngx_http_paylock_host_by_key(ngx_http_paylock_main_conf_t *pmcf,
    ngx_str_t *host, const ngx_http_paylock_key_t *key,
    ngx_http_paylock_verdict_t *verdict);
static void ngx_http_paylock_host_by_name(ngx_http_request_t *r,
    ngx_str_t *host, ngx_http_paylock_verdict_t *verdict);
static ngx_uint_t ngx_http_paylock_host_search(
    ngx_http_paylock_main_conf_t *pmcf, paylock_host_candidate_t *c,
    const ngx_http_paylock_key_t *key, ngx_http_paylock_verdict_t *verdict);
static void ngx_http_paylock_host_unknown(ngx_http_paylock_main_conf_t *pmcf,
    ngx_http_paylock_srv_conf_t *pscf, ngx_http_paylock_verdict_t *verdict);
static void ngx_http_paylock_host_strictest(
    ngx_http_paylock_main_conf_t *pmcf,
    const ngx_http_paylock_srv_conf_t *pscf,
    ngx_http_paylock_verdict_t *verdict);
static void ngx_http_paylock_host_stricter(
    ngx_http_paylock_verdict_t *verdict, ngx_http_paylock_verdict_t *other,
    ngx_uint_t *first);


ngx_int_t
ngx_http_paylock_host_init(ngx_conf_t *cf, ngx_http_paylock_srv_conf_t *pscf)
{
    pscf->strictest = ngx_pcalloc(cf->pool,
                                  sizeof(ngx_http_paylock_strictest_t));

    return pscf->strictest ? NGX_OK : NGX_ERROR;
}


/*
 * If records change between looking for one and for another, a host may seem to
 * be open that is closed before and after it.
 */

void
ngx_http_paylock_host_find(ngx_http_request_t *r,
    ngx_http_paylock_verdict_t *verdict)
{
    uint64_t                       changes;
    ngx_uint_t                     looks;
    ngx_http_paylock_main_conf_t  *pmcf;

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_paylock_module);
    looks = 0;

    do {
        changes = ngx_http_paylock_load(&pmcf->table.sh->changes);
        ngx_http_paylock_host_look(r, verdict);

    } while (ngx_http_paylock_host_again(pmcf, changes, verdict, ++looks));
}


/* Is it to be looked for again, as records changed meanwhile? */

static ngx_uint_t
ngx_http_paylock_host_again(const ngx_http_paylock_main_conf_t *pmcf,
    uint64_t changes, const ngx_http_paylock_verdict_t *verdict,
    ngx_uint_t looks)
{
    return verdict->stage != PAYLOCK_LOCKED
           && ngx_http_paylock_load(&pmcf->table.sh->changes) != changes
           && looks < NGX_HTTP_PAYLOCK_LOOKS;
}


static void
ngx_http_paylock_host_look(ngx_http_request_t *r,
    ngx_http_paylock_verdict_t *verdict)
{
    ngx_str_t                      second;
    ngx_http_paylock_key_t         key;
    ngx_http_paylock_verdict_t     other;
    ngx_http_paylock_srv_conf_t   *pscf;
    ngx_http_paylock_main_conf_t  *pmcf;

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_paylock_module);
    pscf = ngx_http_get_module_srv_conf(r, ngx_http_paylock_module);

    ngx_memzero(verdict, sizeof(ngx_http_paylock_verdict_t));

    verdict->name = r->headers_in.server;
    verdict->safe_method = ngx_http_paylock_host_method_is_safe(
                                                              &r->request_line);
    verdict->two_hosts = r->host_start
                         && ngx_http_paylock_host_other(r, &second);

    ngx_http_paylock_host_default(pscf, verdict);

    if (pmcf->table.sh->count == 0) {
        return;
    }

    if (pscf->constant.name.len) {
        key = pscf->constant.key;
        ngx_http_paylock_host_by_key(pmcf, &pscf->constant.name, &key,
                                     verdict);
        return;
    }

    verdict->by_key = (pscf->key && pscf->key->lengths);

    ngx_http_paylock_host_by_name(r, &r->headers_in.server, verdict);

    /* "GET http://one/" with "Host: other" is judged by both */

    if (verdict->two_hosts) {
        other = *verdict;

        ngx_http_paylock_host_default(pscf, &other);
        ngx_http_paylock_host_by_name(r, &second, &other);

        if (other.stage > verdict->stage) {
            *verdict = other;
        }
    }
}


/* By the request line: "error_page" changes r->method to GET. */

static ngx_uint_t
ngx_http_paylock_host_method_is_safe(const ngx_str_t *line)
{
    ngx_uint_t  i;

    static ngx_str_t  methods[] = {
        ngx_string("GET "), ngx_string("HEAD "), ngx_string("OPTIONS ")
    };

    for (i = 0; i < 3; i++) {
        if (line->len > methods[i].len
            && ngx_memcmp(line->data, methods[i].data, methods[i].len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static void
ngx_http_paylock_host_default(const ngx_http_paylock_srv_conf_t *pscf,
    ngx_http_paylock_verdict_t *verdict)
{
    verdict->def = pscf->def;
    verdict->stage = pscf->def;
    verdict->found = 0;
}


/*
 * A value that is no host name is ignored.  Of the values at different times
 * the stricter holds, so that a temporary value opens nothing.
 */

void
ngx_http_paylock_host_key(ngx_http_request_t *r,
    ngx_http_paylock_verdict_t *verdict)
{
    uint64_t                       changes;
    ngx_int_t                      rc;
    ngx_str_t                      value, host;
    ngx_uint_t                     looks;
    ngx_http_paylock_key_t         key;
    ngx_http_paylock_verdict_t     other;
    ngx_http_paylock_srv_conf_t   *pscf;
    ngx_http_paylock_main_conf_t  *pmcf;

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_paylock_module);
    pscf = ngx_http_get_module_srv_conf(r, ngx_http_paylock_module);

    /* the key may use $paylock_state: do not recurse */

    verdict->by_key = 0;
    rc = ngx_http_paylock_evaluate(r, pscf->key, &value);
    verdict->by_key = 1;

    if (rc != NGX_OK
        || ngx_http_paylock_names_normalise(r->pool, &value, &host) != NGX_OK
        || (host.len == verdict->key.len
            && ngx_memcmp(host.data, verdict->key.data, host.len) == 0))
    {
        return;
    }

    ngx_http_paylock_table_key(&pmcf->table, host.data, host.len, &key);
    looks = 0;

    do {
        changes = ngx_http_paylock_load(&pmcf->table.sh->changes);
        other = *verdict;

        ngx_http_paylock_host_default(pscf, &other);
        ngx_http_paylock_host_by_key(pmcf, &host, &key, &other);

    } while (ngx_http_paylock_host_again(pmcf, changes, &other, ++looks));

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "paylock key: \"%V\" is %s", &host,
                   paylock_stage_names[other.stage]);

    if (verdict->key.len == 0 || other.stage >= verdict->stage) {
        *verdict = other;
        verdict->pass_checked = 0;
    }

    verdict->key = host;
}


static void
ngx_http_paylock_host_by_key(ngx_http_paylock_main_conf_t *pmcf,
    ngx_str_t *host, const ngx_http_paylock_key_t *key,
    ngx_http_paylock_verdict_t *verdict)
{
    paylock_host_candidate_t  c;

    paylock_host_candidates(&c, (char *) host->data, host->len,
                            PAYLOCK_HOST_EXACT, 0);

    (void) ngx_http_paylock_host_search(pmcf, &c, key, verdict);
}


static void
ngx_http_paylock_host_by_name(ngx_http_request_t *r, ngx_str_t *host,
    ngx_http_paylock_verdict_t *verdict)
{
    ngx_http_paylock_key_t         key;
    paylock_host_candidate_t       c;
    ngx_http_paylock_srv_conf_t   *pscf;
    ngx_http_paylock_main_conf_t  *pmcf;

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_paylock_module);
    pscf = ngx_http_get_module_srv_conf(r, ngx_http_paylock_module);

    if (host->len) {
        ngx_http_paylock_table_key(&pmcf->table, host->data, host->len, &key);
        paylock_host_candidates(&c, (char *) host->data, host->len,
                                PAYLOCK_HOST_EXACT, 1);

        if (ngx_http_paylock_host_search(pmcf, &c, &key, verdict)
            || ngx_http_paylock_names_have(r, pscf, host, key.hash))
        {
            return;
        }
    }

    ngx_http_paylock_host_unknown(pmcf, pscf, verdict);
}


/*
 * Do the request line and the Host header name two hosts?  The header's is in
 * host then, empty if it is no name.
 */

static ngx_uint_t
ngx_http_paylock_host_other(ngx_http_request_t *r, ngx_str_t *host)
{
    if (ngx_http_paylock_host_same(r)) {
        return 0;
    }

    if (ngx_http_paylock_names_normalise(r->pool, &r->headers_in.host->value,
                                        host)
        != NGX_OK)
    {
        /* an invalid name belongs to no server */
        ngx_str_null(host);
        return 1;
    }

    return host->len != r->headers_in.server.len
           || ngx_memcmp(host->data, r->headers_in.server.data, host->len)
              != 0;
}


/*
 * The record that holds among the candidates, of whose first name the key is
 * known.  Returns 0 if there is none.
 */

static ngx_uint_t
ngx_http_paylock_host_search(ngx_http_paylock_main_conf_t *pmcf,
    paylock_host_candidate_t *c, const ngx_http_paylock_key_t *key,
    ngx_http_paylock_verdict_t *verdict)
{
    const char              *named;
    paylock_stage_e          stage;
    paylock_record_t         record;
    ngx_http_paylock_key_t   name, kind;

    name = *key;
    named = c->host;

    while (paylock_host_next(c)) {

        if (verdict->found
            && !paylock_host_beside(c, (char *) verdict->host.data))
        {
            break;
        }

        if (c->kind != PAYLOCK_HOST_EXACT
            && !ngx_http_paylock_suffixes(&pmcf->table, c->len))
        {
            continue;
        }

        if (c->name != named) {
            ngx_http_paylock_table_key(&pmcf->table, (u_char *) c->name,
                                       c->len, &name);
            named = c->name;
        }

        kind = name;
        ngx_http_paylock_table_kind(&kind, c->kind, c->len);

        if (!ngx_http_paylock_table_find(&pmcf->table, &kind, &record)
            || !paylock_record_says(&record))
        {
            continue;
        }

        stage = paylock_timeline_stage(&record, ngx_time(), verdict->def);

        if (!verdict->found || stage > verdict->stage) {
            verdict->found = 1;
            verdict->kind = c->kind;
            verdict->host.data = (u_char *) c->name;
            verdict->host.len = c->len;
            verdict->stage = stage;
            verdict->record = record;
        }
    }

    return verdict->found;
}


/*
 * A name that is not one of the server's must not open a locked site: it gets
 * what the strictest of the server's names gets.  There may be many names, so
 * that the result is cached until the records or the second change.
 */

static void
ngx_http_paylock_host_unknown(ngx_http_paylock_main_conf_t *pmcf,
    ngx_http_paylock_srv_conf_t *pscf, ngx_http_paylock_verdict_t *verdict)
{
    uint64_t                        changes;
    ngx_uint_t                      busy;
    ngx_http_paylock_table_sh_t    *sh;
    ngx_http_paylock_verdict_t     *kept;
    ngx_http_paylock_strictest_t   *strictest;

    sh = pmcf->table.sh;
    strictest = pscf->strictest;
    kept = &strictest->verdict;

    changes = ngx_http_paylock_load(&sh->changes);

    if (strictest->time != ngx_time() || strictest->changes != changes) {

        /*
         * sh->changes is raised before the change is made: do not cache
         * meanwhile
         */

        busy = ngx_http_paylock_load(&sh->dirty);

        ngx_http_paylock_host_default(pscf, kept);
        ngx_http_paylock_host_strictest(pmcf, pscf, kept);

        strictest->changes = changes;
        strictest->time = busy ? 0 : ngx_time();
    }

    verdict->stage = kept->stage;
    verdict->found = kept->found;
    verdict->kind = kept->kind;
    verdict->host = kept->host;
    verdict->record = kept->record;
}


static void
ngx_http_paylock_host_strictest(ngx_http_paylock_main_conf_t *pmcf,
    const ngx_http_paylock_srv_conf_t *pscf,
    ngx_http_paylock_verdict_t *verdict)
{
    ngx_uint_t                   i, below, first;
    ngx_http_paylock_name_t     *name;
    paylock_host_candidate_t     c;
    ngx_http_paylock_verdict_t   one;

    name = pscf->names.elts;
    first = 1;
    one = *verdict;

    for (i = 0; i < pscf->names.nelts; i++) {

        /* ".x" is the name x and those below it */

        for (below = name[i].kind == PAYLOCK_HOST_BELOW;
             below <= (name[i].kind != PAYLOCK_HOST_EXACT);
             below++)
        {
            ngx_http_paylock_host_default(pscf, &one);
            paylock_host_candidates(&c, (char *) name[i].name.data,
                                    name[i].name.len,
                                    below ? PAYLOCK_HOST_BELOW
                                          : PAYLOCK_HOST_EXACT, 1);

            (void) ngx_http_paylock_host_search(pmcf, &c, &name[i].key, &one);

            ngx_http_paylock_host_stricter(verdict, &one, &first);
        }
    }
}


static void
ngx_http_paylock_host_stricter(ngx_http_paylock_verdict_t *verdict,
    ngx_http_paylock_verdict_t *other, ngx_uint_t *first)
{
    if (*first || other->stage > verdict->stage) {
        *verdict = *other;
        *first = 0;
    }
}
