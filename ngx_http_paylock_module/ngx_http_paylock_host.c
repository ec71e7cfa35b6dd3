
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_module.h"


static ngx_uint_t ngx_http_paylock_host_name(
    ngx_http_paylock_main_conf_t *pmcf, ngx_str_t *name,
    const ngx_http_paylock_key_t *key, ngx_http_paylock_verdict_t *verdict);
static ngx_uint_t ngx_http_paylock_host_record(
    ngx_http_paylock_main_conf_t *pmcf, ngx_str_t *name,
    const ngx_http_paylock_key_t *key, ngx_http_paylock_verdict_t *verdict);
static void ngx_http_paylock_host_default(ngx_http_paylock_srv_conf_t *pscf,
    ngx_http_paylock_verdict_t *verdict);
static ngx_uint_t ngx_http_paylock_host_own(ngx_http_request_t *r,
    ngx_http_paylock_srv_conf_t *pscf, const ngx_http_paylock_key_t *key);
static ngx_uint_t ngx_http_paylock_host_wildcard(const ngx_str_t *wildcard,
    const ngx_str_t *host);
static void ngx_http_paylock_host_strictest(
    ngx_http_paylock_main_conf_t *pmcf, ngx_http_paylock_srv_conf_t *pscf,
    ngx_http_paylock_verdict_t *verdict);
static ngx_int_t ngx_http_paylock_host_cmp(const void *one, const void *two);


ngx_int_t
ngx_http_paylock_host_init(ngx_conf_t *cf, ngx_http_paylock_srv_conf_t *pscf,
    ngx_http_core_srv_conf_t *cscf)
{
    ngx_str_t                *wildcard;
    ngx_uint_t                i;
    ngx_regex_t             **regex;
    ngx_http_server_name_t   *sn;
    ngx_http_paylock_name_t  *name;

    if (ngx_array_init(&pscf->names, cf->pool, 2,
                       sizeof(ngx_http_paylock_name_t))
        != NGX_OK
        || ngx_array_init(&pscf->wildcards, cf->pool, 1, sizeof(ngx_str_t))
           != NGX_OK
        || ngx_array_init(&pscf->regexes, cf->pool, 1, sizeof(ngx_regex_t *))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    sn = cscf->server_names.elts;

    for (i = 0; i < cscf->server_names.nelts; i++) {

        if (sn[i].regex) {
            regex = ngx_array_push(&pscf->regexes);
            if (regex == NULL) {
                return NGX_ERROR;
            }

            *regex = sn[i].regex->regex;
            continue;
        }

        if (sn[i].name.len == 0
            || (sn[i].name.len == 1 && sn[i].name.data[0] == '_'))
        {
            continue;
        }

        if (sn[i].name.data[0] == '*' || sn[i].name.data[0] == '.'
            || sn[i].name.data[sn[i].name.len - 1] == '*')
        {
            wildcard = ngx_array_push(&pscf->wildcards);
            if (wildcard == NULL) {
                return NGX_ERROR;
            }

            *wildcard = sn[i].name;
            continue;
        }

        name = ngx_array_push(&pscf->names);
        if (name == NULL) {
            return NGX_ERROR;
        }

        name->name = sn[i].name;
    }

    return NGX_OK;
}


/* The keys need the zone's secret, so that they come after the names. */

void
ngx_http_paylock_host_keys(ngx_http_paylock_main_conf_t *pmcf)
{
    ngx_uint_t                     i, n;
    ngx_http_paylock_name_t       *name;
    ngx_http_paylock_srv_conf_t  **pscf;

    pscf = pmcf->servers.elts;

    for (i = 0; i < pmcf->servers.nelts; i++) {
        name = pscf[i]->names.elts;

        for (n = 0; n < pscf[i]->names.nelts; n++) {
            ngx_http_paylock_table_key(&pmcf->table, name[n].name.data,
                                       name[n].name.len, &name[n].key);
        }

        ngx_sort(name, n, sizeof(ngx_http_paylock_name_t),
                 ngx_http_paylock_host_cmp);
    }
}


/* Which record holds for a request, and the stage it puts the host in. */

void
ngx_http_paylock_host_find(ngx_http_request_t *r,
    ngx_http_paylock_verdict_t *verdict)
{
    ngx_str_t                     *host;
    ngx_http_paylock_key_t         key;
    ngx_http_paylock_srv_conf_t   *pscf;
    ngx_http_paylock_main_conf_t  *pmcf;

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_paylock_module);
    pscf = ngx_http_get_module_srv_conf(r, ngx_http_paylock_module);

    ngx_http_paylock_host_default(pscf, verdict);

    if (pmcf->table.sh->count == 0) {
        return;
    }

    host = &r->headers_in.server;

    if (host->len) {
        ngx_http_paylock_table_key(&pmcf->table, host->data, host->len, &key);

        if (ngx_http_paylock_host_name(pmcf, host, &key, verdict)
            || ngx_http_paylock_host_own(r, pscf, &key))
        {
            return;
        }
    }

    ngx_http_paylock_host_strictest(pmcf, pscf, verdict);
}


