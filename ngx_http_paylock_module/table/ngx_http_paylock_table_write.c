
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_http_paylock_slot.h"


static void ngx_http_paylock_lengths(ngx_http_paylock_table_sh_t *sh,
    uint32_t len);
static uint32_t ngx_http_paylock_take(ngx_http_paylock_table_t *table,
    uint32_t most);
static void ngx_http_paylock_give(ngx_http_paylock_table_t *table, uint32_t i);
static void ngx_http_paylock_fill(ngx_http_paylock_table_t *table, uint32_t i,
    uint32_t next, uint32_t flags, uint64_t hash,
    const paylock_record_t *record);
static void ngx_http_paylock_retire(ngx_http_paylock_bucket_t *bucket);
static ngx_int_t ngx_http_paylock_recover(ngx_http_paylock_table_t *table);
static void ngx_http_paylock_drop_twins(ngx_http_paylock_table_t *table,
    ngx_http_paylock_bucket_t *bucket);


ngx_int_t
ngx_http_paylock_table_begin(ngx_http_paylock_table_t *table)
{
    if (table->sh->dirty && ngx_http_paylock_recover(table) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_paylock_store(&table->sh->dirty, 1);
    return NGX_OK;
}


void
ngx_http_paylock_table_end(ngx_http_paylock_table_t *table)
{
    ngx_http_paylock_store(&table->sh->dirty, 0);
}


ngx_int_t
ngx_http_paylock_table_set(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key, const paylock_record_t *record)
{
    uint32_t                    flags;
    ngx_int_t                   rc;
    ngx_http_paylock_slot_t    *slot;
    ngx_http_paylock_links_t    links;
    ngx_http_paylock_bucket_t  *bucket;

    bucket = ngx_http_paylock_bucket(table, key->hash);
    ngx_http_paylock_links(table, bucket, key->hash, &links);

    if (links.staged) {
        ngx_http_paylock_unlink(table, bucket, links.staged);
        ngx_http_paylock_links(table, bucket, key->hash, &links);
    }

    flags = key->suffix | table->sh->scan;

    if (links.live == NULL) {

        if (record == NULL) {
            return NGX_OK;
        }

        /* count first: readers skip an empty table */
        ngx_http_paylock_slot_count(table, flags, 1);

        rc = ngx_http_paylock_insert(table, bucket, key->hash, record, flags);
        if (rc != NGX_OK) {
            ngx_http_paylock_slot_count(table, flags, -1);
        }

        return rc;
    }

    if (record == NULL) {
        ngx_http_paylock_unlink(table, bucket, links.live);
        return NGX_OK;
    }

    slot = &table->slots[*links.live];

    ngx_http_paylock_flag(table, slot, flags);

    if (ngx_memcmp(&slot->record, record, sizeof(*record)) == 0) {
        return NGX_OK;
    }

    return ngx_http_paylock_replace(table, bucket, links.live, record);
}


ngx_int_t
ngx_http_paylock_table_add(ngx_http_paylock_table_t *table,
    const ngx_http_paylock_key_t *key, const paylock_record_t *record)
{
    ngx_http_paylock_links_t  links;

    ngx_http_paylock_links(table, ngx_http_paylock_bucket(table, key->hash),
                           key->hash, &links);

    return links.live ? NGX_OK : ngx_http_paylock_table_set(table, key, record);
}


/* Changes the flags of a slot that readers find. */

void
ngx_http_paylock_flag(ngx_http_paylock_table_t *table,
    ngx_http_paylock_slot_t *slot, uint32_t flags)
{
    table->sh->changes += !!((flags ^ slot->flags) & NGX_HTTP_PAYLOCK_HELD);
    table->sh->held += !!(flags & NGX_HTTP_PAYLOCK_HELD)
                       - !!(slot->flags & NGX_HTTP_PAYLOCK_HELD);

    ngx_http_paylock_store(&slot->flags, flags);
}


/* Counts a slot, before readers can find it, or when they lose it. */

void
ngx_http_paylock_slot_count(ngx_http_paylock_table_t *table, uint32_t flags,
    int32_t n)
{
    uint32_t                      len;
    ngx_http_paylock_table_sh_t  *sh;

    sh = table->sh;

    if (flags & NGX_HTTP_PAYLOCK_STAGED) {
        return;
    }

    sh->changes++;

    len = ngx_http_paylock_length(flags);
    sh->length[len] += n;

    if (len) {
        ngx_http_paylock_lengths(sh, len);
    }

    if (flags & NGX_HTTP_PAYLOCK_HELD) {
        sh->held += n;
    }

    ngx_http_paylock_store(&sh->count, sh->count + n);
}


/* Tells readers whether there are suffix records of that length. */

static void
ngx_http_paylock_lengths(ngx_http_paylock_table_sh_t *sh, uint32_t len)
{
    uint64_t  *word, bit;

    word = &sh->lengths[len / 64];
    bit = (uint64_t) 1 << len % 64;

    ngx_http_paylock_store(word, sh->length[len] ? *word | bit : *word & ~bit);
}


void
ngx_http_paylock_links(ngx_http_paylock_table_t *table,
    ngx_http_paylock_bucket_t *bucket, uint64_t hash,
    ngx_http_paylock_links_t *links)
{
    uint32_t                 *link;
    ngx_http_paylock_slot_t  *slot;

    links->live = NULL;
    links->staged = NULL;

    for (link = &bucket->head; *link; link = &slot->next) {
        slot = &table->slots[*link];

        if (slot->hash != hash) {
            continue;
        }

        if (slot->flags & NGX_HTTP_PAYLOCK_STAGED) {
            links->staged = link;

        } else {
            links->live = link;
        }
    }
}


ngx_int_t
ngx_http_paylock_insert(ngx_http_paylock_table_t *table,
    ngx_http_paylock_bucket_t *bucket, uint64_t hash,
    const paylock_record_t *record, uint32_t flags)
{
    uint32_t  i;

    i = ngx_http_paylock_take(table, table->sh->capacity);
    if (i == 0) {
        return NGX_DECLINED;
    }

    ngx_http_paylock_fill(table, i, bucket->head, flags, hash, record);
    ngx_http_paylock_store(&bucket->head, i);

    return NGX_OK;
}


ngx_int_t
ngx_http_paylock_replace(ngx_http_paylock_table_t *table,
    ngx_http_paylock_bucket_t *bucket, uint32_t *link,
    const paylock_record_t *record)
{
    uint32_t                  i, old;
    ngx_http_paylock_slot_t  *slot;

    /* the table has one slot more than its capacity, for this */

    i = ngx_http_paylock_take(table, table->sh->capacity + 1);
    if (i == 0) {
        return NGX_DECLINED;
    }

    table->sh->changes++;

    old = *link;
    slot = &table->slots[old];

    ngx_http_paylock_fill(table, i, slot->next, slot->flags, slot->hash,
                          record);

    ngx_http_paylock_store(link, i);
    ngx_http_paylock_retire(bucket);
    ngx_http_paylock_give(table, old);

    return NGX_OK;
}


static uint32_t
ngx_http_paylock_take(ngx_http_paylock_table_t *table, uint32_t most)
{
    uint32_t                      i;
    ngx_http_paylock_table_sh_t  *sh;

    sh = table->sh;

    if (sh->taken >= most) {
        return 0;
    }

    i = sh->free;

    if (i) {
        sh->free = table->slots[i].next;

    } else {
        i = ++sh->used;
    }

    sh->taken++;

    return i;
}


static void
ngx_http_paylock_give(ngx_http_paylock_table_t *table, uint32_t i)
{
    ngx_http_paylock_store(&table->slots[i].next, table->sh->free);
    table->sh->free = i;
    table->sh->taken--;
}


static void
ngx_http_paylock_fill(ngx_http_paylock_table_t *table, uint32_t i,
    uint32_t next, uint32_t flags, uint64_t hash,
    const paylock_record_t *record)
{
    ngx_http_paylock_slot_t  *slot;

    slot = &table->slots[i];

    ngx_http_paylock_store(&slot->next, next);
    ngx_http_paylock_store(&slot->flags, flags);
    slot->hash = hash;
    slot->record = *record;
}


/*
 * A slot has left its chain and may be used again.  A reader that is still at
 * it sees that the version has changed, and starts again.
 */

static void
ngx_http_paylock_retire(ngx_http_paylock_bucket_t *bucket)
{
    ngx_http_paylock_store(&bucket->version, bucket->version + 1);
    __atomic_thread_fence(__ATOMIC_RELEASE);
}


void
ngx_http_paylock_unlink(ngx_http_paylock_table_t *table,
    ngx_http_paylock_bucket_t *bucket, uint32_t *link)
{
    uint32_t  i;

    i = *link;

    ngx_http_paylock_slot_count(table, table->slots[i].flags, -1);
    ngx_http_paylock_store(link, table->slots[i].next);
    ngx_http_paylock_retire(bucket);
    ngx_http_paylock_give(table, i);
}


/*
 * Recovers after a writer was killed.  The chains are intact, but a host may be
 * in its chain twice, the newer record first; the counts and the list of free
 * slots are rebuilt.
 */

static ngx_int_t
ngx_http_paylock_recover(ngx_http_paylock_table_t *table)
{
    u_char                       *linked;
    uint32_t                      b, i, *link, count;
    ngx_http_paylock_slot_t      *slot;
    ngx_http_paylock_table_sh_t  *sh;

    sh = table->sh;

    linked = calloc(1, sh->capacity + 2);
    if (linked == NULL) {
        return NGX_ERROR;
    }

    count = 0;
    ngx_memzero(sh->length, sizeof(sh->length));
    sh->held = 0;
    sh->taken = 0;
    sh->used = 0;
    sh->free = 0;

    for (b = 0; b < sh->capacity; b++) {
        ngx_http_paylock_drop_twins(table, &table->buckets[b]);

        for (link = &table->buckets[b].head; *link; link = &slot->next) {
            slot = &table->slots[*link];

            linked[*link] = 1;
            sh->used = ngx_max(sh->used, *link);
            sh->taken++;

            if (!(slot->flags & NGX_HTTP_PAYLOCK_STAGED)) {
                count++;
                sh->length[ngx_http_paylock_length(slot->flags)]++;
                sh->held += !!(slot->flags & NGX_HTTP_PAYLOCK_HELD);
            }
        }

        /* the writer may have been killed just before it did this */
        ngx_http_paylock_retire(&table->buckets[b]);
    }

    for (i = 1; i < NGX_HTTP_PAYLOCK_LENGTHS; i++) {
        ngx_http_paylock_lengths(sh, i);
    }

    ngx_http_paylock_store(&sh->count, count);

    for (i = 1; i <= sh->used; i++) {
        if (!linked[i]) {
            ngx_http_paylock_store(&table->slots[i].next, sh->free);
            sh->free = i;
        }
    }

    free(linked);

    return NGX_OK;
}


static void
ngx_http_paylock_drop_twins(ngx_http_paylock_table_t *table,
    ngx_http_paylock_bucket_t *bucket)
{
    uint32_t                 *link, *later;
    ngx_http_paylock_slot_t  *slot, *twin;

    for (link = &bucket->head; *link; link = &slot->next) {
        slot = &table->slots[*link];

        for (later = &slot->next; *later; /* void */ ) {
            twin = &table->slots[*later];

            if (twin->hash == slot->hash
                && ((twin->flags ^ slot->flags) & NGX_HTTP_PAYLOCK_STAGED) == 0)
            {
                ngx_http_paylock_store(later, twin->next);
                ngx_http_paylock_retire(bucket);

            } else {
                later = &twin->next;
            }
        }
    }
}
