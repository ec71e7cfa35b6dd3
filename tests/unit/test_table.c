
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "ngx_http_paylock_slot.h"


#define SIZE  (256 * 1024)


typedef struct {
    ngx_http_paylock_table_t  table;
    void                     *segment;
    size_t                    size;
} fixture_t;


static fixture_t *
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


static void
table_free(fixture_t *f)
{
    munmap(f->segment, f->size);
    free(f);
}


static ngx_http_paylock_key_t
key_of(fixture_t *f, const char *name)
{
    ngx_http_paylock_key_t  key;

    ngx_http_paylock_table_key(&f->table, (const u_char *) name, strlen(name),
                               &key);
    return key;
}


static ngx_http_paylock_key_t
field_of(fixture_t *f, const char *field)
{
    ngx_http_paylock_key_t  key;

    ngx_http_paylock_table_field(&f->table, field, strlen(field), &key);

    return key;
}


/* a record whose parts all tell the same number */

static paylock_record_t
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


static int
record_is(const paylock_record_t *record, uint32_t n)
{
    paylock_record_t  wanted = record_of(n);

    return memcmp(record, &wanted, sizeof(wanted)) == 0;
}


static ngx_int_t
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


static ngx_int_t
set(fixture_t *f, const char *name, int64_t n)
{
    return set_key(f, key_of(f, name), n);
}


static ngx_int_t
note(fixture_t *f, const char *name, int64_t n)
{
    paylock_record_t        record;
    ngx_http_paylock_key_t  key;

    key = key_of(f, name);
    record = record_of(n);

    return ngx_http_paylock_table_note(&f->table, &key, &record);
}


static int64_t
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


static void
sweep(fixture_t *f)
{
    ngx_http_paylock_sweep_t  s = { .belief = NGX_HTTP_PAYLOCK_BELIEVE_ALL };

    while (ngx_http_paylock_table_sweep(&f->table, &s, 7) == NGX_AGAIN) {
        /* void */
    }

    assert_int_equal(s.bucket, 0);
}


/* what is counted, and told of suffixes, is what is in the chains */

static void
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


static void
test_layout(void **state)
{
    (void) state;

    assert_int_equal(sizeof(ngx_http_paylock_slot_t), 64);
    assert_int_equal(sizeof(ngx_http_paylock_bucket_t), 8);
    assert_int_equal(ngx_http_paylock_table_capacity(100), 0);
    assert_true(ngx_http_paylock_table_capacity(1024 * 1024) > 14000);
    assert_true(ngx_http_paylock_table_capacity(1000000 * 73) > 1000000);
}


static void
test_set_get(void **state)
{
    fixture_t  *f;

    (void) state;

    f = table_make(SIZE);

    assert_int_equal(get(f, "acme.example"), -1);
    assert_int_equal(set(f, "acme.example", 1), NGX_OK);
    assert_int_equal(get(f, "acme.example"), 1);
    assert_int_equal(get(f, "acme.exampl"), -1);
    assert_int_equal(get(f, ""), -1);
    assert_int_equal(set(f, "acme.example", 2), NGX_OK);
    assert_int_equal(get(f, "acme.example"), 2);
    assert_int_equal(f->table.sh->count, 1);
    assert_int_equal(set(f, "acme.example", -1), NGX_OK);
    assert_int_equal(set(f, "acme.example", -1), NGX_OK);
    assert_int_equal(get(f, "acme.example"), -1);
    assert_int_equal(f->table.sh->count, 0);
    assert_int_equal(f->table.sh->taken, 0);

    table_free(f);
}


static void
test_attach_again(void **state)
{
    u_char                     other[NGX_HTTP_PAYLOCK_SECRET] = { 1 };
    fixture_t                 *f;
    ngx_http_paylock_table_t   again;

    (void) state;

    f = table_make(SIZE);
    set(f, "acme.example", 7);

    ngx_http_paylock_table_attach(&again, f->segment, f->size, other);
    f->table = again;

    assert_int_equal(get(f, "acme.example"), 7);

    table_free(f);
}


