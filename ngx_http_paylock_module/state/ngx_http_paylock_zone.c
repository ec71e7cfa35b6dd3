
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The zone is one block of the slab allocator: the node, then the table.  It
 * outlives the shared object: after a reload with another version of the module
 * old and new workers share it.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <openssl/rand.h>

#include "ngx_http_paylock_names.h"
#include "ngx_http_paylock_state_file.h"
#include "ngx_http_paylock_zone.h"


/*
 * To be raised when a member changes its meaning; a changed size shows in the
 * name of the zone without that.
 */

#define NGX_HTTP_PAYLOCK_LAYOUT  1

#define NGX_HTTP_PAYLOCK_NODE_SIZE                                            \
    ngx_align(sizeof(ngx_http_paylock_node_sh_t), 64)


static ngx_int_t ngx_http_paylock_zone_init(ngx_shm_zone_t *shm_zone,
    void *data);
static void ngx_http_paylock_zone_attach(ngx_http_paylock_main_conf_t *pmcf,
    ngx_shm_zone_t *shm_zone);
static ngx_int_t ngx_http_paylock_zone_fill(
    ngx_http_paylock_main_conf_t *pmcf, ngx_log_t *log);
static ngx_int_t ngx_http_paylock_zone_make(
    ngx_http_paylock_main_conf_t *pmcf, const u_char *known, ngx_log_t *log);
static ngx_shm_zone_t *ngx_http_paylock_zone_old(ngx_shm_zone_t *shm_zone);
static ngx_int_t ngx_http_paylock_zone_inherit(
    ngx_http_paylock_main_conf_t *pmcf, ngx_shm_zone_t *from, ngx_log_t *log);


ngx_shm_zone_t *
ngx_http_paylock_zone_add(ngx_conf_t *cf, ngx_http_paylock_main_conf_t *pmcf)
{
    ngx_str_t        name;
    ngx_shm_zone_t  *zone;

    name.len = sizeof("paylock_..") + 4 * NGX_INT_T_LEN;

    name.data = ngx_pnalloc(cf->pool, name.len);
    if (name.data == NULL) {
        return NULL;
    }

    name.len = ngx_sprintf(name.data, "paylock_%d_%uz_%uz_%uz",
                           NGX_HTTP_PAYLOCK_LAYOUT,
                           sizeof(ngx_http_paylock_node_sh_t),
                           sizeof(ngx_http_paylock_table_sh_t),
                           sizeof(ngx_http_paylock_slot_t))
               - name.data;

    zone = ngx_shared_memory_add(cf, &name, pmcf->size,
                                 ngx_http_paylock_zone_tag);

    if (zone) {
        zone->init = ngx_http_paylock_zone_init;
        zone->data = pmcf;
    }

    return zone;
}


static ngx_int_t
ngx_http_paylock_zone_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_int_t                      rc;
    ngx_shm_zone_t                *old;
    ngx_http_paylock_main_conf_t  *pmcf;

    pmcf = shm_zone->data;
    pmcf->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (ngx_http_paylock_state_file_init(pmcf, shm_zone->shm.log) != NGX_OK) {
        return NGX_ERROR;
    }

    if (data == NULL && !shm_zone->shm.exists) {
        old = ngx_http_paylock_zone_old(shm_zone);

        rc = old ? ngx_http_paylock_zone_inherit(pmcf, old, shm_zone->shm.log)
                 : ngx_http_paylock_zone_fill(pmcf, shm_zone->shm.log);

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }

    } else {
        ngx_http_paylock_zone_attach(pmcf, shm_zone);
    }

    ngx_http_paylock_names_keys(pmcf);

    return NGX_OK;
}


static void
ngx_http_paylock_zone_attach(ngx_http_paylock_main_conf_t *pmcf,
    ngx_shm_zone_t *shm_zone)
{
    pmcf->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;
    pmcf->node = pmcf->shpool->data;

    ngx_http_paylock_table_attach(&pmcf->table,
                             (u_char *) pmcf->node + NGX_HTTP_PAYLOCK_NODE_SIZE,
                             pmcf->node->table_size, NULL);
}


/* Fills a new zone from the state file. */

