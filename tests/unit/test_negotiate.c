
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
#include <time.h>

#include <cmocka.h>

#include "paylock_negotiate.h"


#define HTML  PAYLOCK_FORMAT_HTML
#define JSON  PAYLOCK_FORMAT_JSON
#define TEXT  PAYLOCK_FORMAT_TEXT
#define NONE  PAYLOCK_FORMAT_NONE


/* A copy in memory of its own, without a zero behind it; NULL stays NULL. */

static char *
bare(const char *s)
{
    char  *copy;

    if (s == NULL) {
        return NULL;
    }

    copy = malloc(strlen(s) + 1);
    assert_non_null(copy);
    copy = realloc(memcpy(copy, s, strlen(s) + 1), strlen(s) ? strlen(s) : 1);
    assert_non_null(copy);

    return copy;
}


static paylock_format_e
format(const char *accept, const char *dest)
{
    char              *a, *d;
    paylock_format_e   f;

    a = bare(accept);
    d = bare(dest);

    f = paylock_negotiate_format(a, accept ? strlen(accept) : 0,
                                 d, dest ? strlen(dest) : 0);
    free(a);
    free(d);

    return f;
}


static void
test_format(void **state)
{
    size_t  i;

    static const struct {
        const char        *accept, *dest;
        paylock_format_e   format;
    } cases[] = {

        /* no preference */

        { NULL, NULL, HTML },
        { "", NULL, HTML },
        { " ,\t, ", NULL, HTML },
        { "*/*", NULL, HTML },
        { "*/*;q=0.1", NULL, HTML },

        /* what clients send */

        { "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,"
          "image/webp,image/apng,*/*;q=0.8,"
          "application/signed-exchange;v=b3;q=0.7", "document", HTML },
        { "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
          NULL, HTML },
        { "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", NULL, HTML },
        { "image/gif, image/jpeg, application/x-ms-application, */*", NULL,
          HTML },
        { "application/json, text/plain, */*", NULL, JSON },
        { "application/json, text/javascript, */*; q=0.01", NULL, JSON },
        { "*/*", "empty", HTML },
        { "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
          NULL, NONE },
        { "text/css,*/*;q=0.1", NULL, NONE },
        { "image/png,image/*;q=0.8,*/*;q=0.5", NULL, NONE },

        /* one form alone */

        { "text/html", NULL, HTML },
        { "TEXT/HTML", NULL, HTML },
        { "text/*", NULL, HTML },
        { "text/plain", NULL, TEXT },
        { "application/json", NULL, JSON },
        { "application/problem+json", NULL, JSON },
        { "application/vnd.api+json", NULL, JSON },
        { "Application/LD+JSON; profile=\"x\"", NULL, JSON },
        { "application/*", NULL, JSON },
        { "text/html;level=1;charset=utf-8", NULL, HTML },

        /* weights */

        { "text/html;q=0.5, application/json", NULL, JSON },
        { "text/html;q=0.5, application/json;q=0.5", NULL, HTML },
        { "application/json;q=0.5,text/plain;q=0.5", NULL, JSON },
        { "text/plain, text/html;q=0.999", NULL, TEXT },
        { "text/plain;q=0.9, application/json;q=0.90", NULL, JSON },
        { "application/json;q=0.8, text/plain;q=0.801", NULL, TEXT },
        { "text/html ; Q=0.5 , application/json ; q=0.6", NULL, JSON },
        { "text/html;level=2;q=0.2, text/plain;q=0.3", NULL, TEXT },
        { "text/html;q=1.000, application/json", NULL, HTML },
        { "text/plain;x=\"a,b;q=0\", text/html;q=0.5", NULL, TEXT },
        { "text/plain;x=\"a\\\",b\";q=0.1, text/html;q=0.5", NULL, HTML },

        /* the range that names it closest decides */

        { "*/*;q=0.1, text/html;q=0.9, text/plain", NULL, TEXT },
        { "text/*;q=0.3, text/html;q=0.1", NULL, TEXT },
        { "text/html;q=0.1, text/*;q=0.3", NULL, TEXT },
        { "*/*, text/html;q=0.5", NULL, JSON },
        { "*/*, application/*;q=0, text/html;q=0", NULL, TEXT },
        { "application/problem+json;q=0, application/json", NULL, JSON },
        { "text/html, text/html;q=0, application/json", NULL, HTML },
        { "text/html;q=0.9, application/json, text/html", NULL, HTML },
        { "image/png, application/json, text/html", NULL, HTML },
        { "text/*, application/json", NULL, JSON },

        /* 0 excludes */

        { "text/html;q=0, */*", NULL, JSON },
        { "text/html;q=0, application/json;q=0.0, */*;q=0.5", NULL, TEXT },
        { "text/html;q=0.000", NULL, TEXT },
        { "*/*;q=0", NULL, TEXT },
        { "image/*;q=0", NULL, TEXT },

        /* none of ours */

        { "image/*", NULL, NONE },
        { "image/png, image/webp;q=0.1", NULL, NONE },
        { "text/css", NULL, NONE },
        { "font/woff2, application/font-woff", NULL, NONE },
        { "application/javascript", NULL, NONE },
        { "text/javascript, application/ecmascript", NULL, NONE },
        { "audio/*, video/mp4", NULL, NONE },
        { "image/png, text/html;q=0.1", NULL, NONE },
        { "image/png, text/html", NULL, HTML },
        { "application/xml", NULL, TEXT },
        { "application/pdf, application/zip", NULL, TEXT },

        /* where the answer goes */

        { "*/*", "image", NONE },
        { "*/*", "style", NONE },
        { "*/*", "script", NONE },
        { "*/*", "font", NONE },
        { NULL, "audio", NONE },
        { "text/html", "video", NONE },
        { NULL, "track", NONE },
        { "*/*", "serviceworker", NONE },
        { "*/*", "IMAGE ", NONE },
        { "*/*", "image;x=1", NONE },
        { "*/*", "image,x", HTML },
        { "*/*", "document", HTML },
        { "application/json", "document", JSON },
        { "*/*", "iframe", HTML },
        { "*/*", "", HTML },
        { "*/*", "imagery", HTML },

        /* junk */

        { "text/html;q=", NULL, HTML },
        { "text/html;q=x, text/plain;q=0.9", NULL, HTML },
        { "text/html;q=-1", NULL, HTML },
        { "text/html;q=5, application/json", NULL, HTML },
        { "text/html;q=0.99999999999999999999, application/json", NULL,
          JSON },
        { "text/html;;;;q=0.1;, text/plain;q=0.2", NULL, TEXT },
        { ";q=1, text/plain", NULL, TEXT },
        { "html", NULL, TEXT },
        { "text/html/x", NULL, TEXT },
        { "text/htmlx", NULL, TEXT },
        { "text /html", NULL, TEXT },
        { "+json", NULL, TEXT },
        { "application/+json", NULL, TEXT },
        { "text/x+json", NULL, TEXT },
        { "text/plain, \"text/html", NULL, TEXT },
        { "text/plain;x=\"\\", NULL, TEXT },
        { "text/plain;x=\"\\\\\";q=0.1, text/html;q=0.5", NULL, HTML },
        { "text/plain;x=a\"b,c\"d;q=0.1, text/html;q=0.5", NULL, HTML },
        { "text/plain;x=\\\",\";q=0.1, text/html;q=0.5", NULL, HTML },
        { "text/plain;q=\"0\", text/html;q=0.5", NULL, TEXT },
        { "text/plain;q =\t0.1 ; x, text/html;q=0.5", NULL, HTML },
        { "text/plain;qq=0.1, text/html;q=0.5", NULL, TEXT },
        { "\"", NULL, TEXT },
        { "=", NULL, TEXT },
        { "text/html;q", NULL, HTML },
        { "\xff\xfe, text/plain", NULL, TEXT }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (format(cases[i].accept, cases[i].dest) != cases[i].format) {
            fail_msg("Accept: %s, Sec-Fetch-Dest: %s gives %d",
                     cases[i].accept ? cases[i].accept : "-",
                     cases[i].dest ? cases[i].dest : "-",
                     format(cases[i].accept, cases[i].dest));
        }
    }
}


