
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "cli/admin.h"
#include "cli/output.h"
#include "probe/probe.h"
#include "probe/probe_ask.h"


/* Vary of the locked page; identifies it even if it is discreet */

#define PROBE_VARY  "Accept, Accept-Language, Sec-Fetch-Dest, Origin"


typedef enum {
    PROBE_SITE = 0,
    PROBE_LOCKED,
    PROBE_DISCREET
} probe_page_e;


static probe_page_e probe_page(const probe_answer_t *answer);
static int probe_differs(admin_t *a, const char *host, int locked,
    const probe_answer_t *answer);
static const char *probe_cache(const probe_answer_t *answer,
    char value[PROBE_NAME]);
static void probe_print(const char *url, const probe_answer_t *answer,
    probe_page_e page, const char *agrees);
static json_t *probe_json(const char *url, const probe_answer_t *answer,
    probe_page_e page, const char *expected);


static const char *const  probe_pages[] = { "site", "locked", "discreet" };


int
probe_check(admin_t *a)
{
    const char   *why;
    probe_url_t   u;

    if (a->opt[OPT_PROBE] == NULL) {
        return STATUS_DONE;
    }

    why = probe_url(a->opt[OPT_PROBE], &u);

    if (why) {
        return error_set(&a->ctl->error, STATUS_USAGE, "probe",
                         "give one such as https://acme.example/",
                         "the URL \"%.300s\" %s", a->opt[OPT_PROBE], why);
    }

    if (a->n_args != 1 || strchr(".*", a->arg[0][0])) {
        return error_set(&a->ctl->error, STATUS_USAGE, "probe",
                         "give the name that a visitor would ask for",
                         "--probe asks for one host");
    }

    return STATUS_DONE;
}


int
probe(admin_t *a, const char *host, const char *stage, json_t *object)
{
    int              locked, agrees;
    const char      *url, *expected;
    probe_url_t      u;
    probe_page_e     page;
    probe_answer_t   answer;

    url = a->opt[OPT_PROBE];
    (void) probe_url(url, &u);

    if (probe_ask(&u, host, &answer, &a->ctl->error) != 0) {
        return a->ctl->error.status;
    }

    page = probe_page(&answer);
    locked = strcmp(stage, "locked") == 0;
    expected = strcmp(stage, "default") == 0 ? NULL
               : locked ? "locked" : "site";
    agrees = expected == NULL || locked == (page != PROBE_SITE);

    if (output_is_text(a)) {
        probe_print(url, &answer, page, expected == NULL
                    ? "which \"paylock_default\" decides"
                    : agrees ? "as it should be" : "which is wrong");
    }

    (void) json_object_set_new(object, "probe", probe_json(url, &answer, page,
                                                           expected));

    if (answer.certificate) {
        control_warn(a->ctl, "certificate", host, "browsers refuse it as well",
                     "the certificate that was shown for \"%s\" is refused: %s",
                     host, answer.certificate);
    }

    return agrees ? STATUS_DONE : probe_differs(a, host, locked, &answer);
}


static probe_page_e
probe_page(const probe_answer_t *answer)
{
    char  ours[PROBE_NAME], vary[PROBE_NAME], cache[PROBE_NAME];

    probe_header(answer, "X-Paylock", ours);
    probe_header(answer, "Vary", vary);
    probe_header(answer, "Cache-Control", cache);

    if (strcmp(ours, "locked") == 0) {
        return PROBE_LOCKED;
    }

    return (answer->status == 503 || answer->status == 402
            || answer->status == 403)
           && strcmp(vary, PROBE_VARY) == 0 && strcmp(cache, "no-store") == 0
           ? PROBE_DISCREET : PROBE_SITE;
}


static int
probe_differs(admin_t *a, const char *host, int locked,
    const probe_answer_t *answer)
{
    char         value[PROBE_NAME], mend[512], where[PROBE_NAME + 32];
    const char  *cache;

    cache = probe_cache(answer, value);
    where[0] = '\0';

    if (cache) {
        (void) snprintf(mend, sizeof(mend), "a cache in between has answered "
                        "(%s: %s): purge it there, or probe nginx itself",
                        cache, value);

    } else if (!locked) {
        (void) snprintf(mend, sizeof(mend), "does that nginx follow this "
                        "Redis? see its error log; another name of its server "
                        "block may be locked, and \"paylock_key\" asks for "
                        "another record");

    } else {
        (void) snprintf(mend, sizeof(mend), "is it nginx with \"paylock on\" "
                        "for this name and path, and does it follow this "
                        "Redis? \"paylock_exempt\", \"paylock_bypass\" and "
                        "\"paylock_dry_run\" let requests through");

        probe_header(answer, "Location", value);

        if (*value) {
            (void) snprintf(where, sizeof(where), ", and leads to \"%s\"",
                            value);
        }
    }

    (void) error_set(&a->ctl->error, STATUS_FAILED, "probe", mend, locked
                     ? "\"%s\" is locked, but the site answers with status "
                       "%d%s"
                     : "\"%s\" is not locked, but the locked page answers "
                       "with status %d%s", host, answer->status, where);

    return error_about(&a->ctl->error, host);
}


/* Finds a header that says that the answer came from a cache. */

static const char *
probe_cache(const probe_answer_t *answer, char value[PROBE_NAME])
{
    size_t  i;

    static const char *const  headers[] = {
        "Age", "X-Cache", "CF-Cache-Status", "X-Cache-Status", "X-Proxy-Cache"
    };

    for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        probe_header(answer, headers[i], value);

        if (i == 0 ? strspn(value, "0") != strlen(value)
                   : strncasecmp(value, "HIT", 3) == 0)
        {
            return headers[i];
        }
    }

    return NULL;
}


static void
probe_print(const char *url, const probe_answer_t *answer, probe_page_e page,
    const char *agrees)
{
    char  location[PROBE_NAME];

    (void) printf("    probe    %s: status %d, %s, %s", url,
                  answer->status, page == PROBE_LOCKED ? "the locked page"
                  : page == PROBE_DISCREET ? "the discreet locked page"
                  : "the site", agrees);

    probe_header(answer, "Location", location);

    if (*location) {
        (void) printf(", leads to ");
        text_print(stdout, location, strlen(location));
    }

    (void) putchar('\n');
}


static json_t *
probe_json(const char *url, const probe_answer_t *answer, probe_page_e page,
    const char *expected)
{
    char  location[PROBE_NAME];

    probe_header(answer, "Location", location);

    return json_pack("{s:s, s:i, s:s, s:s?, s:b, s:o, s:s?}", "url", url,
                     "status", answer->status, "page", probe_pages[page],
                     "expected", expected,
                     "agrees", expected == NULL
                               || (page != PROBE_SITE)
                                  == (strcmp(expected, "locked") == 0),
                     "location", text_json(location, strlen(location)),
                     "certificate", answer->certificate);
}