static void
test_full(void **state)
{
    char        name[32];
    uint32_t    i, n;
    fixture_t  *f;

    (void) state;

    f = table_make(SIZE);
    n = f->table.sh->capacity;

    for (i = 0; i < n; i++) {
        snprintf(name, sizeof(name), "h%u.example", i);
        assert_int_equal(set(f, name, i), NGX_OK);
    }

    assert_int_equal(set(f, "more.example", 1), NGX_DECLINED);
    assert_int_equal(get(f, "more.example"), -1);
    assert_int_equal(f->table.sh->count, n);

    /* what is there can still change, and go */

    for (i = 0; i < n; i++) {
        snprintf(name, sizeof(name), "h%u.example", i);
        assert_int_equal(set(f, name, i + 1), NGX_OK);
        assert_int_equal(get(f, name), i + 1);
    }

    assert_int_equal(set(f, "h5.example", -1), NGX_OK);
    assert_int_equal(set(f, "more.example", 1), NGX_OK);
    assert_int_equal(get(f, "more.example"), 1);

    table_free(f);
}


/* against a plain array, and with slots given back as often as taken */

static void
test_random(void **state)
{
    int64_t     model[500];
    char        name[32];
    uint32_t    i, step, count;
    fixture_t  *f;

    (void) state;

    f = table_make(64 * 1024);

    for (i = 0; i < 500; i++) {
        model[i] = -1;
    }

    for (step = 0; step < 200000; step++) {
        i = random() % 500;
        snprintf(name, sizeof(name), "h%u.example", i);

        model[i] = random() % 3 ? random() % 1000 : -1;
        assert_int_equal(set(f, name, model[i]), NGX_OK);

        i = random() % 500;
        snprintf(name, sizeof(name), "h%u.example", i);
        assert_int_equal(get(f, name), model[i]);
    }

    for (count = 0, i = 0; i < 500; i++) {
        count += model[i] >= 0;
    }

    assert_int_equal(f->table.sh->count, count);
    assert_int_equal(f->table.sh->taken, count);
    assert_true(f->table.sh->used <= 501);

    table_free(f);
}


static void
test_scan(void **state)
{
    fixture_t               *f;
    ngx_http_paylock_key_t   key;

    (void) state;

    f = table_make(SIZE);

    set(f, "same.example", 1);
    set(f, "changed.example", 2);
    set(f, "gone.example", 3);
    set(f, "broken.example", 4);
    set(f, "twice.example", 5);
    set(f, "closed-meanwhile.example", 6);

    ngx_http_paylock_table_begin(&f->table);
    ngx_http_paylock_table_scan(&f->table);
    note(f, "same.example", 1);
    note(f, "changed.example", 22);
    note(f, "new.example", 7);
    note(f, "twice.example", 55);
    note(f, "twice.example", 5);
    note(f, "late.example", 8);
    key = key_of(f, "broken.example");
    ngx_http_paylock_table_keep(&f->table, &key);

    /* nothing shows before the sweep, but for what is set */

    assert_int_equal(get(f, "same.example"), 1);
    assert_int_equal(get(f, "changed.example"), 2);
    assert_int_equal(get(f, "gone.example"), 3);
    assert_int_equal(get(f, "new.example"), -1);

    ngx_http_paylock_table_end(&f->table);
    set(f, "late.example", 88);
    set(f, "closed-meanwhile.example", 66);
    ngx_http_paylock_table_begin(&f->table);

    sweep(f);
    ngx_http_paylock_table_end(&f->table);

    assert_int_equal(get(f, "same.example"), 1);
    assert_int_equal(get(f, "changed.example"), 22);
    assert_int_equal(get(f, "gone.example"), -1);
    assert_int_equal(get(f, "new.example"), 7);
    assert_int_equal(get(f, "broken.example"), 4);
    assert_int_equal(get(f, "twice.example"), 5);
    assert_int_equal(get(f, "late.example"), 88);
    assert_int_equal(get(f, "closed-meanwhile.example"), 66);
    assert_int_equal(f->table.sh->count, 7);
    assert_int_equal(f->table.sh->taken, 7);

    table_free(f);
}


