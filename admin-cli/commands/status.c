
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "cli/output.h"
#include "cli/state_print.h"
#include "commands.h"
#include "probe/probe.h"
#include "records/expiry.h"
#include "records/matching_record.h"
#include "records/near.h"
#include "trail/health.h"
#include "trail/trail.h"


static int status_hosts(admin_t *a, char **name, size_t n);
static int status_find(admin_t *a, char **name, matching_record_t *h, size_t n,
    uint32_t now);
static int status_report(admin_t *a, char **name, const matching_record_t *h,
    size_t n, uint32_t now);
static void status_expiry(admin_t *a, const matching_record_t *h, size_t n);
static void status_near(admin_t *a, char **name, const matching_record_t *h,
    size_t n);


int
status_check(admin_t *a)
{
    return probe_check(a);
}


int
cmd_status(admin_t *a)
{
    return status_hosts(a, a->host, a->n_hosts);
}


static int
status_hosts(admin_t *a, char **name, size_t n)
{
    int                 status;
    size_t              i;
    matching_record_t  *h;
    uint32_t            now;

    h = calloc(n, sizeof(matching_record_t));

    if (h == NULL) {
        return control_no_memory(a->ctl);
    }

    now = (uint32_t) time(NULL);
    status = status_find(a, name, h, n, now);

    if (status == STATUS_DONE) {
        status = status_report(a, name, h, n, now);
        status_expiry(a, h, n);
        status_near(a, name, h, n);
        health_warn(a->ctl);
    }

    for (i = 0; i < n; i++) {
        matching_record_free(&h[i]);
    }

    free(h);

    return status;
}


static int
status_find(admin_t *a, char **name, matching_record_t *h, size_t n,
    uint32_t now)
{
    int     status;
    size_t  i;

    status = STATUS_DONE;

    for (i = 0; i < n && status == STATUS_DONE; i++) {
        status = matching_record_queue(a->ctl, name[i], &h[i]);
    }

    if (status == STATUS_DONE && redis_send(a->ctl->redis) != 0) {
        status = a->ctl->error.status;
    }

    for (i = 0; i < n && status == STATUS_DONE; i++) {
        status = matching_record_take(a->ctl, &h[i], now);
    }

    return status;
}


static int
status_report(admin_t *a, char **name, const matching_record_t *h, size_t n,
    uint32_t now)
{
    int            status;
    size_t         i;
    json_t        *array, *object;
    state_host_t   s;

    status = STATUS_DONE;
    array = json_array();

    for (i = 0; i < n; i++) {
        s.host = name[i];
        s.match = h[i].match;
        s.record = h[i].record;
        s.other = h[i].other;

        if (output_is_text(a)) {
            state_print_lines(stdout, &s, now, output_colours());
        }

        object = effective_state_json(&s, now);

        if (a->opt[OPT_PROBE]) {
            status = probe(a, name[i], effective_state(s.record, s.other,
                                                       now).stage,
                           object);
        }

        (void) json_array_append_new(array, object);
    }

    return output_print_json(a, array) == STATUS_DONE ? status
                                                      : a->ctl->error.status;
}


/* Warns of records that Redis removes by itself, and then no entry tells. */

static void
status_expiry(admin_t *a, const matching_record_t *h, size_t n)
{
    size_t         i, m;
    int64_t       *left;
    const char   **host;
    error_info_t   kept;

    kept = a->ctl->error;
    host = calloc(n, sizeof(char *));
    left = calloc(n, sizeof(int64_t));

    for (i = 0, m = 0; host && i < n; i++) {
        if (h[i].match) {
            host[m++] = h[i].match;
        }
    }

    if (left == NULL || expiry_find(a->ctl, host, m, left, NULL)
                        != STATUS_DONE)
    {
        m = 0;
        a->ctl->error = kept;
    }

    for (i = 0; i < m; i++) {
        if (left[i] >= 0) {
            control_warn(a->ctl, "expires", host[i],
                         "\"paylock-admin doctor\" says what to do",
                         "Redis will remove the record of \"%s\" in %" PRId64
                         " s", host[i], left[i] / 1000);
        }
    }

    free(host);
    free(left);
}


/* Suggests names for hosts without a record: they may be mistyped. */

static void
status_near(admin_t *a, char **name, const matching_record_t *h, size_t n)
{
    char     mend[NEAR_TEXT];
    size_t   i, m;
    near_t   near[NEAR_HOSTS];

    if (a->opt[OPT_QUIET]) {
        return;
    }

    for (i = 0, m = 0; i < n && m < NEAR_HOSTS; i++) {
        if (h[i].match == NULL) {
            near[m++].host = name[i];
        }
    }

    near_find(a->ctl, near, m);

    for (i = 0; i < m; i++) {
        near_text(&near[i], mend);

        if (near[i].n) {
            control_warn(a->ctl, "no_record", near[i].host, mend,
                         "there is no record of \"%s\"", near[i].host);
        }
    }
}
