
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "paylock_sign.h"
#include "paylock_skip.h"
#include "paylock_vouch.h"


#define CHAIN    "00112233445566778899aabbccddeeff"
#define SALT     "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
#define ZEROS    "00000000000000000000000000000000" \
                 "00000000000000000000000000000000"

#define ENTRIES  64
#define HOSTS    4
#define RECORD   160

/* those of the signers file: who may do everything, and who may not */

enum { FULL, LIMITED, OTHER, KEYS };


/* An entry that owns its texts. */

typedef struct {
    paylock_entry_t  e;
    char             before[RECORD];
    char             after[RECORD];
    char             prior[24];
    char             prev[PAYLOCK_HASH_LEN + 1];
    char             skip[PAYLOCK_HASH_LEN + 1];
    char             hash[PAYLOCK_HASH_LEN + 1];
    char             root[PAYLOCK_HASH_LEN + 1];
    char             sig[PAYLOCK_SIG_LEN + 1];
} item_t;


static const char *const  host[HOSTS] = {
    "a.example", "b.example", "c.example", "d.example"
};


static item_t                 item[ENTRIES + 1];    /* by their seq */
static uint64_t               last;
static char                   record[HOSTS][RECORD];
static uint64_t               wrote[HOSTS];
static EVP_PKEY              *key[KEYS];
static char                   public[KEYS][PAYLOCK_KEY_LEN + 1];
static paylock_signers_t      signers;
static paylock_lattice_ctx_t  ctx;


static void
limits(const char *limited, const char *other)
{
    char      text[1024];
    unsigned  line;

    (void) snprintf(text, sizeof(text), "full %s\nlimited %s %s\n"
                    "other %s %s\n", public[FULL], public[LIMITED], limited,
                    public[OTHER], other);

    paylock_signers_free(&signers);
    assert_null(paylock_signers_read(text, strlen(text), &signers, &line));
}


static int
begin(void **state)
{
    int  i;

    (void) state;

    for (i = 0; i < KEYS; i++) {
        key[i] = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        assert_non_null(key[i]);
        assert_int_equal(paylock_sign_public(key[i], public[i]), 0);
    }

    limits("may=notice,lock", "may=unlock");

    return paylock_lattice_begin(&ctx);
}


static int
end(void **state)
{
    int  i;

    (void) state;

    for (i = 0; i < KEYS; i++) {
        EVP_PKEY_free(key[i]);
    }

    paylock_signers_free(&signers);
    paylock_lattice_free(&ctx);

    return 0;
}


static int
empty(void **state)
{
    (void) state;

    last = 0;
    memset(record, 0, sizeof(record));
    memset(wrote, 0, sizeof(wrote));

    return 0;
}


static void
set(item_t *n, paylock_audit_field_e field, const char *text)
{
    n->e.field[field].data = text;
    n->e.field[field].len = strlen(text);
}


/* Of the records as they are. */

static void
lattice_of(paylock_lattice_t *l)
{
    int            i;
    unsigned char  pair[PAYLOCK_PAIR];

    memset(l, 0, sizeof(paylock_lattice_t));

    for (i = 0; i < HOSTS; i++) {
        if (*record[i]) {
            assert_int_equal(paylock_lattice_pair(&ctx, host[i],
                                                  strlen(host[i]), record[i],
                                                  strlen(record[i]), pair), 0);
            assert_int_equal(paylock_lattice_add(&ctx, l, pair), 0);
        }
    }
}


/* Links the entry to the one before, and signs it for the records. */