static paylock_record_t
timeline(uint32_t lock_at, uint32_t open_at)
{
    paylock_record_t  record;

    memset(&record, 0, sizeof(record));

    record.set = 1 << PAYLOCK_AT;

    if (lock_at) {
        record.set |= 1 << PAYLOCK_LOCK_AT;
        record.time[PAYLOCK_LOCK_AT] = lock_at;
    }

    if (open_at) {
        record.set |= 1 << PAYLOCK_OPEN_AT;
        record.time[PAYLOCK_OPEN_AT] = open_at;
    }

    return record;
}


static void
put(fixture_t *f, const char *name, uint32_t lock_at, uint32_t open_at)
{
    paylock_record_t        record = timeline(lock_at, open_at);
    ngx_http_paylock_key_t  key = key_of(f, name);

    ngx_http_paylock_table_begin(&f->table);
    ngx_http_paylock_table_set(&f->table, &key, &record);
    ngx_http_paylock_table_end(&f->table);
}


static int
held(fixture_t *f, const char *name)
{
    ngx_http_paylock_key_t  key = key_of(f, name);

    return !!ngx_http_paylock_table_held(&f->table, &key);
}


/* a scan, at 1000, that shows "opened" open and "other" locked, nothing else */

static ngx_http_paylock_sweep_t
believe(fixture_t *f, ngx_http_paylock_belief_e belief, const char *explained)
{
    paylock_record_t          record;
    ngx_http_paylock_key_t    key;
    ngx_http_paylock_sweep_t  s = { .now = 1000 };

    ngx_http_paylock_table_begin(&f->table);
    ngx_http_paylock_table_scan(&f->table);

    if (explained) {
        key = key_of(f, explained);
        ngx_http_paylock_table_explain(&f->table, &key);
    }

    record = timeline(0, 900);
    key = key_of(f, "opened.example");
    ngx_http_paylock_table_note(&f->table, &key, &record);

    record = timeline(800, 0);
    key = key_of(f, "other.example");
    ngx_http_paylock_table_note(&f->table, &key, &record);

    s.belief = NGX_HTTP_PAYLOCK_BELIEVE_NONE;
    while (ngx_http_paylock_table_look(&f->table, &s, 3) == NGX_AGAIN) {
        /* void */
    }

    s.belief = belief;
    while (ngx_http_paylock_table_sweep(&f->table, &s, 3) == NGX_AGAIN) {
        /* void */
    }

    ngx_http_paylock_table_end(&f->table);

    return s;
}


static void
lost_ones(fixture_t *f)
{
    put(f, "opened.example", 500, 0);          /* locked, shown open */
    put(f, "gone.example", 500, 0);            /* locked, not shown */
    put(f, "planned.example", 2000, 0);        /* to be locked, not shown */
    put(f, "open.example", 0, 500);            /* open, not shown */
    put(f, "was.example", 400, 500);           /* open again, not shown */
    put(f, "other.example", 700, 0);           /* locked, shown locked */
}


static void
test_guard(void **state)
{
    fixture_t                 *f;
    ngx_http_paylock_sweep_t   s;

    (void) state;

    /* nothing that a store that forgot says of closed hosts is believed */

    f = table_make(SIZE);
    lost_ones(f);
    s = believe(f, NGX_HTTP_PAYLOCK_BELIEVE_NONE, NULL);

    assert_int_equal(s.lost, 3);
    assert_true(held(f, "opened.example"));
    assert_true(held(f, "gone.example"));
    assert_true(held(f, "planned.example"));
    assert_false(held(f, "other.example"));
    assert_int_equal(f->table.sh->held, 3);
    assert_int_equal(f->table.sh->count, 4);
    assert_int_equal(f->table.sh->taken, 4);

    /* nor later, even if few of them are concerned */

    s = believe(f, NGX_HTTP_PAYLOCK_BELIEVE_NEW, NULL);
    assert_int_equal(s.lost, 0);
    assert_int_equal(f->table.sh->held, 3);

    /* an entry for a host ends its hold */

    put(f, "opened.example", 0, 990);
    assert_int_equal(f->table.sh->held, 2);
    s = believe(f, NGX_HTTP_PAYLOCK_BELIEVE_NEW, "gone.example");
    assert_int_equal(f->table.sh->held, 1);
    assert_true(held(f, "planned.example"));

    /* and adoption ends all */

    s = believe(f, NGX_HTTP_PAYLOCK_BELIEVE_ALL, NULL);
    assert_int_equal(f->table.sh->held, 0);
    assert_int_equal(f->table.sh->count, 2);

    table_free(f);
}


