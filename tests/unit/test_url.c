
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

#include "paylock_url.h"


#define L50   "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwx"
#define N253  L50 L50 L50 L50 L50 "abc"


/* Parses from memory of its own, without a zero behind it. */

static const char *
parse(const char *text, size_t len, paylock_url_t *url)
{
    char        *copy;
    const char  *why;

    copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);
    memset(url, 0xff, sizeof(*url));

    why = paylock_url_parse(copy, len, url);

    free(copy);

    return why;
}


static int
same(const char *a, const char *b)
{
    return (a == NULL || b == NULL) ? a == b : strcmp(a, b) == 0;
}


static void
test_good(void **state)
{
    size_t         i;
    const char    *why;
    paylock_url_t  url;

    static const struct {
        const char  *text;
        const char  *host, *path, *user, *password;
        unsigned     port, db, tls;
    } cases[] = {
        { "redis://127.0.0.1", "127.0.0.1", NULL, NULL, NULL, 6379, 0, 0 },
        { "redis://127.0.0.1/", "127.0.0.1", NULL, NULL, NULL, 6379, 0, 0 },
        { "redis://h:1/0", "h", NULL, NULL, NULL, 1, 0, 0 },
        { "redis://db-1.acme_x.Example:65535/15", "db-1.acme_x.Example", NULL,
          NULL, NULL, 65535, 15, 0 },
        { "REDIS://h/2147483647", "h", NULL, NULL, NULL, 6379, 2147483647, 0 },
        { "rediss://h:6380", "h", NULL, NULL, NULL, 6380, 0, 1 },
        { "redis://u:p@h", "h", NULL, "u", "p", 6379, 0, 0 },
        { "redis://:p@h/3", "h", NULL, NULL, "p", 6379, 3, 0 },
        { "redis://alice@h", "h", NULL, "alice", NULL, 6379, 0, 0 },
        { "redis://u:a:b@h", "h", NULL, "u", "a:b", 6379, 0, 0 },
        { "redis://u%3A:%40%2f%3F%23%25@h", "h", NULL, "u:", "@/?#%",
          6379, 0, 0 },
        { "redis://caf%C3%A9:p%20w@h", "h", NULL, "caf\xc3\xa9", "p w",
          6379, 0, 0 },
        { "redis://[::1]", "::1", NULL, NULL, NULL, 6379, 0, 0 },
        { "rediss://u:p@[2001:db8::1]:7000/9", "2001:db8::1", NULL, "u", "p",
          7000, 9, 1 },
        { "redis://[::ffff:127.0.0.1]/1", "::ffff:127.0.0.1", NULL, NULL,
          NULL, 6379, 1, 0 },
        { "redis://" N253, N253, NULL, NULL, NULL, 6379, 0, 0 },
        { "unix:/run/redis.sock", NULL, "/run/redis.sock", NULL, NULL,
          0, 0, 0 },
        { "unix:///run/redis.sock", NULL, "/run/redis.sock", NULL, NULL,
          0, 0, 0 },
        { "unix:/r%20s%3F?db=7", NULL, "/r s?", NULL, NULL, 0, 7, 0 },
        { "unix:/x:@[y]", NULL, "/x:@[y]", NULL, NULL, 0, 0, 0 },
        { "unix:/" L50 L50 "abcdef", NULL, "/" L50 L50 "abcdef", NULL, NULL,
          0, 0, 0 }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        why = parse(cases[i].text, strlen(cases[i].text), &url);

        if (why) {
            fail_msg("URL \"%s\" %s", cases[i].text, why);
        }

        if (!same(url.host, cases[i].host) || !same(url.path, cases[i].path)
            || !same(url.user, cases[i].user)
            || !same(url.password, cases[i].password)
            || url.port != cases[i].port || url.db != cases[i].db
            || url.tls != cases[i].tls)
        {
            fail_msg("URL \"%s\" is misread", cases[i].text);
        }

        paylock_url_free(&url);
        assert_null(url.host);
        assert_null(url.password);

        paylock_url_free(&url);
    }
}


