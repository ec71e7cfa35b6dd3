
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

#include "import/csv.h"
#include "import/import_record.h"


#define HOST_OPEN  "host,open_at\n"


/* A copy without a zero behind it. */

static char *
copy_of(const char *text, size_t len)
{
    char  *copy;

    copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);

    return copy;
}


/* All records of a text as "a|b" lines, and of a bad one why it is bad. */

static void
show(const char *text, char *out)
{
    char           *copy;
    csv_t           c;
    size_t          i, n;
    const char     *why;
    paylock_str_t   field[CSV_FIELDS];

    copy = copy_of(text, strlen(text));
    c.p = copy;
    c.end = copy + strlen(text);
    c.line = 1;

    while (c.p < c.end) {
        why = csv_next(&c, field, &n);

        if (why) {
            out += sprintf(out, "!%s", why);
        }

        for (i = 0; i < n && why == NULL; i++) {
            out += sprintf(out, "%s%.*s", i ? "|" : "", (int) field[i].len,
                           field[i].data);
        }

        out += sprintf(out, "\n");
    }

    (void) sprintf(out, "%zu", c.line);
    free(copy);
}


static void
test_csv(void **state)
{
    char    out[512];
    size_t  i;

    static const struct {
        const char  *text;
        const char  *shown;            /* and the line at the end */
    } cases[] = {
        { "", "1" },
        { "a", "a\n1" },
        { "a\n", "a\n2" },
        { "a,b\r\nc,d", "a|b\nc|d\n2" },
        { ",", "|\n1" },
        { ",\n,", "|\n|\n2" },
        { "\n", "\n2" },
        { "\"\"", "\n1" },
        { "\"a\"", "a\n1" },
        { "\"a\",\"b,c\"\r\n\"\"\"\"\n", "a|b,c\n\"\n3" },
        { "\"a\"\"b\"\"\",c", "a\"b\"|c\n1" },
        { "\"a\nb\r\nc\",d\ne", "a\nb\r\nc|d\ne\n4" },
        { " \"a\"\nb", "!has a quote in a field that does not begin with one\n"
          "b\n2" },
        { "a\"\nb", "!has a quote in a field that does not begin with one\n"
          "b\n2" },
        { "\"a\"b,c\nd", "!has text after a closing quote\nd\n2" },
        { "\"a\"\rb\nd", "!has text after a closing quote\nd\n2" },
        { "\"a\"\r", "!has text after a closing quote\n1" },
        { "\"", "!begins a quoted field that does not end\n1" },
        { "\"\"\"", "!begins a quoted field that does not end\n1" },
        { "a,\"b\nc", "!begins a quoted field that does not end\n2" },
        { "a\rb\nc", "!has a carriage return that ends no line\nc\n2" },
        { "a\r", "!has a carriage return that ends no line\n1" },
        { "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16\n",
          "1|2|3|4|5|6|7|8|9|10|11|12|13|14|15|16\n2" },
        { "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,\nx",
          "!has too many fields\nx\n2" }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        show(cases[i].text, out);
        assert_string_equal(out, cases[i].shown);
    }
}


static void
count(void *data, const error_info_t *p)
{
    assert_int_equal(p->status, STATUS_USAGE);
    assert_memory_equal(p->message, "line ", 5);
    (*(size_t *) data)++;
}


static int
read_text(const char *text, size_t len, import_list_t *ds, size_t *bad)
{
    int           status;
    char         *copy;
    size_t        told;
    error_info_t  p;

    copy = copy_of(text, len);
    told = 0;
    memset(ds, 0, sizeof(*ds));
    memset(&p, 0, sizeof(p));

    status = import_list_read(ds, copy, len, bad, count, &told, &p);

    free(copy);
    assert_int_equal(told, *bad);

    return status;
}


static void
test_lines_are_numbered(void **state)
{
    size_t         bad;
    import_list_t  ds;

    static const char  text[] =
        "\xef\xbb\xbf\r\n" HOST_OPEN "a.example,\"1\"\n\r\n\n"
        "\"b.example\",2\n";

    (void) state;

    assert_int_equal(read_text(text, sizeof(text) - 1, &ds, &bad),
                     STATUS_DONE);
    assert_int_equal(bad, 0);
    assert_int_equal(ds.n, 2);
    assert_int_equal(ds.record[0].line, 3);
    assert_int_equal(ds.record[1].line, 6);
    assert_string_equal(ds.host[1], "b.example");
    assert_int_equal(ds.record[1].time[PAYLOCK_OPEN_AT], 2);
    assert_int_equal(ds.record[1].set, 1 << PAYLOCK_OPEN_AT);

    import_list_free(&ds);
}


static void
test_twice(void **state)
{
    size_t         bad;
    import_list_t  ds;

    static const char  text[] =
        HOST_OPEN "b.example,1\na.example,1\nB.example,2\nb.example.,3\n";

    (void) state;

    assert_int_equal(read_text(text, sizeof(text) - 1, &ds, &bad),
                     STATUS_DONE);
    assert_int_equal(bad, 2);
    import_list_free(&ds);
}


/* Cut off anywhere, and with any byte in any place. */

static void
test_broken(void **state)
{
    char           copy[256];
    size_t         i, k, bad, len;
    import_list_t  ds;

    static const char *const  texts[] = {
        "host,reason,open_at\r\n\"a.example\",\"x \"\"y\"\"\",17\nb.example,,2",
        "{\"host\":\"a.example\",\"open_at\":17}\n{\"ref\":\"x\"}"
    };

    (void) state;

    for (k = 0; k < 2; k++) {
        len = strlen(texts[k]);

        for (i = 0; i <= len; i++) {
            (void) read_text(texts[k], i, &ds, &bad);
            import_list_free(&ds);
        }

        for (i = 0; i < len * 256; i++) {
            memcpy(copy, texts[k], len);
            copy[i / 256] = (char) (i % 256);

            (void) read_text(copy, len, &ds, &bad);
            import_list_free(&ds);
        }
    }
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_lines_are_numbered),
        cmocka_unit_test(test_twice),
        cmocka_unit_test(test_broken)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