static void
test_guard_trusts(void **state)
{
    fixture_t                 *f;
    ngx_http_paylock_sweep_t   s;

    (void) state;

    f = table_make(SIZE);
    lost_ones(f);
    s = believe(f, NGX_HTTP_PAYLOCK_BELIEVE_NEW, NULL);

    assert_int_equal(s.lost, 3);
    assert_int_equal(s.changed, 6);
    assert_int_equal(f->table.sh->held, 0);
    assert_int_equal(f->table.sh->count, 2);

    table_free(f);
}


/* a held host that is locked anew is held no more */

static void
test_guard_closes(void **state)
{
    fixture_t  *f;

    (void) state;

    f = table_make(SIZE);
    put(f, "gone.example", 500, 0);
    believe(f, NGX_HTTP_PAYLOCK_BELIEVE_NONE, NULL);
    assert_true(held(f, "gone.example"));

    put(f, "opened.example", 0, 900);
    put(f, "gone.example", 500, 0);
    assert_false(held(f, "gone.example"));
    assert_int_equal(f->table.sh->held, 0);

    table_free(f);
}


static void
test_suffixes(void **state)
{
    fixture_t               *f;
    paylock_record_t         record, found;
    ngx_http_paylock_key_t   below, from, name;

    (void) state;

    f = table_make(SIZE);
    ngx_http_paylock_table_field(&f->table, "*.acme.example", 14, &below);
    ngx_http_paylock_table_field(&f->table, ".acme.example", 13, &from);
    ngx_http_paylock_table_field(&f->table, "acme.example", 12, &name);

    ngx_http_paylock_table_begin(&f->table);
    record = record_of(1);
    ngx_http_paylock_table_set(&f->table, &below, &record);
    record = record_of(2);
    ngx_http_paylock_table_set(&f->table, &from, &record);
    ngx_http_paylock_table_end(&f->table);

    assert_int_equal(f->table.sh->length[12], 2);
    assert_int_equal(f->table.sh->count, 2);
    assert_int_equal(get(f, "acme.example"), -1);

    name = key_of(f, "acme.example");
    ngx_http_paylock_table_kind(&name, NGX_HTTP_PAYLOCK_BELOW, 12);
    assert_true(ngx_http_paylock_table_find(&f->table, &name, &found));
    assert_true(record_is(&found, 1));

    name = key_of(f, "acme.example");
    ngx_http_paylock_table_kind(&name, NGX_HTTP_PAYLOCK_FROM, 12);
    assert_true(ngx_http_paylock_table_find(&f->table, &name, &found));
    assert_true(record_is(&found, 2));

    ngx_http_paylock_table_begin(&f->table);
    ngx_http_paylock_table_set(&f->table, &below, NULL);
    ngx_http_paylock_table_end(&f->table);
    assert_int_equal(f->table.sh->length[12], 1);

    table_free(f);
}


/* names with "www." and suffixes: one bucket, and a record each */