static void
seal(item_t *n, int who)
{
    char               text[PAYLOCK_SIGN_TEXT];
    size_t             len;
    uint64_t           to;
    paylock_lattice_t  l;

    to = paylock_skip_target(n->e.seq);

    strcpy(n->prev, last ? item[last].hash : ZEROS);
    strcpy(n->skip, to ? item[to].hash : ZEROS);
    set(n, PAYLOCK_AUDIT_PREV, n->prev);
    set(n, PAYLOCK_AUDIT_SKIP, n->skip);
    assert_int_equal(paylock_entry_hash(&n->e, n->hash), 0);
    set(n, PAYLOCK_AUDIT_HASH, n->hash);

    lattice_of(&l);
    assert_int_equal(paylock_lattice_root(&ctx, &l, n->root), 0);
    len = paylock_sign_entry("-", n->hash, n->root, text);
    assert_int_equal(paylock_sign(key[who], text, len, n->sig), 0);
    set(n, PAYLOCK_AUDIT_ROOT, n->root);
    set(n, PAYLOCK_AUDIT_SIG, n->sig);

    last = n->e.seq;
}


static item_t *
next(int who, const char *action)
{
    item_t  *n;

    n = &item[last + 1];
    memset(n, 0, sizeof(item_t));
    n->e.seq = last + 1;

    set(n, PAYLOCK_AUDIT_V, PAYLOCK_AUDIT_VERSION);
    set(n, PAYLOCK_AUDIT_CHAIN, CHAIN);
    set(n, PAYLOCK_AUDIT_TIME, "1793487600000");
    set(n, PAYLOCK_AUDIT_ACTION, action);
    set(n, PAYLOCK_AUDIT_KEY, public[who]);
    set(n, PAYLOCK_AUDIT_SALT, SALT);

    return n;
}


static void
init(int who)
{
    seal(next(who, "init"), who);
}


/* before NULL: what is true. */

static item_t *
change(int who, const char *action, int i, const char *before,
    const char *times)
{
    item_t  *n;

    n = next(who, action);

    (void) snprintf(n->before, RECORD, "%s", before ? before : record[i]);
    (void) snprintf(n->after, RECORD, "{%s%s\"entry\":%" PRIu64 "}", times,
                    *times ? "," : "", n->e.seq);
    (void) snprintf(n->prior, sizeof(n->prior), "%" PRIu64, wrote[i]);

    set(n, PAYLOCK_AUDIT_HOST, host[i]);
    set(n, PAYLOCK_AUDIT_PRIOR, n->prior);
    set(n, PAYLOCK_AUDIT_BEFORE, n->before);
    set(n, PAYLOCK_AUDIT_AFTER, n->after);

    strcpy(record[i], n->after);
    wrote[i] = n->e.seq;
    seal(n, who);

    return n;
}


#define LOCKED  "\"at\":100,\"lock_at\":100"
#define OPEN    "\"at\":100,\"open_at\":100"


/* Walks back from the entry head; returns what the last step did. */

static int
walk(paylock_vouch_t *u, uint64_t head)
{
    int  rc;

    paylock_vouch_begin(u, &ctx, CHAIN, "-", &signers, head, item[head].hash);

    do {
        rc = paylock_vouch_back(u, &item[u->seq].e);
    } while (rc == 1);

    return rc;
}


static int
fits(const paylock_vouch_t *u)
{
    paylock_lattice_t  l;

    lattice_of(&l);

    return paylock_vouch_fits(u, &l);
}


static void
test_who_begins(void **state)
{
    (void) state;

    init(FULL);
    change(FULL, "lock", 0, NULL, LOCKED);
    change(LIMITED, "lock", 1, NULL, LOCKED);

    assert_true(paylock_vouch_begins(&signers, &item[1].e));
    assert_true(paylock_vouch_begins(&signers, &item[2].e));
    assert_false(paylock_vouch_begins(&signers, &item[3].e));

    limits("may=init,lock", "may=adopt");
    item[1].e.field[PAYLOCK_AUDIT_KEY].data = public[LIMITED];
    assert_true(paylock_vouch_begins(&signers, &item[1].e));
    item[2].e.field[PAYLOCK_AUDIT_KEY].data = public[OTHER];
    assert_true(paylock_vouch_begins(&signers, &item[2].e));
    item[2].e.field[PAYLOCK_AUDIT_SIG].len = 0;
    assert_false(paylock_vouch_begins(&signers, &item[2].e));

    limits("may=notice,lock", "may=unlock");
}


