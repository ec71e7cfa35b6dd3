
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

#include "paylock_rule.h"
#include "paylock_signers.h"


#define OPENS   PAYLOCK_RULE_OPENS
#define CLOSES  PAYLOCK_RULE_CLOSES
#define BEGINS  PAYLOCK_RULE_BEGINS

/* records; 7 is the number of the entry, 100 the time at which it is written */

#define NEW      "\"entry\":7"
#define OPEN     "{\"at\":50,\"open_at\":50,\"entry\":3}"
#define LOCKED   "{\"at\":50,\"lock_at\":50,\"entry\":3}"
#define PLANNED  "{\"at\":50,\"open_at\":50,\"lock_at\":200,\"entry\":3}"
#define ENDS     "{\"at\":50,\"open_at\":200,\"lock_at\":50,\"entry\":3}"
#define GUARDED  "{\"at\":50,\"open_at\":50,\"entry\":3,\"protected\":true}"


typedef struct {
    const char  *action;
    const char  *before;
    const char  *after;
    unsigned     needs;
    const char  *why;                  /* a part of it; NULL: it fits */
} example_t;


static const example_t  examples[] = {

    /* a lock closes, and leaves what is closed closed */

    { "lock", "", "{\"at\":100,\"lock_at\":100," NEW "}", 0, NULL },
    { "lock", "", "{\"at\":100,\"lock_at\":200," NEW "}", 0, NULL },
    { "lock", "", "{\"at\":100,\"notice_at\":100,\"lock_at\":200," NEW "}", 0,
      NULL },
    { "lock", OPEN, "{\"at\":100,\"lock_at\":100," NEW "}", 0, NULL },
    { "lock", OPEN, "{\"at\":100,\"open_at\":50,\"lock_at\":200," NEW "}", 0,
      NULL },
    { "lock", ENDS, "{\"at\":100,\"open_at\":200,\"lock_at\":50," NEW
      ",\"ref\":\"x\",\"pass_after\":100}", 0, NULL },
    { "lock", ENDS, "{\"at\":100,\"open_at\":300,\"lock_at\":50," NEW "}", 0,
      NULL },
    { "lock", LOCKED, OPEN, 0, "own number" },
    { "lock", LOCKED, "{\"at\":100,\"open_at\":100," NEW "}", 0,
      "more open" },
    { "lock", LOCKED, "{\"at\":100,\"lock_at\":101," NEW "}", 0,
      "more open" },
    { "lock", LOCKED, "{\"at\":100,\"readonly_at\":50," NEW "}", 0,
      "more open" },
    { "lock", LOCKED, "{" NEW "}", 0, "more open" },

    /* its plan may open */

    { "lock", "", "{\"at\":100,\"open_at\":200,\"lock_at\":100," NEW "}",
      OPENS, NULL },
    { "lock", OPEN, "{\"at\":100,\"open_at\":200,\"lock_at\":100," NEW "}",
      0, NULL },
    { "lock", LOCKED, "{\"at\":100,\"open_at\":200,\"lock_at\":50," NEW "}",
      OPENS, NULL },
    { "lock", ENDS, "{\"at\":100,\"open_at\":150,\"lock_at\":50," NEW "}",
      OPENS, NULL },
    { "lock", PLANNED, "{\"at\":100,\"open_at\":50,\"lock_at\":300," NEW "}",
      OPENS, NULL },
    { "lock", PLANNED, "{\"at\":100,\"open_at\":50," NEW "}", OPENS, NULL },
    { "lock", "{\"at\":50,\"entry\":3}", "{\"at\":100,\"open_at\":50," NEW "}",
      OPENS, NULL },

    /* a time up to "at" has come, and what is no record says nothing */

    { "lock", "", "{\"at\":4294967295,\"open_at\":4294967295,\"lock_at\":50,"
      NEW "}", OPENS, NULL },
    { "lock", "junk", "{\"at\":100,\"lock_at\":100," NEW "}", 0, NULL },
    { "lock", "locked", "{\"at\":100," NEW "}", 0, "more open" },

    { "unlock", LOCKED, "{\"at\":100,\"open_at\":100," NEW "}", 0, NULL },
    { "unlock", "", "{\"at\":100,\"open_at\":100," NEW "}", 0, NULL },
    { "unlock", LOCKED, "{\"at\":100,\"open_at\":100,\"lock_at\":200," NEW "}",
      0, NULL },
    { "unlock", PLANNED, "{\"at\":100,\"open_at\":50,\"lock_at\":150," NEW
      "}", CLOSES, NULL },
    { "unlock", "", "{\"at\":100,\"open_at\":100,\"lock_at\":200," NEW "}",
      CLOSES, NULL },
    { "unlock", OPEN, "{\"at\":100,\"open_at\":50,\"notice_at\":200," NEW "}",
      CLOSES, NULL },
    { "unlock", "", "{\"at\":100,\"lock_at\":100," NEW "}", 0, "leave" },
    { "unlock", "", "{\"at\":100,\"open_at\":101," NEW "}", 0, "leave" },
    { "unlock", "", "{\"at\":100," NEW "}", 0, "leave" },

    { "reset", LOCKED, "{\"at\":100," NEW "}", 0, NULL },
    { "reset", LOCKED, "", 0, NULL },
    { "reset", GUARDED, "{\"at\":100,\"open_at\":50," NEW
      ",\"protected\":true}", 0, NULL },
    { "reset", OPEN, "{\"at\":100,\"open_at\":50," NEW "}", 0, "leaves" },
    { "reset", OPEN, "{\"at\":100,\"lock_at\":100," NEW "}", 0, "leaves" },
    { "reset", GUARDED, "{\"at\":100,\"lock_at\":50," NEW
      ",\"protected\":true}", 0, "protected" },

    { "import", OPEN, "{\"at\":100,\"lock_at\":100," NEW
      ",\"ref\":\"x\"}", 0, NULL },
    { "import", LOCKED, "{\"at\":100,\"open_at\":100," NEW "}", 0, NULL },
    { "import", GUARDED, "{\"at\":100,\"lock_at\":100," NEW
      ",\"protected\":true}", 0, "protected" },
    { "import", OPEN, "", 0, "own number" },
    { "import", OPEN, "1", 0, "own number" },
    { "import", OPEN, "[]", 0, "no record" },
    { "import", OPEN, "{\"lock_at\":-1," NEW "}", 0, "no record" },
    { "import", OPEN, "{\"lock_at\":1,\"entry\":8}", 0, "own number" },
    { "import", OPEN, "{\"lock_at\":1,\"x\":{" NEW "}}", 0, "own number" },

    /* nothing but the number */

    { "notice", LOCKED, "{\"at\":50,\"lock_at\":50," NEW "}", 0, NULL },
    { "notice", "", "{" NEW "}", 0, NULL },
    { "notice", "{\"lock_at\":5}", "{\"lock_at\":5," NEW "}", 0, NULL },
    { "notice", "locked", "{\"at\":0,\"lock_at\":0," NEW "}", 0, NULL },
    { "notice", GUARDED, "{\"at\":50,\"open_at\":50," NEW
      ",\"protected\":true}", 0, NULL },
    { "notice", "{\"reason\":\"\303\274\",\"entry\":3}",
      "{\"reason\":\"\303\274\"," NEW "}", 0, NULL },
    { "pass-issue", "{\"entry\":12,\"lock_at\":5}",
      "{" NEW ",\"lock_at\":5}", 0, NULL },
    { "notice", LOCKED, "{\"at\":100,\"open_at\":100," NEW "}", 0, "more" },
    { "notice", LOCKED, "{\"at\":50,\"lock_at\":51," NEW "}", 0, "more" },
    { "notice", LOCKED, "{\"at\":50,\"lock_at\":5," NEW "}", 0, "more" },
    { "notice", "", "{\"open_at\":50," NEW "}", 0, "more" },
    { "notice", "", "{\"note_at\":50," NEW "}", 0, "more" },
    { "pass-issue", LOCKED, "{" NEW "}", 0, "more" },
    { "pass-issue", LOCKED, LOCKED, 0, "own number" },
    { "notice", "{\"x\":{\"entry\":3}}", "{\"x\":{\"entry\":9}," NEW "}", 0,
      "more" },
    { "notice", "{\"reason\":\"a\",\"entry\":3}",
      "{\"reason\":\"b\"," NEW "}", 0, "more" },

    /* passes alone */

    { "pass-revoke", LOCKED, "{\"at\":100,\"lock_at\":50,\"pass_after\":101,"
      NEW "}", 0, NULL },
    { "pass-revoke", "", "{\"at\":100,\"pass_after\":101," NEW "}", 0, NULL },
    { "pass-revoke", "{\"at\":200,\"lock_at\":200}",
      "{\"at\":100,\"lock_at\":100,\"pass_after\":101," NEW "}", 0, NULL },
    { "pass-revoke", LOCKED, "{\"at\":100,\"pass_after\":101," NEW "}", 0,
      "changes when" },
    { "pass-revoke", "", "{\"at\":100,\"readonly_at\":300," NEW "}", 0,
      "changes when" },
    { "pass-revoke", "{\"pass_after\":9}", "{\"at\":100,\"pass_after\":8," NEW
      "}", 0, "good again" },
    { "lock", "{\"pass_after\":9}", "{\"at\":100,\"lock_at\":100," NEW "}", 0,
      "good again" },
    { "unlock", "", "{\"at\":100,\"open_at\":100,\"pass_after\":1," NEW "}", 0,
      "revokes" },
    { "pass-revoke", "", "{\"at\":1,\"ref\":\"x\",\"pass_after\":1," NEW "}",
      0, "ref" },

    { "protect", OPEN, "{\"at\":100,\"open_at\":50," NEW
      ",\"protected\":true}", 0, NULL },
    { "protect", "", "{\"at\":100,\"open_at\":100," NEW
      ",\"protected\":true}", 0, NULL },
    { "protect", LOCKED, "{\"at\":100,\"open_at\":100," NEW
      ",\"protected\":true}", 0, "opens a host" },
    { "protect", PLANNED, "{\"at\":100,\"open_at\":50," NEW
      ",\"protected\":true}", 0, "opens a host" },
    { "protect", OPEN, "{\"at\":100,\"open_at\":50," NEW "}", 0,
      "\"protected\"" },
    { "protect", OPEN, "{\"at\":100," NEW ",\"protected\":true}", 0,
      "does not leave" },
    { "unprotect", GUARDED, "{\"at\":100,\"open_at\":50," NEW "}", 0, NULL },
    { "unprotect", GUARDED, "{\"at\":100," NEW "}", 0, "changes when" },
    { "unprotect", GUARDED, "{\"at\":100,\"open_at\":50," NEW
      ",\"protected\":true}", 0, "\"protected\"" },
    { "unlock", GUARDED, "{\"at\":100,\"open_at\":50," NEW "}", 0,
      "\"protected\"" },

    /* no host: none of them may write one */

    { "init", "", "", 0, NULL },
    { "adopt", "", "", 0, NULL },
    { "archive", "", "", BEGINS, NULL },
    { "adopt", "", "{" NEW "}", 0, "has a host" },
    { "archive", LOCKED, "", 0, "has a host" },
    { "settle", "", "{" NEW "}", 0, "upgrade this first" }
};


