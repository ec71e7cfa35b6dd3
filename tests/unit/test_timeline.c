
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "paylock_timeline.h"


#define MAX   4294967295u
#define DOCS  "docs/timeline.md"       /* tests run in the checkout */


typedef struct {
    const char       *title;
    const char       *record;
    paylock_stage_e   def;
    uint32_t          now;
    paylock_stage_e   stage;
    uint32_t          next;            /* 0: none planned */
    paylock_stage_e   then;
    uint32_t          since;           /* 0: the record does not tell */
} example_t;


static const example_t  examples[] = {

    /* the base */

    { "nothing planned, default open",
      "{}", PAYLOCK_OPEN, 100, PAYLOCK_OPEN, 0, 0, 0 },
    { "nothing planned, default locked",
      "{}", PAYLOCK_LOCKED, 100, PAYLOCK_LOCKED, 0, 0, 0 },
    { "an opening that has come makes the base open",
      "{\"open_at\":50}", PAYLOCK_LOCKED, 100, PAYLOCK_OPEN, 0, 0, 50 },
    { "an opening that has not come does not",
      "{\"open_at\":150}", PAYLOCK_LOCKED, 100,
      PAYLOCK_LOCKED, 150, PAYLOCK_OPEN, 0 },
    { "an opening on an open server is the record's word",
      "{\"open_at\":50}", PAYLOCK_OPEN, 100, PAYLOCK_OPEN, 0, 0, 50 },
    { "an opening planned on an open server changes nothing",
      "{\"open_at\":150}", PAYLOCK_OPEN, 100, PAYLOCK_OPEN, 0, 0, 0 },
    { "pass_after alone is no stage",
      "{\"at\":50,\"pass_after\":50}", PAYLOCK_OPEN, 100,
      PAYLOCK_OPEN, 0, 0, 0 },

    /* one stage */

    { "the second before a lock",
      "{\"lock_at\":100}", PAYLOCK_OPEN, 99,
      PAYLOCK_OPEN, 100, PAYLOCK_LOCKED, 0 },
    { "the second of a lock",
      "{\"lock_at\":100}", PAYLOCK_OPEN, 100, PAYLOCK_LOCKED, 0, 0, 100 },
    { "long after a lock",
      "{\"lock_at\":100}", PAYLOCK_OPEN, MAX, PAYLOCK_LOCKED, 0, 0, 100 },
    { "a notice in force",
      "{\"notice_at\":100}", PAYLOCK_OPEN, 100, PAYLOCK_NOTICE, 0, 0, 100 },
    { "a readonly in force",
      "{\"readonly_at\":100}", PAYLOCK_OPEN, 100,
      PAYLOCK_READONLY, 0, 0, 100 },
    { "a notice is no opening of a locked server",
      "{\"notice_at\":100}", PAYLOCK_LOCKED, 200, PAYLOCK_LOCKED, 0, 0, 0 },
    { "a lock on a locked server is the record's word",
      "{\"lock_at\":100}", PAYLOCK_LOCKED, 200, PAYLOCK_LOCKED, 0, 0, 100 },
    { "the last second there is",
      "{\"lock_at\":4294967295}", PAYLOCK_OPEN, MAX - 1,
      PAYLOCK_OPEN, MAX, PAYLOCK_LOCKED, 0 },

    /* a time not later than "at" has come whatever the clock says */

    { "the reader's clock is behind the writer's: locked at once",
      "{\"at\":100,\"lock_at\":100}", PAYLOCK_OPEN, 40,
      PAYLOCK_LOCKED, 0, 0, 100 },
    { "and opened at once",
      "{\"at\":100,\"open_at\":100}", PAYLOCK_LOCKED, 40,
      PAYLOCK_OPEN, 0, 0, 100 },
    { "a time before \"at\" as well",
      "{\"at\":100,\"lock_at\":90}", PAYLOCK_OPEN, 40,
      PAYLOCK_LOCKED, 0, 0, 90 },
    { "but not one behind it",
      "{\"at\":100,\"lock_at\":101}", PAYLOCK_OPEN, 40,
      PAYLOCK_OPEN, 101, PAYLOCK_LOCKED, 0 },
    { "which comes by the reader's clock",
      "{\"at\":100,\"lock_at\":101}", PAYLOCK_OPEN, 101,
      PAYLOCK_LOCKED, 0, 0, 101 },
    { "locked at once, to be opened by the reader's clock",
      "{\"at\":100,\"lock_at\":100,\"open_at\":200}", PAYLOCK_OPEN, 40,
      PAYLOCK_LOCKED, 200, PAYLOCK_OPEN, 100 },

    /* those before an opening that has come do not count */

    { "an opening ends a lock",
      "{\"lock_at\":100,\"open_at\":200}", PAYLOCK_OPEN, 200,
      PAYLOCK_OPEN, 0, 0, 200 },
    { "not a second too soon",
      "{\"lock_at\":100,\"open_at\":200}", PAYLOCK_OPEN, 199,
      PAYLOCK_LOCKED, 200, PAYLOCK_OPEN, 100 },
    { "an opening in between: open, then locked",
      "{\"open_at\":100,\"lock_at\":200}", PAYLOCK_LOCKED, 150,
      PAYLOCK_OPEN, 200, PAYLOCK_LOCKED, 100 },
    { "and the lock behind it counts",
      "{\"open_at\":100,\"lock_at\":200}", PAYLOCK_LOCKED, 250,
      PAYLOCK_LOCKED, 0, 0, 200 },
    { "a lock of the same second counts",
      "{\"open_at\":100,\"lock_at\":100}", PAYLOCK_OPEN, 100,
      PAYLOCK_LOCKED, 0, 0, 100 },
    { "a lock of one second before does not",
      "{\"open_at\":100,\"lock_at\":99}", PAYLOCK_OPEN, 100,
      PAYLOCK_OPEN, 0, 0, 100 },
    { "an opening not yet come takes nothing away",
      "{\"lock_at\":100,\"open_at\":300}", PAYLOCK_OPEN, 150,
      PAYLOCK_LOCKED, 300, PAYLOCK_OPEN, 100 },
    { "an opening ends notice and readonly too",
      "{\"notice_at\":10,\"readonly_at\":20,\"lock_at\":30,\"open_at\":40}",
      PAYLOCK_OPEN, 50, PAYLOCK_OPEN, 0, 0, 40 },
    { "an opening between them ends what was before it",
      "{\"readonly_at\":10,\"open_at\":20,\"notice_at\":30}",
      PAYLOCK_OPEN, 40, PAYLOCK_NOTICE, 0, 0, 30 },

    /* the strictest is in force */

    { "notice, then readonly",
      "{\"notice_at\":10,\"readonly_at\":20,\"lock_at\":30}",
      PAYLOCK_OPEN, 15, PAYLOCK_NOTICE, 20, PAYLOCK_READONLY, 10 },
    { "readonly, then locked",
      "{\"notice_at\":10,\"readonly_at\":20,\"lock_at\":30}",
      PAYLOCK_OPEN, 25, PAYLOCK_READONLY, 30, PAYLOCK_LOCKED, 20 },
    { "locked",
      "{\"notice_at\":10,\"readonly_at\":20,\"lock_at\":30}",
      PAYLOCK_OPEN, 35, PAYLOCK_LOCKED, 0, 0, 30 },
    { "a later notice does not loosen a lock",
      "{\"lock_at\":10,\"notice_at\":20}",
      PAYLOCK_OPEN, 25, PAYLOCK_LOCKED, 0, 0, 10 },
    { "nor a later readonly",
      "{\"lock_at\":10,\"readonly_at\":20}",
      PAYLOCK_OPEN, 15, PAYLOCK_LOCKED, 0, 0, 10 },
    { "all of one second",
      "{\"notice_at\":10,\"readonly_at\":10,\"lock_at\":10}",
      PAYLOCK_OPEN, 9, PAYLOCK_OPEN, 10, PAYLOCK_LOCKED, 0 },
    { "a notice that only hides in the default's lock is passed over",
      "{\"notice_at\":10,\"readonly_at\":20,\"open_at\":30,\"lock_at\":40}",
      PAYLOCK_LOCKED, 5, PAYLOCK_LOCKED, 30, PAYLOCK_OPEN, 0 },
    { "an opening and a notice of the same second",
      "{\"lock_at\":10,\"open_at\":20,\"notice_at\":20}",
      PAYLOCK_OPEN, 15, PAYLOCK_LOCKED, 20, PAYLOCK_NOTICE, 10 },

    /* bare values hold whatever the clock says, since nobody knows when */

    { "a bare lock", "locked", PAYLOCK_OPEN, 0, PAYLOCK_LOCKED, 0, 0, 0 },
    { "a bare lock, later", "1", PAYLOCK_OPEN, MAX, PAYLOCK_LOCKED, 0, 0, 0 },
    { "a bare opening", "0", PAYLOCK_LOCKED, 0, PAYLOCK_OPEN, 0, 0, 0 },
    { "a bare opening, later", "open", PAYLOCK_LOCKED, MAX,
      PAYLOCK_OPEN, 0, 0, 0 }
};


