
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The records of paylockd: what lists ask for is worked out when a record is
 * put, and has to be what the record says at any time after that.
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "paylockd/store.h"


static void
put(store_t *s, const char *host, const char *record)
{
    assert_int_equal(store_put(s, host, strlen(host), record, strlen(record)),
                     0);
}


static void
same(const site_t *site, uint32_t now)
{
    effective_state_t  found, real;
    paylock_record_t   rec;

    assert_null(paylock_record_parse(site_record(site), site->record_len,
                                     &rec));
    found = store_state(site, now);
    real = effective_state_parsed(&rec, now);

    assert_string_equal(found.stage, real.stage);
    assert_int_equal(found.since, real.since);
    assert_int_equal(found.next_stage != NULL, real.next_stage != NULL);
    assert_int_equal(found.next_stage ? found.next : 0,
                     real.next_stage ? real.next : 0);
}


/* Each subset of five times around now, in any order of them. */

static void
test_states(void **unused)
{
    char       record[256];
    size_t     set, i, len;
    store_t    s;
    uint32_t   now, at;
    long       when;

    static const char *const  names[] = {
        "at", "open_at", "notice_at", "readonly_at", "lock_at"
    };

    (void) unused;

    now = (uint32_t) time(NULL);
    assert_int_equal(store_init(&s), 0);

    for (set = 0; set < 3125; set++) {

        /* each time: none, or 100 or 50 before now, or 50 or 100 after it */

        len = (size_t) snprintf(record, sizeof(record), "{\"entry\":1");

        for (i = 0, at = (uint32_t) set; i < 5; i++, at /= 5) {

            if (at % 5 == 0) {
                continue;
            }

            when = (long) now + ((long[]) { -100, -50, 50, 100 })[at % 5 - 1];
            len += (size_t) snprintf(record + len, sizeof(record) - len,
                                     ",\"%s\":%ld", names[i], when);
        }

        (void) snprintf(record + len, sizeof(record) - len, "}");
        put(&s, "a.example", record);

        if (s.n == 0) {
            continue;                   /* that is no record */
        }

        for (at = now; at <= now + 150; at += 25) {
            same(s.site[0], at);
        }

        store_refresh(&s, now + 60);
        same(s.site[0], now + 60);
        same(s.site[0], now + 150);
    }

    store_remove(&s, "a.example");
    assert_int_equal(s.n, 0);
    free(s.site);
}


static void
test_refreshed(void **unused)
{
    char      record[128];
    store_t   s;
    uint32_t  now;

    (void) unused;

    now = (uint32_t) time(NULL);
    assert_int_equal(store_init(&s), 0);

    (void) snprintf(record, sizeof(record), "{\"at\":%u,\"lock_at\":%u}", now,
                    now + 100);
    put(&s, "a.example", record);
    assert_int_equal(s.site[0]->until, now + 100);
    assert_string_equal(s.site[0]->state.stage, "default");

    store_refresh(&s, now + 99);
    assert_string_equal(s.site[0]->state.stage, "default");
    store_refresh(&s, now + 100);
    assert_string_equal(s.site[0]->state.stage, "locked");
    assert_int_equal(s.site[0]->until, 0);

    store_remove(&s, "a.example");
    free(s.site);
}


static void
test_hashes(void **unused)
{
    store_t  s;

    (void) unused;

    assert_int_equal(store_init(&s), 0);
    put(&s, "a.example", "{\"at\":1,\"lock_at\":1,\"invoice\":\"R\\u002d1\","
                         "\"ref\":\"PL-1\"}");
    put(&s, "b.example", "{\"at\":1,\"lock_at\":1}");

    assert_int_equal(s.site[0]->invoice, store_hash("R-1"));
    assert_int_equal(s.site[0]->ref, store_hash("PL-1"));
    assert_int_not_equal(store_hash("R-1"), store_hash("R-2"));
    assert_int_equal(s.site[1]->invoice, 0);
    assert_int_not_equal(store_hash(""), 0);

    store_remove(&s, "a.example");
    store_remove(&s, "b.example");
    free(s.site);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_refreshed),
        cmocka_unit_test(test_hashes)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