static ngx_uint_t
ngx_http_paylock_host_name(ngx_http_paylock_main_conf_t *pmcf, ngx_str_t *name,
    const ngx_http_paylock_key_t *key, ngx_http_paylock_verdict_t *verdict)
{
    ngx_str_t               bare;
    ngx_http_paylock_key_t  bare_key;

    if (ngx_http_paylock_host_record(pmcf, name, key, verdict)) {
        return 1;
    }

    if (name->len < sizeof("www.")
        || ngx_memcmp(name->data, "www.", sizeof("www.") - 1) != 0)
    {
        return 0;
    }

    bare.data = name->data + sizeof("www.") - 1;
    bare.len = name->len - (sizeof("www.") - 1);

    ngx_http_paylock_table_key(&pmcf->table, bare.data, bare.len, &bare_key);

    return ngx_http_paylock_host_record(pmcf, &bare, &bare_key, verdict);
}


static ngx_uint_t
ngx_http_paylock_host_record(ngx_http_paylock_main_conf_t *pmcf,
    ngx_str_t *name, const ngx_http_paylock_key_t *key,
    ngx_http_paylock_verdict_t *verdict)
{
    if (!ngx_http_paylock_table_find(&pmcf->table, key, &verdict->record)) {
        return 0;
    }

    verdict->found = 1;
    verdict->host = *name;
    verdict->stage = paylock_timeline_stage(&verdict->record, ngx_time(),
                                            verdict->def);

    return 1;
}


static void
ngx_http_paylock_host_default(ngx_http_paylock_srv_conf_t *pscf,
    ngx_http_paylock_verdict_t *verdict)
{
    verdict->def = pscf->def;
    verdict->stage = pscf->def;
    verdict->found = 0;
    verdict->answered = 0;
    verdict->replaced = 0;
}


/* Did nginx choose this server by the name, or did the name fall to it? */

static ngx_uint_t
ngx_http_paylock_host_own(ngx_http_request_t *r,
    ngx_http_paylock_srv_conf_t *pscf, const ngx_http_paylock_key_t *key)
{
    ngx_str_t                 *host, *wildcard;
    ngx_uint_t                 i, low, high;
    ngx_regex_t              **regex;
    ngx_http_paylock_name_t   *name, wanted;

    if (r->http_connection->addr_conf->default_server
        != ngx_http_get_module_srv_conf(r, ngx_http_core_module))
    {
        return 1;
    }

    wanted.key = *key;
    name = pscf->names.elts;

    for (low = 0, high = pscf->names.nelts; low < high; /* void */ ) {
        i = (low + high) / 2;

        switch (ngx_http_paylock_host_cmp(&wanted, &name[i])) {
        case 0:
            return 1;
        case 1:
            low = i + 1;
            break;
        default:
            high = i;
        }
    }

    host = &r->headers_in.server;
    wildcard = pscf->wildcards.elts;

    for (i = 0; i < pscf->wildcards.nelts; i++) {
        if (ngx_http_paylock_host_wildcard(&wildcard[i], host)) {
            return 1;
        }
    }

    regex = pscf->regexes.elts;

    for (i = 0; i < pscf->regexes.nelts; i++) {
        if (ngx_regex_exec(regex[i], host, NULL, 0) >= 0) {
            return 1;
        }
    }

    return 0;
}


/* "*.x", ".x" and "x.*" as server_name means them */

static ngx_uint_t
ngx_http_paylock_host_wildcard(const ngx_str_t *wildcard,
    const ngx_str_t *host)
{
    size_t   len;
    u_char  *tail;

    len = wildcard->len - 1;

    if (wildcard->data[len] == '*') {
        return host->len > len
               && ngx_memcmp(host->data, wildcard->data, len) == 0;
    }

    tail = wildcard->data + 1;

    if (wildcard->data[0] == '.') {

        if (host->len == len && ngx_memcmp(host->data, tail, len) == 0) {
            return 1;
        }

        tail = wildcard->data;
        len++;
    }

    return host->len > len
           && ngx_memcmp(host->data + host->len - len, tail, len) == 0;
}


/*
 * A name that is nobody's must not open a locked site: it gets what the
 * strictest of this block's names gets.
 */

static void
ngx_http_paylock_host_strictest(ngx_http_paylock_main_conf_t *pmcf,
    ngx_http_paylock_srv_conf_t *pscf, ngx_http_paylock_verdict_t *verdict)
{
    ngx_uint_t                  i, first;
    ngx_http_paylock_name_t    *name;
    ngx_http_paylock_verdict_t  one;

    name = pscf->names.elts;
    first = 1;

    for (i = 0; i < pscf->names.nelts; i++) {
        ngx_http_paylock_host_default(pscf, &one);

        (void) ngx_http_paylock_host_name(pmcf, &name[i].name, &name[i].key,
                                          &one);

        if (first || one.stage > verdict->stage) {
            *verdict = one;
            first = 0;
        }
    }
}


static ngx_int_t
ngx_http_paylock_host_cmp(const void *one, const void *two)
{
    ngx_uint_t                      i;
    const ngx_http_paylock_name_t  *first, *second;

    first = one;
    second = two;

    for (i = 0; i < 3; i++) {
        if (first->key.hash[i] != second->key.hash[i]) {
            return first->key.hash[i] > second->key.hash[i] ? 1 : -1;
        }
    }

    return 0;
}
