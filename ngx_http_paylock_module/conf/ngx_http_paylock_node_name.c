
/*
 * Copyright (C) 2026 paylock contributors
 *
 * paylock_node: the name by which this nginx reports.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_conf.h"
#include "paylock_node.h"


char *
ngx_http_paylock_node_name(ngx_conf_t *cf, void *post, void *data)
{
    ngx_str_t  *name = data;

    size_t  i;

    if (ngx_strcmp(name->data, "$hostname") == 0) {
        name->len = 0;
        return NGX_CONF_OK;
    }

    if (name->len == 0 || name->len > PAYLOCK_NODE_NAME) {
        return "must have 1 to 128 bytes";
    }

    for (i = 0; i < name->len; i++) {
        if (name->data[i] <= ' ' || name->data[i] >= 0x7f) {
            return "may hold visible ASCII characters only";
        }

        if (name->data[i] == '$') {
            return "takes no variable but \"$hostname\", alone";
        }
    }

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_paylock_node_name_init(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_str_t  *hostname = &cf->cycle->hostname;

    if (name->len) {
        return NGX_OK;
    }

    name->data = ngx_pcalloc(cf->pool, hostname->len + 1);
    if (name->data == NULL) {
        return NGX_ERROR;
    }

    name->len = hostname->len;
    ngx_memcpy(name->data, hostname->data, hostname->len);

    return NGX_OK;
}
