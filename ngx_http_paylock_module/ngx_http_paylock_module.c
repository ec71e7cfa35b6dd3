
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_counters.h"
#include "ngx_http_paylock_host.h"
#include "ngx_http_paylock_lease.h"
#include "ngx_http_paylock_metrics.h"
#include "ngx_http_paylock_page.h"
#include "ngx_http_paylock_redis.h"
#include "ngx_http_paylock_request.h"
#include "ngx_http_paylock_state_file.h"
#include "ngx_http_paylock_zone.h"


#define NGX_HTTP_PAYLOCK_ZONE_MIN  (8 * ngx_pagesize)


static ngx_int_t ngx_http_paylock_init(ngx_conf_t *cf);
static ngx_int_t ngx_http_paylock_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_http_paylock_init_process(ngx_cycle_t *cycle);
static void ngx_http_paylock_exit_process(ngx_cycle_t *cycle);
static char *ngx_http_paylock_switch(ngx_conf_t *cf, void *post, void *data);
static char *ngx_http_paylock_zone(ngx_conf_t *cf, void *post, void *data);
static char *ngx_http_paylock_reconcile(ngx_conf_t *cf, void *post,
    void *data);
static char *ngx_http_paylock_retry_after(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_paylock_contact(ngx_conf_t *cf, void *post, void *data);


static ngx_conf_post_t  ngx_http_paylock_switch_post =
    { ngx_http_paylock_switch };

static ngx_conf_post_t  ngx_http_paylock_zone_post =
    { ngx_http_paylock_zone };

static ngx_conf_post_t  ngx_http_paylock_reconcile_post =
    { ngx_http_paylock_reconcile };

static ngx_conf_post_t  ngx_http_paylock_node_post =
    { ngx_http_paylock_node_name };

static ngx_conf_post_t  ngx_http_paylock_contact_post =
    { ngx_http_paylock_contact };


static ngx_conf_enum_t  ngx_http_paylock_defaults[] = {
    { ngx_string("open"), PAYLOCK_OPEN },
    { ngx_string("locked"), PAYLOCK_LOCKED },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_paylock_statuses[] = {
    { ngx_string("503"), NGX_HTTP_SERVICE_UNAVAILABLE },
    { ngx_string("402"), 402 },
    { ngx_string("403"), NGX_HTTP_FORBIDDEN },
    { ngx_null_string, 0 }
};


static ngx_conf_enum_t  ngx_http_paylock_log_levels[] = {
    { ngx_string("debug"), NGX_LOG_DEBUG },
    { ngx_string("info"), NGX_LOG_INFO },
    { ngx_string("notice"), NGX_LOG_NOTICE },
    { ngx_string("warn"), NGX_LOG_WARN },
    { ngx_string("error"), NGX_LOG_ERR },
    { ngx_null_string, 0 }
};


static ngx_command_t  ngx_http_paylock_commands[] = {

    { ngx_string("paylock"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_paylock_loc_conf_t, enable),
      &ngx_http_paylock_switch_post },

    { ngx_string("paylock_redis"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_paylock_conf_redis,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("paylock_redis_ssl_trusted_certificate"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_paylock_main_conf_t, redis.ssl_trusted_certificate),
      NULL },

    { ngx_string("paylock_redis_ssl_certificate"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_paylock_main_conf_t, redis.ssl_certificate),
      NULL },

    { ngx_string("paylock_redis_ssl_certificate_key"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_paylock_main_conf_t, redis.ssl_certificate_key),
      NULL },

    { ngx_string("paylock_redis_ssl_name"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_paylock_main_conf_t, redis.ssl_name),
      NULL },

    { ngx_string("paylock_redis_ssl_verify"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_paylock_main_conf_t, redis.ssl_verify),
      NULL },

    { ngx_string("paylock_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_paylock_main_conf_t, size),
      &ngx_http_paylock_zone_post },

    { ngx_string("paylock_state"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_paylock_state_file,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("paylock_signers"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE12,
      ngx_http_paylock_signers,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("paylock_reconcile"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_paylock_main_conf_t, reconcile),
      &ngx_http_paylock_reconcile_post },

    { ngx_string("paylock_node"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_paylock_main_conf_t, name),
      &ngx_http_paylock_node_post },

    { ngx_string("paylock_metrics"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_paylock_metrics,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("paylock_default"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_SRV_CONF_OFFSET,
      offsetof(ngx_http_paylock_srv_conf_t, def),
      &ngx_http_paylock_defaults },

    { ngx_string("paylock_key"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE1,
      ngx_http_paylock_names_key,
      NGX_HTTP_SRV_CONF_OFFSET,
      offsetof(ngx_http_paylock_srv_conf_t, key),
      NULL },

    { ngx_string("paylock_status"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_paylock_loc_conf_t, status),
      &ngx_http_paylock_statuses },

    { ngx_string("paylock_retry_after"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_paylock_retry_after,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_paylock_loc_conf_t, retry_after),
      NULL },

    { ngx_string("paylock_page"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_paylock_template,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("paylock_contact"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_paylock_loc_conf_t, contact),
      &ngx_http_paylock_contact_post },

    { ngx_string("paylock_exempt"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_paylock_exempt,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("paylock_bypass"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_set_predicate_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_paylock_loc_conf_t, bypass),
      NULL },

    { ngx_string("paylock_pass_key"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_CONF_TAKE1,
      ngx_http_paylock_pass_key,
      NGX_HTTP_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("paylock_dry_run"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_paylock_loc_conf_t, dry_run),
      NULL },

    { ngx_string("paylock_log_level"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_paylock_loc_conf_t, log_level),
      &ngx_http_paylock_log_levels },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_paylock_module_ctx = {
    ngx_http_paylock_variables_add,        /* preconfiguration */
    ngx_http_paylock_init,                 /* postconfiguration */

    ngx_http_paylock_create_main_conf,     /* create main configuration */
    ngx_http_paylock_init_main_conf,       /* init main configuration */

    ngx_http_paylock_create_srv_conf,      /* create server configuration */
    ngx_http_paylock_merge_srv_conf,       /* merge server configuration */

    ngx_http_paylock_create_loc_conf,      /* create location configuration */
    ngx_http_paylock_merge_loc_conf        /* merge location configuration */
};


ngx_module_t  ngx_http_paylock_module = {
    NGX_MODULE_V1,
    &ngx_http_paylock_module_ctx,          /* module context */
    ngx_http_paylock_commands,             /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_http_paylock_init_module,          /* init module */
    ngx_http_paylock_init_process,         /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_paylock_exit_process,         /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_paylock_init(ngx_conf_t *cf)
{
    ngx_uint_t                      i;
    ngx_http_core_srv_conf_t      **cscf;
    ngx_http_core_main_conf_t      *cmcf;
    ngx_http_paylock_srv_conf_t    *pscf, **server;
    ngx_http_paylock_main_conf_t   *pmcf;

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_paylock_module);

    if (ngx_http_paylock_template_check(cf, pmcf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!pmcf->used) {
        return NGX_OK;
    }

    if (ngx_http_paylock_hiredis_load(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    cscf = cmcf->servers.elts;

    for (i = 0; i < cmcf->servers.nelts; i++) {
        pscf = cscf[i]->ctx->srv_conf[ngx_http_paylock_module.ctx_index];

        server = ngx_array_push(&pmcf->servers);
        if (server == NULL) {
            return NGX_ERROR;
        }

        *server = pscf;
        pmcf->table.defaults |= 1u << pscf->def;

        if (ngx_http_paylock_names_init(cf, pscf, cscf[i]) != NGX_OK
            || ngx_http_paylock_host_init(cf, pscf) != NGX_OK)
        {
            return NGX_ERROR;
        }

        /* variables may be set later, by directives of server and location */

        if (pscf->key && pscf->key->lengths) {
            pscf->by_location = 1;
            pmcf->recheck = 1;
        }
    }

    pmcf->zone = ngx_http_paylock_zone_add(cf, pmcf);
    if (pmcf->zone == NULL) {
        return NGX_ERROR;
    }

    pmcf->counters_zone = ngx_http_paylock_counters_zone(cf);
    if (pmcf->counters_zone == NULL) {
        return NGX_ERROR;
    }

    return ngx_http_paylock_disable_filters_init(cf, pmcf) == NGX_OK
           ? ngx_http_paylock_phases_init(cf) : NGX_ERROR;
}


/* The configuration is valid and about to be used: files may be created now. */

static ngx_int_t
ngx_http_paylock_init_module(ngx_cycle_t *cycle)
{
    ngx_http_paylock_main_conf_t  *pmcf;

    pmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_paylock_module);

    if (pmcf == NULL || !pmcf->used || ngx_test_config) {
        return NGX_OK;
    }

    ngx_http_paylock_phases_first(cycle);
    ngx_http_paylock_state_file_make(pmcf, cycle->log);
    ngx_http_paylock_signers_tell(pmcf, cycle->log);

    return NGX_OK;
}


static ngx_int_t
ngx_http_paylock_init_process(ngx_cycle_t *cycle)
{
    ngx_http_paylock_main_conf_t  *pmcf;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    pmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_paylock_module);

    if (pmcf == NULL || !pmcf->used) {
        return NGX_OK;
    }

    pmcf->counters = ngx_http_paylock_counters_acquire(cycle,
                                                       pmcf->counters_zone);
    if (pmcf->counters == NULL) {
        return NGX_ERROR;
    }

    ngx_http_paylock_filter_init();
    ngx_http_paylock_state_file_refresh(pmcf, cycle->log);

    return ngx_http_paylock_lease_start(cycle, pmcf);
}


static void
ngx_http_paylock_exit_process(ngx_cycle_t *cycle)
{
    ngx_http_paylock_main_conf_t  *pmcf;

    pmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_paylock_module);

    if (pmcf && pmcf->lease) {
        ngx_http_paylock_lease_end(pmcf);
        ngx_http_paylock_counters_release(pmcf->counters);
    }
}


static char *
ngx_http_paylock_switch(ngx_conf_t *cf, void *post, void *data)
{
    ngx_flag_t                    *enable = data;
    ngx_http_paylock_main_conf_t  *pmcf;

    if (*enable) {
        pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_paylock_module);
        pmcf->used = 1;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_paylock_zone(ngx_conf_t *cf, void *post, void *data)
{
    size_t  *size = data;

    if (*size < NGX_HTTP_PAYLOCK_ZONE_MIN) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"paylock_zone\" is too small: "
                           "it must be %uzk or more",
                           NGX_HTTP_PAYLOCK_ZONE_MIN / 1024);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_paylock_reconcile(ngx_conf_t *cf, void *post, void *data)
{
    ngx_msec_t  *time = data;

    return *time ? NGX_CONF_OK : "must be a time over 0";
}


static char *
ngx_http_paylock_retry_after(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_paylock_loc_conf_t  *plcf = conf;

    char       *rv;
    ngx_str_t  *value;

    value = cf->args->elts;

    if (plcf->retry_after == NGX_CONF_UNSET
        && ngx_strcmp(value[1].data, "off") == 0)
    {
        plcf->retry_after = 0;
        return NGX_CONF_OK;
    }

    rv = ngx_conf_set_sec_slot(cf, cmd, conf);

    if (rv == NGX_CONF_OK && plcf->retry_after == 0) {
        return "must be a time over 0, or \"off\"";
    }

    return rv;
}


static char *
ngx_http_paylock_contact(ngx_conf_t *cf, void *post, void *data)
{
    ngx_str_t  *contact = data;

    size_t  i;

    if (contact->len > 200) {
        return "is longer than 200 bytes";
    }

    for (i = 0; i < contact->len; i++) {
        if (contact->data[i] < 0x20 || contact->data[i] == 0x7f) {
            return "holds a control character";
        }
    }

    return NGX_CONF_OK;
}