static void
test_honest(void **state)
{
    int              i;
    paylock_vouch_t  u;

    (void) state;

    init(FULL);
    change(FULL, "lock", 0, NULL, LOCKED);

    assert_int_equal(walk(&u, last), 0);
    assert_int_equal(u.base, 2);
    assert_int_equal(fits(&u), 1);
    paylock_vouch_free(&u);

    for (i = 0; i < 20; i++) {
        change(LIMITED, "lock", i % HOSTS, NULL, LOCKED);
        change(OTHER, "unlock", i % 3, NULL, OPEN);
        change(LIMITED, "notice", i % 3, NULL, OPEN);
    }

    assert_int_equal(walk(&u, last), 0);
    assert_int_equal(u.base, 2);
    assert_int_equal(fits(&u), 1);

    /* what comes later, by whomever */

    change(LIMITED, "lock", 0, NULL, LOCKED);
    assert_int_equal(paylock_vouch_on(&u, &item[last].e), 0);
    assert_int_equal(fits(&u), 1);
    assert_int_equal(u.base, 2);
    change(FULL, "unlock", 0, NULL, OPEN);
    assert_int_equal(paylock_vouch_on(&u, &item[last].e), 0);
    assert_int_equal(fits(&u), 1);
    assert_int_equal(u.base, last);
    paylock_vouch_free(&u);
}


static void
test_known(void **state)
{
    paylock_vouch_t  u;

    (void) state;

    init(FULL);
    change(LIMITED, "lock", 0, NULL, LOCKED);
    change(LIMITED, "lock", 1, NULL, LOCKED);

    paylock_vouch_begin(&u, &ctx, CHAIN, "-", &signers, 3, item[3].hash);
    paylock_vouch_known(&u, 2, item[2].hash, item[2].root);
    assert_int_equal(paylock_vouch_back(&u, &item[3].e), 1);
    assert_int_equal(paylock_vouch_back(&u, &item[2].e), 0);
    assert_int_equal(fits(&u), 1);
    paylock_vouch_free(&u);

    /* another entry of that number is not the one */

    paylock_vouch_begin(&u, &ctx, CHAIN, "-", &signers, 3, item[3].hash);
    paylock_vouch_known(&u, 2, item[1].hash, item[2].root);
    assert_int_equal(paylock_vouch_back(&u, &item[3].e), 1);
    assert_int_equal(paylock_vouch_back(&u, &item[2].e), 1);
    assert_int_equal(paylock_vouch_back(&u, &item[1].e), 0);
    assert_int_equal(fits(&u), 1);
    paylock_vouch_free(&u);
}


/* The records that were signed are not those that follow. */

static void
test_lies(void **state)
{
    int              i;
    char             was[RECORD];
    paylock_vouch_t  u;

    (void) state;

    for (i = 0; i < 5; i++) {
        (void) empty(NULL);
        init(FULL);
        change(FULL, "lock", 0, NULL, LOCKED);
        change(FULL, "lock", 1, NULL, LOCKED);
        change(LIMITED, "notice", 0, NULL, LOCKED);

        switch (i) {

        case 0:        /* by hand, and an honest entry signs it */
            strcpy(record[0], "{" OPEN ",\"entry\":4}");
            change(LIMITED, "notice", 2, NULL, "");
            break;

        case 1:        /* what is said of before is not true */
            change(LIMITED, "notice", 0, "{" OPEN ",\"entry\":4}", OPEN);
            break;

        case 2:        /* ... and another one follows it */
            change(LIMITED, "notice", 0, "{" OPEN ",\"entry\":4}", OPEN);
            change(LIMITED, "notice", 0, NULL, OPEN);
            change(LIMITED, "lock", 3, NULL, LOCKED);
            break;

        case 3:        /* as if the host were new */
            change(LIMITED, "notice", 0, "", "");
            break;

        case 4:        /* those of two hosts, exchanged by hand */
            strcpy(was, record[0]);
            strcpy(record[0], record[1]);
            strcpy(record[1], was);
            change(LIMITED, "notice", 3, NULL, "");
            break;
        }

        assert_int_equal(walk(&u, last), 0);
        assert_int_equal(fits(&u), 0);
        paylock_vouch_free(&u);
    }
}


