
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Readers beside a writer, and what one leaves that was killed.
 */


#include <signal.h>
#include <sys/wait.h>

#include "table.h"


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
        cmocka_unit_test(test_readers),
        cmocka_unit_test(test_saved_meanwhile),
        cmocka_unit_test(test_killed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