static void
test_bad(void **state)
{
    size_t         i;
    const char    *why;
    paylock_url_t  url, none;

    static const struct {
        const char  *text;
        const char  *why;
    } cases[] = {
        { "", "empty" },
        { "127.0.0.1:6379", "begins neither" },
        { "localhost", "begins neither" },
        { "http://h", "begins neither" },
        { "redis:/h", "begins neither" },
        { "redis:h", "begins neither" },
        { "/run/redis.sock", "begins neither" },
        { "redis", "begins neither" },
        { "sentinel://a,b/main", "not supported yet" },
        { "redis://", "no host" },
        { "redis:///0", "no host" },
        { "redis://:6379", "no host" },
        { "redis://u:p@", "no host" },
        { "redis://u:p@/1", "no host" },
        { "redis://[]", "no host" },
        { "redis://[::1", "without" },
        { "redis://[::1]6379", "after the \"]\"" },
        { "redis://[::1]:", "port" },
        { "redis://[1.2.3.4]", "IPv6" },
        { "redis://[::g]", "IPv6" },
        { "redis://[fe80::1%25eth0]", "\"%\" in its host" },
        { "redis://::1", "more than one \":\"" },
        { "redis://h:1:2", "more than one \":\"" },
        { "redis://h:", "port" },
        { "redis://h:0", "port" },
        { "redis://h:65536", "port" },
        { "redis://h:99999999999999999999", "port" },
        { "redis://h:63a", "port" },
        { "redis://h:-1", "port" },
        { "redis://h/x", "database" },
        { "redis://h/-1", "database" },
        { "redis://h/2147483648", "database" },
        { "redis://h/0/1", "database" },
        { "redis://h//", "database" },
        { "redis://h/0?x=1", "\"?\"" },
        { "redis://h?db=1", "\"?\"" },
        { "redis://h/0#x", "\"#\"" },
        { "redis://h,g", "character" },
        { "redis://h]", "character" },
        { "redis://caf\xc3\xa9", "character" },
        { "redis://h%41", "\"%\" in its host" },
        { "redis://" N253 "x", "253" },
        { "redis://@h", "before the \"@\"" },
        { "redis://:@h", "empty password" },
        { "redis://u:@h", "empty password" },
        { "redis://u:p@q@h", "%40" },
        { "redis://u:p/q@h", "%2F" },
        { "redis://u:p?q@h", "%3F" },
        { "redis://u:p%@h", "%25" },
        { "redis://u:p%4@h", "%25" },
        { "redis://u:p%zz@h", "%25" },
        { "redis://u%0:p@h", "%25" },
        { "redis://u:p%00q@h", "%00" },
        { "redis://u:p q@h", "space" },
        { "redis://h\n", "control" },
        { " redis://h", "space" },
        { "redis://h\x7f", "control" },
        { "unix:", "absolute" },
        { "unix:/", "absolute" },
        { "unix://", "absolute" },
        { "unix:x.sock", "absolute" },
        { "unix://x.sock", "absolute" },
        { "unix:////x", "absolute" },
        { "unix:?db=1", "absolute" },
        { "unix:/x?", "db=N" },
        { "unix:/x?db", "db=N" },
        { "unix:/x?db=", "database" },
        { "unix:/x?db=1&db=2", "database" },
        { "unix:/x?db=1?", "database" },
        { "unix:/x?y=1", "db=N" },
        { "unix:/x%00", "%00" },
        { "unix:/x%", "%25" },
        { "unix:/" L50 L50 "abcdefg", "107" }
    };

    (void) state;

    memset(&none, 0, sizeof(none));

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        why = parse(cases[i].text, strlen(cases[i].text), &url);

        if (why == NULL || strstr(why, cases[i].why) == NULL) {
            fail_msg("URL \"%s\" %s", cases[i].text, why ? why : "is taken");
        }

        assert_memory_equal(&url, &none, sizeof(url));
    }

    assert_non_null(parse("redis://h\0x", 11, &url));
    assert_non_null(parse("\0", 1, &url));
}


/* Every beginning of a URL, and every byte in every place of it: no harm. */

static void
test_broken(void **state)
{
    char           copy[128];
    size_t         i, len;
    paylock_url_t  url;

    static const char  text[] = "rediss://us%65r:p%40ss@[2001:db8::1]:7000/9";

    (void) state;

    len = sizeof(text) - 1;

    for (i = 0; i <= len; i++) {
        if (parse(text, i, &url) == NULL) {
            paylock_url_free(&url);
        }
    }

    for (i = 0; i < len * 256; i++) {
        memcpy(copy, text, len);
        copy[i / 256] = (char) (i % 256);

        if (parse(copy, len, &url) == NULL) {
            paylock_url_free(&url);
        }
    }
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_broken)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