static void
check(const example_t *e)
{
    int               planned, told;
    uint32_t          when, since;
    const char       *why;
    paylock_stage_e   stage;
    paylock_record_t  rec;

    why = paylock_record_parse(e->record, strlen(e->record), &rec);

    if (why) {
        fail_msg("%s: the record %s", e->title, why);
    }

    stage = paylock_timeline_stage(&rec, e->now, e->def);

    if (stage != e->stage) {
        fail_msg("%s: %s", e->title, paylock_stage_names[stage]);
    }

    when = 0;
    planned = paylock_timeline_next(&rec, e->now, e->def, &when, &stage);

    if (planned != (e->next != 0)
        || (planned && (when != e->next || stage != e->then)))
    {
        fail_msg("%s: next %d at %u", e->title, planned, when);
    }

    since = 0;
    told = paylock_timeline_since(&rec, e->now, e->def, &since);

    if (told != (e->since != 0) || (told && since != e->since)) {
        fail_msg("%s: since %d %u", e->title, told, since);
    }
}


static void
test_examples(void **state)
{
    size_t  i;

    (void) state;

    for (i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        check(&examples[i]);
    }
}


/* The worked examples of the documentation, read from its page. */

static char *
trim(char *s)
{
    size_t  n;

    s += strspn(s, " `");
    n = strlen(s);

    while (n && strchr(" `", s[n - 1])) {
        s[--n] = '\0';
    }

    return s;
}