static void
test_families(void **state)
{
    uint32_t                i, n;
    fixture_t              *f;
    paylock_record_t        found;
    ngx_http_paylock_key_t  key, first;

    static const char *const  fields[] = {
        "acme.example", "www.acme.example", "www.www.acme.example",
        ".acme.example", "*.acme.example", ".www.acme.example",
        "*.www.acme.example", "*.www.www.www.acme.example"
    };

    (void) state;

    f = table_make(SIZE);
    n = sizeof(fields) / sizeof(fields[0]);
    first = field_of(f, fields[0]);

    for (i = 0; i < n; i++) {
        key = field_of(f, fields[i]);

        assert_false(ngx_http_paylock_table_find(&f->table, &key, &found));
        assert_int_equal(ngx_http_paylock_may_have(&f->table, key.hash), !!i);

        assert_int_equal(set_key(f, key, i), NGX_OK);
        assert_true(ngx_http_paylock_may_have(&f->table, first.hash));
        counted(f);
    }

    for (i = 0; i < n; i++) {
        key = field_of(f, fields[i]);
        assert_true(ngx_http_paylock_table_find(&f->table, &key, &found));
        assert_true(record_is(&found, i));
    }

    assert_int_equal(get(f, "www.acme.exampl"), -1);
    assert_int_equal(get(f, "www."), -1);

    table_free(f);
}


/* 253 bytes fit into a slot's flags, with all that a scan does to them */

static void
test_lengths(void **state)
{
    char                    field[256];
    uint32_t                i, round;
    fixture_t              *f;
    paylock_record_t        record;
    ngx_http_paylock_key_t  key;

    (void) state;

    f = table_make(SIZE);
    memset(field, 'x', sizeof(field));
    field[0] = '.';
    record = record_of(1);

    for (round = 0; round < 3; round++) {
        ngx_http_paylock_table_begin(&f->table);

        if (round) {
            ngx_http_paylock_table_scan(&f->table);
        }

        for (i = 1 + round; i <= 253; i += 1 + round) {
            ngx_http_paylock_table_field(&f->table, field, i + 1, &key);

            assert_int_equal(round ? ngx_http_paylock_table_note(&f->table,
                                                         &key, &record)
                                   : ngx_http_paylock_table_set(&f->table,
                                                         &key, &record),
                             NGX_OK);
        }

        if (round) {
            sweep(f);
        }

        ngx_http_paylock_table_end(&f->table);

        counted(f);
        assert_int_equal(f->table.sh->count, 253 / (1 + round));
    }

    /* a writer that was killed in between */

    memset(f->table.sh->length, 0xff, sizeof(f->table.sh->length));
    memset(f->table.sh->lengths, 0x55, sizeof(f->table.sh->lengths));
    f->table.sh->dirty = 1;

    assert_int_equal(ngx_http_paylock_table_begin(&f->table), NGX_OK);
    ngx_http_paylock_table_end(&f->table);
    counted(f);

    table_free(f);
}


/* a million locks and unlocks leave nothing for readers to walk over */

static void
test_worn(void **state)
{
    char        name[32];
    uint32_t    b, i, n, used, *before;
    fixture_t  *f;

    (void) state;

    f = table_make(SIZE);
    n = f->table.sh->capacity / 2;

    for (i = 0; i < n; i++) {
        snprintf(name, sizeof(name), "h%u.example", i);
        set(f, name, i);
    }

    set(f, "other.example", 1);
    set(f, "other.example", 2);
    set(f, "other.example", -1);

    used = f->table.sh->used;
    before = calloc(f->table.sh->capacity, sizeof(uint32_t));
    assert_non_null(before);

    for (b = 0; b < f->table.sh->capacity; b++) {
        before[b] = f->table.buckets[b].head;
    }

    for (i = 0; i < 500000; i++) {
        snprintf(name, sizeof(name), "x%u.example", i % (n / 3));
        set(f, name, i);
        set(f, name, -1);
    }

    for (b = 0; b < f->table.sh->capacity; b++) {
        assert_int_equal(f->table.buckets[b].head, before[b]);
    }

    assert_int_equal(f->table.sh->used, used);
    assert_int_equal(f->table.sh->count, n);

    free(before);
    table_free(f);
}


/* the notes of a scan that was cut short are void */