static void
set(paylock_entry_t *e, paylock_audit_field_e field, const char *text)
{
    e->field[field].data = text;
    e->field[field].len = strlen(text);
}


static void
entry(paylock_entry_t *e, const char *action, const char *before,
    const char *after)
{
    memset(e, 0, sizeof(paylock_entry_t));
    e->seq = 7;
    set(e, PAYLOCK_AUDIT_ACTION, action);
    set(e, PAYLOCK_AUDIT_BEFORE, before);
    set(e, PAYLOCK_AUDIT_AFTER, after);

    if (strcmp(action, "init") != 0 && strcmp(action, "adopt") != 0
        && strcmp(action, "archive") != 0)
    {
        set(e, PAYLOCK_AUDIT_HOST, "a.example");
    }
}


static void
test_examples(void **state)
{
    size_t             i;
    unsigned           needs;
    const char        *why;
    paylock_entry_t    e;
    const example_t   *x;

    (void) state;

    for (i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        x = &examples[i];
        entry(&e, x->action, x->before, x->after);
        why = paylock_rule_entry(&e, &needs);

        if ((x->why == NULL) != (why == NULL)
            || (why && strstr(why, x->why) == NULL)
            || (why == NULL && needs != x->needs))
        {
            fail_msg("%s %s -> %s: %s, needs %u", x->action, x->before,
                     x->after, why ? why : "fits", needs);
        }
    }
}