static ngx_int_t
ngx_http_paylock_zone_fill(ngx_http_paylock_main_conf_t *pmcf, ngx_log_t *log)
{
    ngx_err_t                       err;
    ngx_int_t                       rc;
    ngx_http_paylock_state_image_t  image;

    /* if the key cannot be used, that was logged */

    if (pmcf->state_file.enable == 0 || pmcf->state_file.keyed == NGX_ERROR) {
        return ngx_http_paylock_zone_make(pmcf, NULL, log);
    }

    rc = ngx_http_paylock_state_file_open(&pmcf->state_file, &image);

    if (rc == NGX_OK) {
        rc = ngx_http_paylock_zone_make(pmcf, image.head.secret, log);

        if (rc == NGX_OK) {
            rc = ngx_http_paylock_state_file_load(pmcf, &image, log);
        }

        ngx_free(image.records);

        return rc;
    }

    err = ngx_errno;

    ngx_log_debug2(NGX_LOG_DEBUG_CORE, log, err,
                   "paylock state: \"%V\" cannot be used: %i",
                   &pmcf->state_file.name, rc);

    if (rc == NGX_ERROR) {
        ngx_log_error(NGX_LOG_ALERT, log, err,
                      "paylock: the state file \"%V\" %s and was ignored; "
                      "\"paylock_default\" applies until Redis answers",
                      &pmcf->state_file.name, image.why);

    } else if (pmcf->state_file.keyed == NGX_OK) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "paylock: there is no state file \"%V\" yet; "
                      "\"paylock_default\" applies until Redis answers",
                      &pmcf->state_file.name);
    }

    return ngx_http_paylock_zone_make(pmcf, NULL, log);
}


static ngx_int_t
ngx_http_paylock_zone_make(ngx_http_paylock_main_conf_t *pmcf,
    const u_char *known, ngx_log_t *log)
{
    size_t   size;
    u_char  *segment, secret[NGX_HTTP_PAYLOCK_SECRET];

    size = pmcf->shpool->pfree * ngx_pagesize;

    segment = ngx_slab_calloc(pmcf->shpool, size);

    if (segment == NULL
        || (known == NULL && RAND_bytes(secret, sizeof(secret)) != 1))
    {
        ngx_log_error(NGX_LOG_EMERG, log, 0,
                      "paylock: cannot set up its zone of %uz bytes",
                      pmcf->zone->shm.size);
        return NGX_ERROR;
    }

    pmcf->shpool->data = segment;
    pmcf->node = (ngx_http_paylock_node_sh_t *) segment;
    pmcf->node->table_size = size - NGX_HTTP_PAYLOCK_NODE_SIZE;

    ngx_http_paylock_table_attach(&pmcf->table,
                                  segment + NGX_HTTP_PAYLOCK_NODE_SIZE,
                                  pmcf->node->table_size,
                                  known ? known : secret);
    return NGX_OK;
}


/* The zone of the running configuration, if it has another size. */

static ngx_shm_zone_t *
ngx_http_paylock_zone_old(ngx_shm_zone_t *shm_zone)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_shm_zone_t   *zone;

    if (ngx_is_init_cycle(ngx_cycle)) {
        return NULL;
    }

    for (part = (ngx_list_part_t *) &ngx_cycle->shared_memory.part;
         part;
         part = part->next)
    {
        zone = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (zone[i].tag == shm_zone->tag
                && zone[i].shm.name.len == shm_zone->shm.name.len
                && ngx_strncmp(zone[i].shm.name.data, shm_zone->shm.name.data,
                               zone[i].shm.name.len)
                   == 0)
            {
                return &zone[i];
            }
        }
    }

    return NULL;
}


/*
 * A reload that changes the size must not open locked hosts: the records are
 * copied.  Only the zone is read, not the running configuration, which may
 * belong to another version of the module.
 */

static ngx_int_t
ngx_http_paylock_zone_inherit(ngx_http_paylock_main_conf_t *pmcf,
    ngx_shm_zone_t *from, ngx_log_t *log)
{
    ngx_int_t                      rc;
    ngx_uint_t                     tries;
    ngx_http_paylock_main_conf_t   view, *old;

    old = &view;
    ngx_http_paylock_zone_attach(old, from);

    if (ngx_http_paylock_zone_make(pmcf, old->table.sh->secret, log) != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (tries = 0; !ngx_shmtx_trylock(&old->shpool->mutex); tries++) {
        if (tries == 100) {
            rc = NGX_BUSY;
            goto failed;
        }

        ngx_msleep(1);
    }

    rc = ngx_http_paylock_table_copy(&pmcf->table, &old->table);

    ngx_shmtx_unlock(&old->shpool->mutex);

    if (rc == NGX_OK) {
        pmcf->node->cursor = old->node->cursor;
        pmcf->node->position = old->node->position;
        ngx_memcpy(pmcf->node->root, old->node->root, PAYLOCK_HASH_LEN);
        ngx_memcpy(pmcf->node->trust, old->node->trust, PAYLOCK_STATE_TRUST);
        pmcf->node->stamp = old->node->stamp;
        pmcf->node->saved = pmcf->table.sh->changes - 1;
        pmcf->node->synced = old->node->synced;
        pmcf->node->state = old->node->state;
        pmcf->node->answered = old->node->answered;
        pmcf->node->by_hand = old->node->by_hand;
        return NGX_OK;
    }

failed:

    ngx_log_error(NGX_LOG_EMERG, log, 0,
                  "\"paylock_zone\" would hold at most %uD of %uD records: %s",
                  pmcf->table.sh->capacity, old->table.sh->count,
                  rc == NGX_BUSY ? "the old zone is locked, try again"
                                 : "raise it");
    return NGX_ERROR;
}
