
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The lease: which of the workers runs the feed.
 */


#ifndef _NGX_HTTP_PAYLOCK_LEASE_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_LEASE_H_INCLUDED_


#include "ngx_http_paylock_conf.h"


/* ngx_http_paylock_lease.c */

ngx_int_t ngx_http_paylock_lease_start(ngx_cycle_t *cycle,
    ngx_http_paylock_main_conf_t *pmcf);
void ngx_http_paylock_lease_end(ngx_http_paylock_main_conf_t *pmcf);


#endif /* _NGX_HTTP_PAYLOCK_LEASE_H_INCLUDED_ */