static void
test_language(void **state)
{
    char    *field;
    size_t   i, got;

    static const char *const  tags[] = { "en", "fr", "de", "pt" };

    static const struct {
        const char  *field;
        size_t       index;
    } cases[] = {
        { NULL, 0 },
        { "", 0 },
        { "*", 0 },
        { "ja", 0 },
        { "fr", 1 },
        { "FR", 1 },
        { "fr-CH", 1 },
        { "pt-BR,pt;q=0.9,en-US;q=0.8,en;q=0.7", 3 },
        { "fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", 1 },
        { "en;q=0.5, de;q=0.6", 2 },
        { "de, fr", 2 },
        { "fr;q=0.999, de, en", 2 },
        { "*, de;q=0.9, en;q=0, fr", 1 },
        { "fr -CH, de;q=0.9", 1 },
        { "fr-, de;q=0.9", 1 },
        { "fr, de", 1 },
        { "ja, de;q=0.1", 2 },
        { "ja, *;q=0.5", 0 },
        { "en;q=0, *", 1 },
        { "*, en;q=0, fr;q=0", 2 },
        { "en;q=0", 0 },
        { "en;q=0, fr;q=0, de;q=0, pt;q=0, *", 0 },
        { "fr-CA;q=0, fr;q=0.5", 1 },
        { "fr-CA;q=0, *;q=0.5, en;q=0", 1 },
        { "de;q=0.4, *;q=0.5", 0 },
        { "de;q=0.5, *;q=0.5", 2 },
        { "zh-Hant-TW, zh;q=0.9, fr ; q = 0.3", 1 },
        { "french", 0 },
        { "f", 0 },
        { "fr_CH", 0 },
        { "-fr", 0 },
        { ",,,de,,", 2 },
        { "de;q=nan", 2 },
        { "\xff;q=1, de;q=0.1", 2 },
        { "\"de", 0 }
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        field = bare(cases[i].field);
        got = paylock_negotiate_language(field,
                          cases[i].field ? strlen(cases[i].field) : 0,
                          tags, sizeof(tags) / sizeof(tags[0]));
        free(field);

        if (got != cases[i].index) {
            fail_msg("Accept-Language: %s gives %zu",
                     cases[i].field ? cases[i].field : "-", got);
        }
    }

    assert_int_equal(paylock_negotiate_language("fr", 2, tags, 0), 0);
    assert_int_equal(paylock_negotiate_language("fr", 2, tags, 1), 0);
}


/* A field many times longer than any server takes costs no seconds. */

static void
test_linear(void **state)
{
    char     *field;
    size_t    i, n, len;
    clock_t   start;

    static const char *const  tags[] = { "en", "fr" };
    static const char *const  junk[] = {
        ",", ";", "\"", "a,", "q=", ";q=0.1", "\\", "fr,", "a/b;q=0;",
        "\"\\\"", "text/html,", "application/x+json;"
    };

    (void) state;

    len = 512 * 1024;
    field = malloc(len);
    assert_non_null(field);

    for (n = 0; n < sizeof(junk) / sizeof(junk[0]); n++) {

        for (i = 0; i < len; i++) {
            field[i] = junk[n][i % strlen(junk[n])];
        }

        start = clock();

        (void) paylock_negotiate_format(field, len, field, len);
        (void) paylock_negotiate_language(field, len, tags, 2);

        assert_true(clock() - start < 2 * CLOCKS_PER_SEC);
    }

    free(field);
}


int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_language),
        cmocka_unit_test(test_linear)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
