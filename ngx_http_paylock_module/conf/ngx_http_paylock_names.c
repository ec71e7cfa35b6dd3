
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The names of server blocks, and "paylock_key".
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_names.h"
#include "paylock_host.h"


static ngx_int_t ngx_http_paylock_names_add(ngx_http_paylock_srv_conf_t *pscf,
    ngx_http_server_name_t *sn);
static void ngx_http_paylock_names_add_hash(ngx_http_paylock_srv_conf_t *pscf,
    uint64_t hash);
static ngx_uint_t ngx_http_paylock_names_wildcard(const ngx_str_t *wildcard,
    const ngx_str_t *host);


ngx_int_t
ngx_http_paylock_names_init(ngx_conf_t *cf, ngx_http_paylock_srv_conf_t *pscf,
    ngx_http_core_srv_conf_t *cscf)
{
    ngx_uint_t               i, n;
    ngx_http_server_name_t  *sn;

    if (ngx_array_init(&pscf->names, cf->pool, 2,
                       sizeof(ngx_http_paylock_name_t))
        != NGX_OK
        || ngx_array_init(&pscf->wildcards, cf->pool, 1, sizeof(ngx_str_t))
           != NGX_OK
        || ngx_array_init(&pscf->regexes, cf->pool, 1, sizeof(void *))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    sn = cscf->server_names.elts;

    for (i = 0; i < cscf->server_names.nelts; i++) {
        if (ngx_http_paylock_names_add(pscf, &sn[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    pscf->exact = pscf->names.nelts == cscf->server_names.nelts
                  && pscf->wildcards.nelts == 0;

    /* an eighth full at most, so that the first probe nearly always decides */

    for (n = 8; n <= 8 * pscf->names.nelts; n *= 2) { /* void */ }

    pscf->hash_mask = n - 1;
    pscf->hashes = ngx_pcalloc(cf->pool, n * sizeof(uint64_t));

    return pscf->hashes ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_paylock_names_add(ngx_http_paylock_srv_conf_t *pscf,
    ngx_http_server_name_t *sn)
{
    size_t                    lead;
    ngx_str_t                *wildcard, *name, bare;
#if (NGX_PCRE)
    ngx_regex_t             **regex;
#endif
    ngx_http_paylock_name_t  *entry;

    name = &sn->name;

#if (NGX_PCRE)
    if (sn->regex) {
        regex = ngx_array_push(&pscf->regexes);
        if (regex == NULL) {
            return NGX_ERROR;
        }

        *regex = sn->regex->regex;
        return NGX_OK;
    }
#endif

    lead = paylock_host_suffix((char *) name->data, name->len);

    if (lead || (name->len && name->data[name->len - 1] == '*')) {
        wildcard = ngx_array_push(&pscf->wildcards);
        if (wildcard == NULL) {
            return NGX_ERROR;
        }

        *wildcard = *name;
    }

    bare.data = name->data + lead;
    bare.len = name->len - lead;

    if (!ngx_http_paylock_names_valid(&bare)) {
        return NGX_OK;
    }

    entry = ngx_array_push(&pscf->names);
    if (entry == NULL) {
        return NGX_ERROR;
    }

    entry->name = bare;
    entry->kind = paylock_host_kind((char *) name->data, name->len);
    return NGX_OK;
}


char *
ngx_http_paylock_names_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_paylock_srv_conf_t  *pscf = conf;

    char       *rv;
    ngx_str_t  *value;

    rv = ngx_http_set_complex_value_slot(cf, cmd, conf);

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    value = cf->args->elts;

    if (pscf->key->lengths || value[1].len == 0) {
        return NGX_CONF_OK;
    }

    if (ngx_http_paylock_names_normalise(cf->pool, &value[1],
                                        &pscf->constant.name)
        != NGX_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" in \"paylock_key\" is not the name of a "
                           "host, like \"acme.example\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* Hashes the names, as soon as the zone's secret is known. */

void
ngx_http_paylock_names_keys(ngx_http_paylock_main_conf_t *pmcf)
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

            /* "*.x" does not include "x" */

            if (name[n].kind != PAYLOCK_HOST_BELOW) {
                ngx_http_paylock_names_add_hash(pscf[i], name[n].key.hash);
            }
        }

        name = &pscf[i]->constant;

        ngx_http_paylock_table_key(&pmcf->table, name->name.data,
                                   name->name.len, &name->key);
    }
}


static void
ngx_http_paylock_names_add_hash(ngx_http_paylock_srv_conf_t *pscf,
    uint64_t hash)
{
    ngx_uint_t  i;

    for (i = hash & pscf->hash_mask;
         pscf->hashes[i];
         i = (i + 1) & pscf->hash_mask)
    {
        /* void */
    }

    pscf->hashes[i] = hash;
}


/* Is the name one of those that the server has by wildcards or regexes? */

ngx_uint_t
ngx_http_paylock_names_pattern(ngx_http_request_t *r,
    const ngx_http_paylock_srv_conf_t *pscf, ngx_str_t *host)
{
    ngx_str_t     *wildcard;
    ngx_uint_t     i;
#if (NGX_PCRE)
    ngx_regex_t  **regex;
#endif

    if (!ngx_http_paylock_names_valid(host)) {
        return 0;
    }

    if (host == &r->headers_in.server && ngx_http_paylock_server_is_chosen(r)) {
        return 1;
    }

    wildcard = pscf->wildcards.elts;

    for (i = 0; i < pscf->wildcards.nelts; i++) {
        if (ngx_http_paylock_names_wildcard(&wildcard[i], host)) {
            return 1;
        }
    }

#if (NGX_PCRE)
    regex = pscf->regexes.elts;

    for (i = 0; i < pscf->regexes.nelts; i++) {
        if (ngx_regex_exec(regex[i], host, NULL, 0) >= 0) {
            return 1;
        }
    }
#endif

    return 0;
}


/* "*.x", ".x" and "x.*" as server_name means them */

static ngx_uint_t
ngx_http_paylock_names_wildcard(const ngx_str_t *wildcard,
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


ngx_uint_t
ngx_http_paylock_names_valid(const ngx_str_t *host)
{
    return paylock_host_check((char *) host->data, host->len) == NULL
           && paylock_host_suffix((char *) host->data, host->len) == 0;
}


ngx_int_t
ngx_http_paylock_names_normalise(ngx_pool_t *pool, const ngx_str_t *value,
    ngx_str_t *host)
{
    u_char  *p, *last;

    host->len = value->len;

    last = value->data + value->len;
    p = ngx_strlchr(value->data, last, ':');

    if (p) {
        host->len = p - value->data;

        while (++p < last) {
            if (*p < '0' || *p > '9') {
                return NGX_DECLINED;
            }
        }
    }

    if (host->len && value->data[host->len - 1] == '.') {
        host->len--;
    }

    if (host->len == 0 || host->len > PAYLOCK_HOST_NAME) {
        return NGX_DECLINED;
    }

    host->data = ngx_pnalloc(pool, host->len);
    if (host->data == NULL) {
        return NGX_DECLINED;
    }

    ngx_strlow(host->data, value->data, host->len);

    return ngx_http_paylock_names_valid(host) ? NGX_OK : NGX_DECLINED;
}