/* An entry on the way that does not count. */

static void
bad(uint64_t head, const char *why)
{
    paylock_vouch_t  u;

    assert_int_equal(walk(&u, head), -1);

    if (strstr(u.v.fault.text, why) == NULL) {
        fail_msg("%s, not %s", u.v.fault.text, why);
    }

    paylock_vouch_free(&u);
}


static void
test_who_does_not_count(void **state)
{
    char     hash[PAYLOCK_HASH_LEN + 1], text[128];
    item_t  *n;

    (void) state;

    /* the key of another, who did not sign */

    init(FULL);
    n = change(FULL, "unlock", 0, NULL, OPEN);
    set(n, PAYLOCK_AUDIT_SIG, item[1].sig);
    change(LIMITED, "notice", 1, NULL, "");
    bad(last, "does not carry a good signature");

    set(n, PAYLOCK_AUDIT_SIG, "");
    set(n, PAYLOCK_AUDIT_ROOT, "");
    bad(last, "is not signed");

    (void) empty(NULL);
    init(FULL);
    n = change(OTHER, "unlock", 0, NULL, OPEN);
    set(n, PAYLOCK_AUDIT_SIG, "");
    set(n, PAYLOCK_AUDIT_ROOT, "");
    change(LIMITED, "notice", 1, NULL, "");
    bad(last, "is not signed");

    /* what the signer may not */

    (void) empty(NULL);
    init(FULL);
    change(LIMITED, "unlock", 0, NULL, OPEN);
    change(LIMITED, "notice", 1, NULL, "");
    bad(last, "may not unlock");

    /* a signer who counts later, or until earlier */

    (void) empty(NULL);
    init(FULL);
    change(OTHER, "unlock", 0, NULL, OPEN);
    change(OTHER, "unlock", 1, NULL, OPEN);
    change(LIMITED, "notice", 1, NULL, OPEN);
    limits("may=notice", "may=unlock from=3");
    bad(last, "counts from entry 3 on");
    (void) snprintf(text, sizeof(text), "may=unlock until=2:%s", item[2].hash);
    limits("may=notice", text);
    bad(last, "is revoked after entry 2");
    limits("may=notice,lock", "may=unlock");

    /* another entry in its place, and one that was changed */

    strcpy(hash, item[2].hash);
    item[2].hash[0] = item[2].hash[0] == '0' ? '1' : '0';
    bad(last, "is not in its place");
    strcpy(item[2].hash, hash);
    set(&item[2], PAYLOCK_AUDIT_HOST, host[3]);
    bad(last, "is not what was written");

    /* whoever began may not begin */

    (void) empty(NULL);
    init(LIMITED);
    bad(last, "may not init");
}


/* A lock that will long be over is none; it is still in force today. */

static void
test_far_away(void **state)
{
    paylock_vouch_t  u;

    (void) state;

    init(FULL);
    change(FULL, "lock", 0, NULL, LOCKED ",\"open_at\":4200000000");
    change(LIMITED, "lock", 0, NULL,
           "\"at\":4294967295,\"open_at\":4294967295");
    bad(last, "today");

    (void) empty(NULL);
    init(FULL);
    change(FULL, "lock", 0, NULL, LOCKED);
    change(LIMITED, "lock", 0, NULL, "\"at\":4294967295,\"lock_at\":100");
    assert_int_equal(walk(&u, last), 0);
    assert_int_equal(fits(&u), 1);
    paylock_vouch_free(&u);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup(test_who_begins, empty),
        cmocka_unit_test_setup(test_honest, empty),
        cmocka_unit_test_setup(test_known, empty),
        cmocka_unit_test_setup(test_lies, empty),
        cmocka_unit_test_setup(test_who_does_not_count, empty),
        cmocka_unit_test_setup(test_far_away, empty)
    };

    return cmocka_run_group_tests_name("vouch", tests, begin, end);
}