static paylock_stage_e
stage_named(const char *row, const char *name)
{
    size_t  i;

    for (i = PAYLOCK_OPEN; i <= PAYLOCK_LOCKED; i++) {
        if (strcmp(paylock_stage_names[i], name) == 0) {
            return (paylock_stage_e) i;
        }
    }

    fail_msg("row %s: no stage \"%s\"", row, name);

    return PAYLOCK_OPEN;
}


static uint32_t
moment(const char *row, const char *text)
{
    char           *end;
    unsigned long   n;

    if (*text == '\0') {
        return 0;
    }

    n = strtoul(text, &end, 10);

    if (*end || n == 0) {
        fail_msg("row %s: no moment \"%s\"", row, text);
    }

    return (uint32_t) n;
}


static void
check_row(char *line)
{
    char       *cell[9], *p;
    size_t      n;
    example_t   e;

    for (n = 0, p = line + 1; n < 9 && p; n++) {
        cell[n] = strsep(&p, "|");
        cell[n] = trim(cell[n]);
    }

    if (n != 9 || *cell[7] == '\0') {
        fail_msg("row %s has %zu cells", cell[0], n);
    }

    memset(&e, 0, sizeof(e));

    e.title = cell[0];
    e.record = cell[1];
    e.def = stage_named(cell[0], cell[2]);
    e.now = moment(cell[0], cell[3]);
    e.stage = stage_named(cell[0], cell[4]);
    e.since = moment(cell[0], cell[5]);

    if (*cell[6]) {
        p = strchr(cell[6], ' ');
        assert_non_null(p);
        *p = '\0';
        e.then = stage_named(cell[0], cell[6]);
        e.next = moment(cell[0], p + 1);
    }

    check(&e);
}


static void
test_documented(void **state)
{
    int   rows;
    char  line[1024];
    FILE *f;

    (void) state;

    f = fopen(DOCS, "r");
    assert_non_null(f);

    for (rows = 0; fgets(line, sizeof(line), f); /* void */ ) {

        line[strcspn(line, "\n")] = '\0';

        if (strncmp(line, "| ", 2) == 0 && line[2] >= '1' && line[2] <= '9') {
            rows++;
            assert_int_equal(strtol(line + 2, NULL, 10), rows);
            check_row(line);
        }
    }

    (void) fclose(f);

    assert_true(rows >= 16);
}


static void
test_come(void **state)
{
    paylock_record_t  rec;

    (void) state;

    memset(&rec, 0, sizeof(rec));

    assert_int_equal(paylock_timeline_come(&rec, PAYLOCK_LOCK_AT, MAX), 0);

    rec.set = 1u << PAYLOCK_LOCK_AT;
    rec.time[PAYLOCK_LOCK_AT] = 10;
    rec.time[PAYLOCK_AT] = 20;         /* not set: says nothing */

    assert_int_equal(paylock_timeline_come(&rec, PAYLOCK_LOCK_AT, 9), 0);
    assert_int_equal(paylock_timeline_come(&rec, PAYLOCK_LOCK_AT, 10), 1);

    rec.set |= 1u << PAYLOCK_AT;

    assert_int_equal(paylock_timeline_come(&rec, PAYLOCK_LOCK_AT, 0), 1);
    assert_int_equal(paylock_timeline_come(&rec, PAYLOCK_OPEN_AT, MAX), 0);
}


/*
 * All records of times 0 to 3 or none, at all clocks and defaults, against
 * the sentences of the contract written down once more, plainly.
 */

