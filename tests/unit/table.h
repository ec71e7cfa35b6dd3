
/*
 * Copyright (C) 2026 paylock contributors
 *
 * A table in a segment of its own, and what the tests of it do to it.
 */


#ifndef _TABLE_H_INCLUDED_
#define _TABLE_H_INCLUDED_


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "ngx_http_paylock_slot.h"


#define SIZE  (256 * 1024)


typedef struct {
    ngx_http_paylock_table_t  table;
    void                     *segment;
    size_t                    size;
} fixture_t;


static inline fixture_t *
table_make(size_t size)
{
    u_char      secret[NGX_HTTP_PAYLOCK_SECRET];
    size_t      i;
    fixture_t  *f;

    f = calloc(1, sizeof(fixture_t));
    assert_non_null(f);

    f->size = size;
    f->segment = mmap(NULL, size, PROT_READ|PROT_WRITE,
                      MAP_ANONYMOUS|MAP_SHARED, -1, 0);
    assert_ptr_not_equal(f->segment, MAP_FAILED);

    for (i = 0; i < sizeof(secret); i++) {
        secret[i] = random();
    }

    ngx_http_paylock_table_attach(&f->table, f->segment, size, secret);

    return f;
}


static inline void
table_free(fixture_t *f)
{
    munmap(f->segment, f->size);
    free(f);
}


static inline ngx_http_paylock_key_t
key_of(fixture_t *f, const char *name)
{
    ngx_http_paylock_key_t  key;

    ngx_http_paylock_table_key(&f->table, (const u_char *) name, strlen(name),
                               &key);
    return key;
}


static inline ngx_http_paylock_key_t
field_of(fixture_t *f, const char *field)
{
    ngx_http_paylock_key_t  key;

    ngx_http_paylock_table_field(&f->table, field, strlen(field), &key);

    return key;
}


/* a record whose parts all tell the same number */

static inline paylock_record_t
record_of(uint32_t n)
{
    ngx_uint_t        i;
    paylock_record_t  record;

    memset(&record, 0, sizeof(record));

    for (i = 0; i < PAYLOCK_TIMES; i++) {
        record.time[i] = n;
    }

    memcpy(record.ref, &n, sizeof(n));
    memcpy(record.ref + PAYLOCK_REF_MAX - sizeof(n), &n, sizeof(n));
    record.ref_len = PAYLOCK_REF_MAX;
    record.set = 0xff;

    return record;
}


static inline int
record_is(const paylock_record_t *record, uint32_t n)
{
    paylock_record_t  wanted = record_of(n);

    return memcmp(record, &wanted, sizeof(wanted)) == 0;
}


static inline ngx_int_t
set_key(fixture_t *f, ngx_http_paylock_key_t key, int64_t n)
{
    ngx_int_t         rc;
    paylock_record_t  record;

    record = record_of(n);

    assert_int_equal(ngx_http_paylock_table_begin(&f->table), NGX_OK);
    rc = ngx_http_paylock_table_set(&f->table, &key, n < 0 ? NULL : &record);
    ngx_http_paylock_table_end(&f->table);

    return rc;
}


static inline ngx_int_t
set(fixture_t *f, const char *name, int64_t n)
{
    return set_key(f, key_of(f, name), n);
}


static inline ngx_int_t
note(fixture_t *f, const char *name, int64_t n)
{
    paylock_record_t        record;
    ngx_http_paylock_key_t  key;

    key = key_of(f, name);
    record = record_of(n);

    return ngx_http_paylock_table_note(&f->table, &key, &record);
}


static inline int64_t
get(fixture_t *f, const char *name)
{
    paylock_record_t        record;
    ngx_http_paylock_key_t  key;

    key = key_of(f, name);

    if (!ngx_http_paylock_table_find(&f->table, &key, &record)) {
        return -1;
    }

    assert_true(record_is(&record, record.time[0]));

    return record.time[0];
}


static inline void
sweep(fixture_t *f)
{
    ngx_http_paylock_sweep_t  s = { .belief = NGX_HTTP_PAYLOCK_BELIEVE_ALL };

    while (ngx_http_paylock_table_look(&f->table, &s, 7) == NGX_AGAIN) {
        /* void */
    }

    while (ngx_http_paylock_table_sweep(&f->table, &s, 7) == NGX_AGAIN) {
        /* void */
    }

    assert_int_equal(s.bucket, 0);
}


/* what is counted, and told of suffixes, is what is in the chains */

static inline void
counted(fixture_t *f)
{
    uint32_t                   b, i, n, length[NGX_HTTP_PAYLOCK_LENGTHS];
    ngx_http_paylock_slot_t   *slot;
    ngx_http_paylock_table_t  *table;

    table = &f->table;
    memset(length, 0, sizeof(length));

    for (n = 0, b = 0; b < table->sh->capacity; b++) {
        for (i = table->buckets[b].head; i; i = slot->next) {
            slot = &table->slots[i];

            if (!(slot->flags & NGX_HTTP_PAYLOCK_STAGED)) {
                length[ngx_http_paylock_length(slot->flags)]++;
                n++;
            }
        }
    }

    assert_int_equal(table->sh->count, n);
    assert_memory_equal(table->sh->length, length, sizeof(length));

    for (i = 1; i < NGX_HTTP_PAYLOCK_LENGTHS; i++) {
        assert_int_equal(ngx_http_paylock_suffixes(table, i), !!length[i]);
    }
}


#endif /* _TABLE_H_INCLUDED_ */