static void
scan_aborted(uint32_t scans)
{
    fixture_t  *f;

    f = table_make(SIZE);

    f->table.sh->scan = scans;

    set(f, "a.example", 1);
    set(f, "twice.example", 3);

    ngx_http_paylock_table_begin(&f->table);
    ngx_http_paylock_table_scan(&f->table);
    note(f, "a.example", 11);
    note(f, "b.example", 2);
    note(f, "twice.example", 3);
    note(f, "twice.example", 33);

    /* a flip in between does away with its host's note */

    ngx_http_paylock_table_end(&f->table);
    set(f, "b.example", 22);
    ngx_http_paylock_table_begin(&f->table);

    ngx_http_paylock_table_scan(&f->table);
    note(f, "a.example", 1);
    note(f, "b.example", 22);
    sweep(f);
    ngx_http_paylock_table_end(&f->table);

    assert_int_equal(get(f, "a.example"), 1);
    assert_int_equal(get(f, "b.example"), 22);
    assert_int_equal(get(f, "twice.example"), -1);
    assert_int_equal(f->table.sh->taken, 2);

    table_free(f);
}


static void
test_scan_aborted(void **state)
{
    (void) state;

    scan_aborted(0);
    scan_aborted(1);

    /* the last numbers that there are */

    scan_aborted(NGX_HTTP_PAYLOCK_SCAN - 1);
    scan_aborted(NGX_HTTP_PAYLOCK_SCAN);
}


static void
test_scan_full(void **state)
{
    char        name[32];
    uint32_t    i;
    fixture_t  *f;

    (void) state;

    f = table_make(64 * 1024);
    set(f, "old.example", 1);

    ngx_http_paylock_table_begin(&f->table);
    ngx_http_paylock_table_scan(&f->table);

    for (i = 0; i < f->table.sh->capacity - 1; i++) {
        snprintf(name, sizeof(name), "h%u.example", i);
        assert_int_equal(note(f, name, i), NGX_OK);
    }

    assert_int_equal(note(f, "more.example", 1), NGX_DECLINED);
    ngx_http_paylock_table_end(&f->table);

    /* never swept: what was known stays */

    assert_int_equal(get(f, "old.example"), 1);
    assert_int_equal(get(f, "h1.example"), -1);

    table_free(f);
}


/*
 * A process that changes, adds and drops records without pause, while n hosts
 * always have one.
 */

static pid_t
writer(fixture_t *f, uint32_t n)
{
    char      name[32];
    pid_t     pid;
    uint32_t  i;

    for (i = 0; i < n; i++) {
        snprintf(name, sizeof(name), "h%u.example", i);
        set(f, name, i);
    }

    pid = fork();
    assert_true(pid >= 0);

    if (pid) {
        return pid;
    }

    for (i = 0; /* void */ ; i++) {
        snprintf(name, sizeof(name), "h%u.example", i % n);
        set(f, name, random() % 1000);
        snprintf(name, sizeof(name), "x%u.example", i % (n / 2));
        set(f, name, i % 3 ? (int64_t) i : -1);
    }
}


/* What always has a record is always found, and whole. */

static void
test_readers(void **state)
{
    char        name[32];
    int         status;
    pid_t       pid;
    uint32_t    i, n;
    fixture_t  *f;

    (void) state;

    f = table_make(16 * 1024);
    n = f->table.sh->capacity / 2;
    pid = writer(f, n);

    for (i = 0; i < 1000000; i++) {
        snprintf(name, sizeof(name), "h%u.example", i % n);
        if (get(f, name) < 0) {
            kill(pid, SIGKILL);
            fail_msg("%s was not found", name);
        }
    }

    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);

    table_free(f);
}


/* ... and stands in the state file once. */