static paylock_stage_e
plain(const int t[5], int now, paylock_stage_e def)
{
    int              i, opened;
    paylock_stage_e  stage;

#define COME(i)  (t[i] >= 0 && (t[i] <= now || t[i] <= t[0]))

    opened = COME(1);
    stage = opened ? PAYLOCK_OPEN : def;

    for (i = 2; i <= 4; i++) {
        if (COME(i) && !(opened && t[i] < t[1])
            && i - 1 > (int) stage)
        {
            stage = i - 1;
        }
    }

    return stage;
}


static void
test_all(void **state)
{
    int               t[5], i, n, now, later, planned;
    uint32_t          when;
    paylock_stage_e   def, stage, then;
    paylock_record_t  rec;

    (void) state;

    for (n = 0; n < 5 * 5 * 5 * 5 * 5 * 10; n++) {

        memset(&rec, 0, sizeof(rec));
        later = n / 10;

        for (i = 0; i < 5; i++) {
            t[i] = later % 5 - 1;
            later /= 5;

            if (t[i] >= 0) {
                rec.time[i] = t[i];
                rec.set |= 1u << i;
            }
        }

        now = n % 5;
        def = n % 10 < 5 ? PAYLOCK_OPEN : PAYLOCK_LOCKED;
        stage = paylock_timeline_stage(&rec, now, def);

        assert_int_equal(stage, plain(t, now, def));

        for (later = now + 1; later < 5; later++) {
            if (plain(t, later, def) != stage) {
                break;
            }
        }

        planned = paylock_timeline_next(&rec, now, def, &when, &then);

        assert_int_equal(planned, later < 5);

        if (planned) {
            assert_int_equal(when, later);
            assert_int_equal(then, plain(t, later, def));
        }
    }
}


/* of three records that concern a host the first holds, then the default */

#define KEYS  3

static const char *const  ordered[] = {
    NULL, "{\"open_at\":50}", "{\"lock_at\":50}", "{\"notice_at\":50}",
    "{\"readonly_at\":50}", "{\"pass_after\":50}", "{\"lock_at\":150}"
};

#define ORDERED  (sizeof(ordered) / sizeof(ordered[0]))


static const paylock_record_t *
ordered_record(size_t i)
{
    static paylock_record_t  rec[ORDERED];

    if (ordered[i] == NULL) {
        return NULL;
    }

    assert_null(paylock_record_parse(ordered[i], strlen(ordered[i]), &rec[i]));

    return &rec[i];
}


static int
ordered_closed(const size_t at[KEYS], paylock_stage_e def)
{
    size_t                   k;
    const paylock_record_t  *rec;

    for (k = 0; k < KEYS; k++) {
        rec = ordered_record(at[k]);

        if (rec && paylock_record_says(rec)) {
            return paylock_timeline_stage(rec, 100, def) >= PAYLOCK_READONLY;
        }
    }

    return def >= PAYLOCK_READONLY;
}


/* in whichever way changes of the same order follow each other */

static void
ordered_check(const size_t before[KEYS], const size_t after[KEYS],
    paylock_stage_e def)
{
    size_t                 i, k, at[KEYS];
    paylock_order_e        order[KEYS];
    static const uint8_t   ways[][KEYS] = {
        { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 },
        { 2, 1, 0 }
    };

    for (k = 0; k < KEYS; k++) {
        order[k] = paylock_timeline_order(ordered_record(before[k]),
                                          ordered_record(after[k]), 100,
                                          1u << def);
    }

    for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {

        if (order[ways[i][0]] > order[ways[i][1]]
            || order[ways[i][1]] > order[ways[i][2]])
        {
            continue;
        }

        memcpy(at, before, sizeof(at));

        for (k = 0; k < KEYS; k++) {
            at[ways[i][k]] = after[ways[i][k]];
            assert_true(ordered_closed(at, def));
        }
    }
}


static void
test_order(void **state)
{
    size_t           n, i, k, before[KEYS], after[KEYS];
    paylock_stage_e  def;

    (void) state;

    for (n = 0; n < ORDERED * ORDERED * ORDERED * ORDERED * ORDERED * ORDERED;
         n++)
    {
        for (i = n, k = 0; k < KEYS; k++) {
            before[k] = i % ORDERED;
            i /= ORDERED;
            after[k] = i % ORDERED;
            i /= ORDERED;
        }

        for (def = PAYLOCK_OPEN; def <= PAYLOCK_LOCKED; def += PAYLOCK_LOCKED)
        {
            if (ordered_closed(before, def) && ordered_closed(after, def)) {
                ordered_check(before, after, def);
            }
        }
    }
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_documented),
        cmocka_unit_test(test_come),
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_order)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
