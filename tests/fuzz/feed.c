
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The feed as a state machine: the table and what applies replies to it, with
 * replies of a small Redis that is written to by entries and by hand, loses
 * the end of its stream, forgets and is adopted; connections break, scans are
 * broken off, and the writer is killed before any store.
 *
 * At each store: no host is open that is closed before and after the step.  A
 * Redis that forgot opens nothing and makes no pass good; and after a scan
 * that nothing disturbed the table is what Redis holds, but for what is held.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <setjmp.h>

#include "ngx_http_paylock_feed.h"
#include "ngx_http_paylock_slot.h"
#include "ngx_http_paylock_state_file.h"
#include "feed_redis.h"


#define SIZE  (12 * 1024)


typedef struct {
    u_char                      segment[SIZE] __attribute__((aligned(64)));
    ngx_http_paylock_node_sh_t  node;
    ngx_http_paylock_feed_t     feed;
} state_t;


static const char *const  names[] = {
    "a.s.test", "www.a.s.test", "www.www.a.s.test", "b.s.test",
    "www.b.s.test", "x.b.s.test", "s.test", "www.s.test", "x.s.test", "test",
    "c.test", "www.c.test", "d.test", "e.test"
};

#define NAMES  (int) (sizeof(names) / sizeof(names[0]))


/* the records of which the first holds, of a level the stricter one */

typedef struct {
    int                     n;
    int                     level[12];
    ngx_http_paylock_key_t  key[12];
} path_t;


/* closed by either default, 1 << name each; passes are good after that */

typedef struct {
    uint32_t  closed[2];
    uint32_t  after[NAMES];
} seen_t;


static path_t                         paths[NAMES];
static state_t                        now;
static ngx_http_paylock_main_conf_t   conf;
static ngx_slab_pool_t                pool;
static ngx_log_t                      quiet;
static ngx_time_t                     clock_now;

static seen_t                         lowest;
static int                            watching, left, connected, replayed;
static int                            disturbed;
static jmp_buf                        killed;
static redisReply                    *pending;

static const uint8_t                 *input, *end;


volatile ngx_time_t                  *ngx_cached_time = &clock_now;
volatile ngx_msec_t                   ngx_current_msec = 1000000;


/* what nginx and the rest of the module would do */

const char *
__asan_default_options(void)
{
    /* who is killed frees nothing */
    return "detect_leaks=0:quarantine_size_mb=16";
}

ngx_uint_t
ngx_shmtx_trylock(ngx_shmtx_t *mtx)
{
    return 1;
}

void
ngx_shmtx_unlock(ngx_shmtx_t *mtx)
{
}

u_char *
ngx_vslprintf(u_char *buf, u_char *last, const char *fmt, va_list args)
{
    return buf;
}

void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
}

void
ngx_http_paylock_state_writer_touch(ngx_http_paylock_main_conf_t *pmcf)
{
}

void
ngx_http_paylock_redis_fail(ngx_http_paylock_redis_conn_t *conn,
    const char *why)
{
}

void
ngx_http_paylock_report_reject(ngx_http_paylock_feed_t *feed,
    const char *what, const char *host, size_t len, const char *why)
{
    feed->rejected++;
}