static void
test_saved_meanwhile(void **state)
{
    int                     status;
    char                    name[32];
    pid_t                   pid;
    uint32_t                b, i, k, n, round, got;
    uint64_t               *hashes, *seen;
    fixture_t              *f;
    paylock_state_record_t  records[NGX_HTTP_PAYLOCK_STEPS];

    (void) state;

    f = table_make(16 * 1024);
    n = f->table.sh->capacity / 2;
    pid = writer(f, n);

    hashes = calloc(2 * n, sizeof(uint64_t));
    seen = hashes + n;

    for (i = 0; i < n; i++) {
        snprintf(name, sizeof(name), "h%u.example", i);
        hashes[i] = key_of(f, name).hash;
    }

    for (round = 1; round <= 3000; round++) {

        for (b = 0; b < f->table.sh->capacity; b++) {
            got = ngx_http_paylock_table_bucket(&f->table, b, records);

            for (i = 0; i < got; i++) {
                if (!record_is(&records[i].record, records[i].record.time[0])) {
                    kill(pid, SIGKILL);
                    fail_msg("half a record");
                }

                for (k = 0; k < n; k++) {
                    seen[k] += hashes[k] == records[i].hash;
                }
            }
        }

        for (k = 0; k < n; k++) {
            if (seen[k] != round) {
                kill(pid, SIGKILL);
                fail_msg("h%u.example: %lu in %u", k, seen[k], round);
            }
        }
    }

    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);

    free(hashes);
    table_free(f);
}


/* What is saved is what there is then, with the marks of its slots. */

static void
test_saved(void **state)
{
    uint32_t                b, i, n, count;
    uint64_t                changes;
    fixture_t              *f, *g;
    paylock_record_t        record;
    ngx_http_paylock_key_t  key;
    paylock_state_record_t  records[NGX_HTTP_PAYLOCK_STEPS];

    (void) state;

    f = table_make(SIZE);
    g = table_make(SIZE);
    memcpy(g->table.sh->secret, f->table.sh->secret, NGX_HTTP_PAYLOCK_SECRET);

    set(f, "a.example", 1);
    put(f, "b.example", 10, 0);
    believe(f, NGX_HTTP_PAYLOCK_BELIEVE_NONE, NULL);
    set(f, "c.example", 3);
    note(f, "noted.example", 4);

    record = record_of(5);
    ngx_http_paylock_table_field(&f->table, "*.example", 9, &key);
    ngx_http_paylock_table_set(&f->table, &key, &record);

    assert_int_equal(f->table.sh->length[7], 1);
    assert_true(held(f, "b.example"));

    changes = g->table.sh->changes;

    for (count = 0, b = 0; b < f->table.sh->capacity; b++) {
        n = ngx_http_paylock_table_bucket(&f->table, b, records);
        count += n;

        for (i = 0; i < n; i++) {
            assert_int_equal(ngx_http_paylock_table_put(&g->table,
                                                        &records[i]),
                             NGX_OK);
        }
    }

    assert_int_equal(count, f->table.sh->count);
    assert_int_equal(g->table.sh->count, f->table.sh->count);
    assert_memory_equal(g->table.sh->length, f->table.sh->length,
                        sizeof(g->table.sh->length));
    assert_memory_equal(g->table.sh->lengths, f->table.sh->lengths,
                        sizeof(g->table.sh->lengths));
    assert_int_equal(g->table.sh->held, f->table.sh->held);
    assert_true(g->table.sh->changes > changes);
    assert_int_equal(get(g, "c.example"), 3);
    assert_int_equal(get(g, "noted.example"), -1);
    assert_true(held(g, "b.example"));
    assert_false(held(g, "c.example"));

    table_free(f);
    table_free(g);
}


/*
 * Killed while it published a note, a writer leaves two records of a host: a
 * copy, as what is saved, has the newer one.
 */

