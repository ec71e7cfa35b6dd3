
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Which record holds, of some thousands, for some millions of names: the
 * candidates against a search of the records' names, and against what the
 * fast path of an open host rules out.
 */


#include "table.h"

#include <jansson.h>


#define RECORDS  300
#define NAMES    2000000


static const char *const  labels[] = {
    "www", "a", "b", "acme", "example", "shop", "x1", "mail", "co", "xn--caf-dma"
};


static uint32_t
dice(uint32_t n)
{
    static uint64_t  state = 88172645463325252ull;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;

    return (state >> 16) % n;
}


/* Of few labels, so that many names meet a record; returns the length. */

static size_t
make_name(char *name, size_t least)
{
    char    *p;
    size_t   i, n;

    p = name;
    n = least + dice(4);

    for (i = 0; i < n; i++) {
        p = stpcpy(p, labels[dice(sizeof(labels) / sizeof(labels[0]))]);
        *p++ = '.';
    }

    p = stpcpy(p, dice(2) ? "example" : "test");

    return p - name;
}


static json_t *
fill(fixture_t *f)
{
    char     name[128];
    json_t  *records;
    size_t   i, n;

    records = json_object();

    for (i = 0; i < RECORDS; i++) {
        n = dice(3);
        strcpy(name, n == 2 ? "*." : n == 1 ? "." : "");
        (void) make_name(name + n, n ? 2 : 1);

        assert_int_equal(set_key(f, field_of(f, name), i), NGX_OK);
        json_object_set_new(records, name, json_integer(i));
    }

    return records;
}


/* As design and docs have it, by the names alone; of a row of two the first. */

static int64_t
expected(const json_t *records, const char *host, int64_t *beside)
{
    char           name[160];
    const char    *p;
    const json_t  *one, *two;

    *beside = -1;
    one = json_object_get(records, host);

    if (one == NULL && strncmp(host, "www.", 4) == 0) {
        one = json_object_get(records, host + 4);
    }

    for (p = host; one == NULL && p; p = strchr(p, '.')) {
        p += p != host;

        (void) snprintf(name, sizeof(name), ".%s", p);
        one = json_object_get(records, name);
        (void) snprintf(name, sizeof(name), "*.%s", p);
        two = p == host ? NULL : json_object_get(records, name);

        if (one && two) {
            *beside = json_integer_value(two);
        }

        one = one ? one : two;
    }

    return one ? json_integer_value(one) : -1;
}


static int64_t
found(fixture_t *f, const char *host, size_t len, int64_t *beside)
{
    int64_t                    first;
    const char                *from;
    paylock_record_t           record;
    ngx_http_paylock_key_t     key;
    paylock_host_candidate_t   c;

    first = -1;
    from = NULL;
    *beside = -1;

    paylock_host_candidates(&c, host, len, PAYLOCK_HOST_EXACT, 1);

    while (paylock_host_next(&c)) {

        if (first != -1 && !paylock_host_beside(&c, from)) {
            break;
        }

        ngx_http_paylock_table_key(&f->table, (const u_char *) c.name, c.len,
                                   &key);
        ngx_http_paylock_table_kind(&key, c.kind, c.len);

        if (!ngx_http_paylock_table_find(&f->table, &key, &record)) {
            continue;
        }

        if (first == -1) {
            first = record.time[0];
            from = c.name;

        } else {
            *beside = record.time[0];
        }
    }

    return first;
}


/* Does the fast path leave the host to the search? */

static ngx_uint_t
may_hold(fixture_t *f, const char *host, size_t len)
{
    return ngx_http_paylock_may_have(&f->table,
                   ngx_http_paylock_hash(&f->table, (u_char *) host, len))
           || ngx_http_paylock_table_above(&f->table, (u_char *) host, len);
}


static void
test_millions(void **state)
{
    char        host[128];
    size_t      i, len, held, ruled_out;
    json_t     *records;
    int64_t     one, two, other;
    fixture_t  *f;

    (void) state;

    f = table_make(1024 * 1024);
    records = fill(f);
    held = 0;
    ruled_out = 0;

    for (i = 0; i < NAMES; i++) {
        len = make_name(host, 1);
        one = found(f, host, len, &two);

        if (one != expected(records, host, &other) || two != other) {
            fail_msg("%s: %ld and %ld", host, (long) one, (long) two);
        }

        if (!may_hold(f, host, len)) {
            ruled_out++;

            if (one != -1) {
                fail_msg("%s is held, and the fast path opens it", host);
            }
        }

        held += one != -1;
    }

    /* both happen often, or nothing was tested */

    assert_true(held > NAMES / 10);
    assert_true(ruled_out > NAMES / 10);

    json_decref(records);
    table_free(f);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_millions)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