/* Each action that a signers file can name has its rule, and a host or none. */

static void
test_actions(void **state)
{
    size_t            i;
    unsigned          needs;
    const char       *why;
    paylock_entry_t   e;

    (void) state;

    for (i = 0; paylock_signer_actions[i]; i++) {
        entry(&e, paylock_signer_actions[i], "", "");
        set(&e, PAYLOCK_AUDIT_HOST, "");
        why = paylock_rule_entry(&e, &needs);

        assert_true(why == NULL || strcmp(why, "has no host") == 0);

        set(&e, PAYLOCK_AUDIT_HOST, "a.example");
        assert_true(why != NULL
                    || paylock_rule_entry(&e, &needs) != NULL);
    }
}


/* By what else is known than the entry says: of the table of nginx, say. */

static void
test_times(void **state)
{
    unsigned           needs;
    paylock_record_t   before, after;

    (void) state;

    assert_null(paylock_record_parse(LOCKED, strlen(LOCKED), &before));
    assert_null(paylock_record_parse(PLANNED, strlen(PLANNED), &after));

    assert_non_null(paylock_rule_times(paylock_string("lock"), &before,
                                       &after, 100, &needs));
    assert_non_null(paylock_rule_times(paylock_string("pass-revoke"), &before,
                                       &after, 100, &needs));
    assert_null(paylock_rule_times(paylock_string("lock"), &after, &before,
                                   100, &needs));
    assert_int_equal(needs, 0);
    assert_null(paylock_rule_times(paylock_string("unlock"), &before, &after,
                                   100, &needs));
    assert_int_equal(needs, 0);

    memset(&before, 0, sizeof(before));
    assert_null(paylock_rule_times(paylock_string("unlock"), &before, &after,
                                   100, &needs));
    assert_int_equal(needs, CLOSES);
    assert_true(paylock_str_is(paylock_rule_needs(needs), "lock"));
    assert_true(paylock_str_is(paylock_rule_needs(OPENS), "unlock"));
    assert_true(paylock_str_is(paylock_rule_needs(BEGINS), "adopt"));
    assert_int_equal(paylock_rule_needs(0).len, 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_actions),
        cmocka_unit_test(test_times)
    };

    return cmocka_run_group_tests_name("rule", tests, NULL, NULL);
}