static void
test_copied(void **state)
{
    uint32_t    i;
    fixture_t  *f, *g;

    (void) state;

    f = table_make(SIZE);
    g = table_make(SIZE / 2);
    memcpy(g->table.sh->secret, f->table.sh->secret, NGX_HTTP_PAYLOCK_SECRET);

    set(f, "a.example", 1);
    put(f, "b.example", 10, 0);
    believe(f, NGX_HTTP_PAYLOCK_BELIEVE_NONE, NULL);

    ngx_http_paylock_table_begin(&f->table);
    ngx_http_paylock_table_scan(&f->table);
    note(f, "a.example", 2);

    for (i = 1; i <= f->table.sh->used; i++) {
        f->table.slots[i].flags &= ~NGX_HTTP_PAYLOCK_STAGED;
    }

    note(f, "noted.example", 3);

    assert_int_equal(ngx_http_paylock_table_copy(&g->table, &f->table),
                     NGX_OK);

    assert_int_equal(get(f, "a.example"), 2);
    assert_int_equal(get(g, "a.example"), 2);
    assert_int_equal(get(g, "noted.example"), -1);
    assert_int_equal(g->table.sh->count, 4);   /* with those of believe() */
    assert_true(held(g, "b.example"));

    table_free(f);
    table_free(g);
}


/* killed wherever it was, a writer leaves a table that reads and writes */

static void
test_killed(void **state)
{
    char        name[32];
    int         status;
    pid_t       pid;
    uint32_t    i, n, round, count;
    fixture_t  *f;

    (void) state;

    f = table_make(16 * 1024);
    n = f->table.sh->capacity / 3;

    for (i = 0; i < n; i++) {
        snprintf(name, sizeof(name), "h%u.example", i);
        set(f, name, i);
    }

    for (round = 0; round < 200; round++) {
        pid = fork();
        assert_true(pid >= 0);

        if (pid == 0) {
            srandom(round);

            for (i = 0; /* void */ ; i++) {
                snprintf(name, sizeof(name), "h%u.example", i % n);
                set(f, name, random() % 1000);
                snprintf(name, sizeof(name), "x%lu.example",
                         random() % (n / 4));
                set(f, name, i % 3 ? (int64_t) i : -1);

                snprintf(name, sizeof(name), "*.%.*s", (int) random() % 9 + 1,
                         "xxxxxxxxx");
                set_key(f, field_of(f, name + random() % 2),
                        i % 3 ? (int64_t) i : -1);

                if (i % 500 == 0) {
                    ngx_http_paylock_table_begin(&f->table);
                    ngx_http_paylock_table_scan(&f->table);

                    for (count = 0; count < n; count++) {
                        snprintf(name, sizeof(name), "h%u.example", count);

                        if (note(f, name, random() % 1000) != NGX_OK) {
                            _exit(1);
                        }
                    }

                    sweep(f);
                    ngx_http_paylock_table_end(&f->table);
                }
            }
        }

        usleep(random() % 3000);
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));

        for (i = 0; i < n; i++) {
            snprintf(name, sizeof(name), "h%u.example", i);
            assert_true(get(f, name) >= 0);
        }

        assert_int_equal(set(f, "h0.example", round), NGX_OK);
        assert_int_equal(get(f, "h0.example"), round);
        counted(f);
    }

    /* nothing was lost for good: a scan leaves just what it saw */

    ngx_http_paylock_table_begin(&f->table);
    ngx_http_paylock_table_scan(&f->table);
    note(f, "only.example", 1);
    sweep(f);
    ngx_http_paylock_table_end(&f->table);

    assert_int_equal(f->table.sh->count, 1);
    assert_int_equal(f->table.sh->taken, 1);

    for (i = 0; i < f->table.sh->capacity - 1; i++) {
        snprintf(name, sizeof(name), "y%u.example", i);
        assert_int_equal(set(f, name, i), NGX_OK);
    }

    table_free(f);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_set_get),
        cmocka_unit_test(test_attach_again),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_scan),
        cmocka_unit_test(test_guard),
        cmocka_unit_test(test_guard_trusts),
        cmocka_unit_test(test_guard_closes),
        cmocka_unit_test(test_suffixes),
        cmocka_unit_test(test_families),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_worn),
        cmocka_unit_test(test_scan_aborted),
        cmocka_unit_test(test_scan_full),
        cmocka_unit_test(test_readers),
        cmocka_unit_test(test_saved_meanwhile),
        cmocka_unit_test(test_saved),
        cmocka_unit_test(test_copied),
        cmocka_unit_test(test_killed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
