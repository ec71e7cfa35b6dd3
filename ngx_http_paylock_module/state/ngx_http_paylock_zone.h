
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The zone in shared memory.
 */


#ifndef _NGX_HTTP_PAYLOCK_ZONE_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_ZONE_H_INCLUDED_


#include "ngx_http_paylock_conf.h"


/*
 * ngx_http_paylock_zone.c: adds the zone to the configuration; NULL if there is
 * no memory.  nginx keeps a zone over a reload if its name, size and tag are
 * the same.  The name contains the layout; the tag is an address of nginx
 * itself, as ours differ between versions of the module.
 */

#define ngx_http_paylock_zone_tag  (&ngx_http_core_module)

ngx_shm_zone_t *ngx_http_paylock_zone_add(ngx_conf_t *cf,
    ngx_http_paylock_main_conf_t *pmcf);


#endif /* _NGX_HTTP_PAYLOCK_ZONE_H_INCLUDED_ */
