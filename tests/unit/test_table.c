
/*
 * Copyright (C) 2026 paylock contributors
 */


#include "table.h"


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
    ngx_http_paylock_table_kind(&name, PAYLOCK_HOST_BELOW, 12);
    assert_true(ngx_http_paylock_table_find(&f->table, &name, &found));
    assert_true(record_is(&found, 1));

    name = key_of(f, "acme.example");
    ngx_http_paylock_table_kind(&name, PAYLOCK_HOST_FROM, 12);
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


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_set_get),
        cmocka_unit_test(test_attach_again),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_suffixes),
        cmocka_unit_test(test_families),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_worn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
