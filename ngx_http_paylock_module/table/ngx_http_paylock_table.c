
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_http_paylock_slot.h"
#include "paylock_host.h"


uint32_t
ngx_http_paylock_table_capacity(size_t size)
{
    size_t  n;

    n = ngx_align(sizeof(ngx_http_paylock_table_sh_t), 64)
        + 2 * sizeof(ngx_http_paylock_slot_t) + 64;

    if (size <= n) {
        return 0;
    }

    n = (size - n) / (sizeof(ngx_http_paylock_bucket_t)
                      + sizeof(ngx_http_paylock_slot_t));

    return ngx_min(n, 0x3fffffff);
}


void
ngx_http_paylock_table_attach(ngx_http_paylock_table_t *table, void *segment,
    size_t size, const u_char *secret)
{
    u_char                       *p;
    ngx_http_paylock_table_sh_t  *sh;

    sh = segment;

    if (sh->capacity == 0) {
        sh->capacity = ngx_http_paylock_table_capacity(size);
        ngx_memcpy(sh->secret, secret, NGX_HTTP_PAYLOCK_SECRET);
    }

    p = (u_char *) segment + ngx_align(sizeof(ngx_http_paylock_table_sh_t), 64);

    table->sh = sh;
    table->buckets = (ngx_http_paylock_bucket_t *) p;

    p += sh->capacity * sizeof(ngx_http_paylock_bucket_t);

    table->slots = (ngx_http_paylock_slot_t *) ngx_align_ptr(p, 64);
}


void
ngx_http_paylock_table_key(const ngx_http_paylock_table_t *table,
    const u_char *name, size_t len, ngx_http_paylock_key_t *key)
{
    key->hash = ngx_http_paylock_hash(table, name, len);
    key->suffix = 0;
}


void
ngx_http_paylock_table_kind(ngx_http_paylock_key_t *key,
    paylock_host_kind_e kind, size_t len)
{
    key->hash ^= kind;
    key->suffix = kind ? len << NGX_HTTP_PAYLOCK_SHIFT
                         & NGX_HTTP_PAYLOCK_SUFFIX : 0;
}


void
ngx_http_paylock_table_field(ngx_http_paylock_table_t *table,
    const char *field, size_t len, ngx_http_paylock_key_t *key)
{
    size_t  n;

    n = paylock_host_suffix(field, len);

    ngx_http_paylock_table_key(table, (const u_char *) field + n, len - n, key);
    ngx_http_paylock_table_kind(key, paylock_host_kind(field, len), len - n);
}


/* Each length that there is, instead of each name: they are few. */

__attribute__((flatten)) ngx_uint_t
ngx_http_paylock_table_above(const ngx_http_paylock_table_t *table,
    const u_char *name, size_t len)
{
    size_t         n;
    uint64_t       lengths;
    const u_char  *dot;

    for (lengths = ngx_http_paylock_load(&table->sh->lengths[0]);
         lengths;
         lengths &= lengths - 1)
    {
        n = __builtin_ctzll(lengths);

        if (n >= len) {
            break;
        }

        dot = name + len - n - 1;

        if (*dot == '.'
            && ngx_http_paylock_may_have(table,
                                  ngx_http_paylock_hash(table, dot + 1, n)))
        {
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_http_paylock_table_find(const ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key, paylock_record_t *record)
{
    return ngx_http_paylock_load(&table->sh->count) != 0
           && ngx_http_paylock_find(table,
                                    ngx_http_paylock_bucket(table, key->hash),
                                    key->hash, 0, record);
}