#define must(ok)                                                              \
    do {                                                                      \
        if (!(ok)) {                                                          \
            fprintf(stderr, "line %d: not %s\n", __LINE__, #ok);              \
            abort();                                                          \
        }                                                                     \
    } while (0)


static unsigned
next(unsigned n)
{
    return input < end ? *input++ % n : 0;
}


/* what holds for a name, found in another way than the guard does */

static void
path_add(path_t *path, const char *field, int level)
{
    ngx_http_paylock_table_field(&conf.table, field, strlen(field),
                                 &path->key[path->n]);
    path->level[path->n++] = level;
}


static void
path_make(path_t *path, const char *name)
{
    int          level;
    char         field[64];
    const char  *p;

    path->n = 0;
    path_add(path, name, 0);

    if (strncmp(name, "www.", 4) == 0) {
        path_add(path, name + 4, 1);
    }

    for (level = 2, p = name; p; level++) {
        snprintf(field, sizeof(field), ".%s", p);
        path_add(path, field, level);

        if (p != name) {
            snprintf(field, sizeof(field), "*.%s", p);
            path_add(path, field, level);
        }

        p = strchr(p, '.');
        p = p ? p + 1 : NULL;
    }
}


static uint32_t
holds(const path_t *path, paylock_stage_e def, uint32_t *after)
{
    int               i, level;
    paylock_stage_e   stage, own;
    paylock_record_t  record;

    level = -1;
    stage = def;
    *after = 0;

    for (i = 0; i < path->n; i++) {

        if (!ngx_http_paylock_table_find(&conf.table, &path->key[i], &record))
        {
            continue;
        }

        if (paylock_record_has(&record, PAYLOCK_PASS_AFTER)
            && record.time[PAYLOCK_PASS_AFTER] > *after)
        {
            *after = record.time[PAYLOCK_PASS_AFTER];
        }

        if (!paylock_record_says(&record)
            || (level != -1 && level != path->level[i]))
        {
            continue;
        }

        own = paylock_timeline_stage(&record, clock_now.sec, def);
        stage = level == -1 ? own : ngx_max(stage, own);
        level = path->level[i];
    }

    return stage >= PAYLOCK_READONLY;
}


static seen_t
look(void)
{
    int     i;
    seen_t  seen;

    memset(&seen, 0, sizeof(seen));

    for (i = 0; i < NAMES; i++) {
        seen.closed[0] |= holds(&paths[i], PAYLOCK_OPEN, &seen.after[i]) << i;
        seen.closed[1] |= holds(&paths[i], PAYLOCK_LOCKED, &seen.after[i])
                          << i;
    }

    /* of those that no server has nothing is asked */

    for (i = 0; i < 2; i++) {
        if (!(conf.table.defaults >> (i ? PAYLOCK_LOCKED : PAYLOCK_OPEN) & 1))
        {
            seen.closed[i] = 0;
        }
    }

    return seen;
}


void
feed_store(void)
{
    int     i;
    seen_t  seen;

    if (!watching) {
        return;
    }

    seen = look();

    for (i = 0; i < 2; i++) {
        lowest.closed[i] &= seen.closed[i];
    }

    if (left && --left == 0) {
        longjmp(killed, 1);
    }
}


/* a step of the node: what it has missed is to be seen by its result */

static int
step(int (*act)(void), int kill)
{
    int      i, rc;
    seen_t   before, after;

    static state_t  was;

    rc = NGX_ERROR;
    before = look();
    was = now;

    if (kill) {

        /* what it would have come to */

        (void) act();
        after = look();
        now = was;
    }

    memset(&lowest, 0xff, sizeof(lowest));
    left = kill;
    watching = 1;

    if (setjmp(killed) == 0) {
        rc = act();

    } else {
        freeReplyObject(pending);
        kill = -1;
    }

    watching = 0;
    pending = NULL;

    if (kill >= 0) {
        after = look();
    }

    for (i = 0; i < 2; i++) {

        must(disturbed
             || (before.closed[i] & after.closed[i] & ~lowest.closed[i]) == 0);
    }

    connected = kill >= 0 && rc != NGX_ERROR;

    return rc;
}


#include "feed_scan.h"


/* Is what Redis holds what the table has, but for what is held? */

static void
check_table(void)
{
    int                     f, found;
    uint32_t                live;
    paylock_record_t        wanted, record;
    ngx_http_paylock_key_t  key;

    for (live = 0, f = 0; f < FIELDS; f++) {
        ngx_http_paylock_table_field(&conf.table, fields[f],
                                     strlen(fields[f]), &key);

        found = ngx_http_paylock_table_find(&conf.table, &key, &record);
        live += found;

        if (ngx_http_paylock_table_held(&conf.table, &key)) {
            continue;
        }

        if (redis.record[f] == NONE) {
            must(!found);
            continue;
        }

        if (paylock_record_parse(records[redis.record[f]],
                                 strlen(records[redis.record[f]]), &wanted)
            == NULL)
        {
            must(found && memcmp(&wanted, &record, sizeof(record)) == 0);
        }
    }

    must(live == conf.table.sh->count && live == conf.table.sh->taken);
}


/* Has the stream an entry that is newer than all that is known? */

static int
news(uint64_t known)
{
    return redis.n && redis.entry[redis.n - 1]->seq > known;
}


static void
do_scan(int kill)
{
    int       i, rc;
    seen_t    before, after;
    uint64_t  known;

    known = ngx_max(now.node.cursor.seq, now.node.position.seq);
    before = look();
    replayed = 0;
    disturbed = kill == 0 && next(3) == 0;

    rc = step(scan, kill);

    if (!connected || rc != NGX_OK) {
        return;
    }

    after = look();

    check_table();

    if (now.feed.first || now.feed.adopted) {
        must(conf.table.sh->held == 0);
        return;
    }

    must(now.node.by_hand <= 10);

    if (now.feed.sweep.belief == NGX_HTTP_PAYLOCK_BELIEVE_NONE
        && !replayed && !news(known))
    {
        for (i = 0; i < 2; i++) {
            must((before.closed[i] & ~after.closed[i]) == 0);
        }

        for (i = 0; i < NAMES; i++) {
            must(after.after[i] >= before.after[i]);
        }
    }
}


static void
do_connect(int kill)
{
    memset(&now.feed, 0, sizeof(now.feed));

    now.feed.pmcf = &conf;
    now.feed.log = &quiet;
    now.feed.batch = 1 + next(6);

    do_scan(kill);
}


static void
do_follow(int kill)
{
    disturbed = 0;

    if (step(follow, kill) == NGX_DECLINED) {
        do_scan(0);
    }
}


static void
adopt(void)
{
    uint64_t  seq;

    seq = ngx_max(now.node.cursor.seq, now.node.position.seq);

    if (redis.n) {
        seq = ngx_max(seq, redis.entry[redis.n - 1]->seq);
    }

    requests++;
    redis_write(NONE, NONE, seq + 1, now.node.cursor.hash);
}


static void
one(unsigned op)
{
    int  f, n;

    switch (op) {

    case 0:
    case 1:
        transaction();
        break;

    case 2:
        for (n = 1 + next(3); n; n--) {
            f = next(FIELDS);
            redis.record[f] = (int) next(RECORDS + 1) - 1;
        }
        break;

    case 3:
        replica = redis;
        break;

    case 4:
        redis = replica;
        connected = 0;
        break;

    case 5:
        n = next(3);

        for (f = 0; f < FIELDS && n != 1; f++) {
            redis.record[f] = NONE;
        }

        if (n != 0) {
            redis.n = 0;
        }

        connected = 0;
        break;

    case 6:
        adopt();
        break;

    case 7:
        connected = 0;
        break;

    case 8:
        clock_now.sec += next(4) * 400000;
        break;

    case 9:
        if (connected) {
            do_scan(next(4) ? 0 : next(200));
            break;
        }

        /* fall through */

    default:
        n = next(4) ? 0 : 1 + next(200);

        if (connected) {
            do_follow(n);

        } else {
            do_connect(n);
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int     i;
    u_char  secret[NGX_HTTP_PAYLOCK_SECRET];

    static const unsigned  defaults[] = {
        1u << PAYLOCK_OPEN, 1u << PAYLOCK_LOCKED,
        1u << PAYLOCK_OPEN | 1u << PAYLOCK_LOCKED
    };

    input = data;
    end = data + size;

    memset(&now, 0, sizeof(now));
    memset(&conf, 0, sizeof(conf));
    memset(secret, 7, sizeof(secret));

    clock_now.sec = 1000000;
    connected = 0;

    conf.node = &now.node;
    conf.shpool = &pool;
    conf.redis.audit = "audit";

    ngx_http_paylock_table_attach(&conf.table, now.segment, SIZE, secret);
    conf.table.defaults = defaults[next(3)];

    for (i = 0; i < NAMES; i++) {
        path_make(&paths[i], names[i]);
    }

    redis_init();

    while (input < end) {
        one(next(14));
    }

    /* at peace Redis and the table come to agree */

    if (connected) {
        do_scan(0);

    } else {
        do_connect(0);
    }

    return 0;
}
