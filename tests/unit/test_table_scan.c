
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What a scan shows: what of it is believed, held, saved and copied.
 */


#include "table.h"


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


/* a scan shows a record of a field */

static void
shows(fixture_t *f, const char *field, const paylock_record_t *record)
{
    ngx_http_paylock_key_t  key = field_of(f, field);

    assert_int_equal(ngx_http_paylock_table_note(&f->table, &key, record),
                     NGX_OK);
    ngx_http_paylock_table_guard(&f->table, &key, field, strlen(field), 1000);
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
        ngx_http_paylock_table_explain(&f->table, &key, NULL, 1000);
    }

    ngx_http_paylock_table_scan(&f->table);

    record = timeline(0, 900);
    shows(f, "opened.example", &record);

    record = timeline(800, 0);
    shows(f, "other.example", &record);

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

    /* a change in between removes the note of its host */

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
            assert_int_equal(ngx_http_paylock_table_set_saved(&g->table,
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


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_scan),
        cmocka_unit_test(test_guard),
        cmocka_unit_test(test_guard_trusts),
        cmocka_unit_test(test_guard_closes),
        cmocka_unit_test(test_scan_aborted),
        cmocka_unit_test(test_scan_full),
        cmocka_unit_test(test_saved),
        cmocka_unit_test(test_copied),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
