
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The names of hosts: those of server blocks, and what counts as one.
 */


#ifndef _NGX_HTTP_PAYLOCK_NAMES_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_NAMES_H_INCLUDED_


#include "ngx_http_paylock_conf.h"


/*
 * Did nginx choose the server by the name?  If it is the default server of the
 * address, the name may be of none.
 */

static ngx_inline ngx_uint_t
ngx_http_paylock_server_is_chosen(ngx_http_request_t *r)
{
    return r->http_connection
           && r->http_connection->addr_conf->default_server
              != ngx_http_get_module_srv_conf(r, ngx_http_core_module);
}


/* ngx_http_paylock_names.c */

/*
 * init() collects the names of a server block; keys() hashes them, as soon as
 * the zone's secret is known.  key() is the setter of "paylock_key".
 */

ngx_int_t ngx_http_paylock_names_init(ngx_conf_t *cf,
    ngx_http_paylock_srv_conf_t *pscf, ngx_http_core_srv_conf_t *cscf);
char *ngx_http_paylock_names_key(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
void ngx_http_paylock_names_keys(ngx_http_paylock_main_conf_t *pmcf);

/* Does the server have the name by a wildcard or a regular expression? */

ngx_uint_t ngx_http_paylock_names_pattern(ngx_http_request_t *r,
    const ngx_http_paylock_srv_conf_t *pscf, ngx_str_t *host);

/* Is it a name for which a record can be? */

ngx_uint_t ngx_http_paylock_names_valid(const ngx_str_t *host);

/*
 * What nginx does with a Host header: lower case, no port, no trailing dot.
 * NGX_DECLINED if that is not the name of a host.
 */

ngx_int_t ngx_http_paylock_names_normalise(ngx_pool_t *pool,
    const ngx_str_t *value, ngx_str_t *host);


/*
 * Is the name one of the server's?  hash is that of its key.  0 for a name that
 * no record can have.
 */

static ngx_inline ngx_uint_t
ngx_http_paylock_names_have(ngx_http_request_t *r,
    const ngx_http_paylock_srv_conf_t *pscf, ngx_str_t *host, uint64_t hash)
{
    ngx_uint_t  i;

    for (i = hash & pscf->hash_mask;
         pscf->hashes[i];
         i = (i + 1) & pscf->hash_mask)
    {
        if (pscf->hashes[i] == hash) {
            return 1;
        }
    }

    return pscf->exact ? 0 : ngx_http_paylock_names_pattern(r, pscf, host);
}


#endif /* _NGX_HTTP_PAYLOCK_NAMES_H_INCLUDED_ */
