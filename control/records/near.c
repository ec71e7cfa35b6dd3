
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>
#include <string.h>

#include "base/mistype.h"
#include "net/socket.h"
#include "paylock_host.h"
#include "records/near.h"
#include "records/records.h"


#define NEAR_SLIP     2                /* edit distance, at most */
#define NEAR_RECORDS  100000           /* that are compared, at most */
#define NEAR_TIME     1000             /* milliseconds */


typedef struct {
    near_t     *near;
    size_t      n;
    size_t      seen;
    long long   end;
} near_look_t;


static int near_record(void *data, const paylock_str_t *host,
    const paylock_str_t *value);
static size_t near_distance(const char *one, const char *two);
static const char *near_bare(const char *host);


void
near_find(control_t *ctl, near_t *near, size_t n)
{
    size_t        i;
    uint64_t      records;
    error_info_t  kept;
    near_look_t   look;

    if (n == 0) {
        return;
    }

    for (i = 0; i < n; i++) {
        near[i].best = strlen(near[i].host) < 4 ? 1 : NEAR_SLIP;
        near[i].n = 0;
    }

    look.near = near;
    look.n = n;
    look.seen = 0;
    look.end = clock_ms() + NEAR_TIME;

    kept = ctl->error;
    (void) records_scan(ctl, &records, near_record, &look);
    ctl->error = kept;
}


void
near_text(const near_t *near, char text[NEAR_TEXT])
{
    size_t       i;
    const char  *name[NEAR_NAMES];

    *text = '\0';

    for (i = 0; i < near->n; i++) {
        name[i] = near->name[i];
    }

    if (near->n) {
        mistype_names(name, near->n, "", text, NEAR_TEXT);
    }
}


/* Compares a name with all hosts; STATUS_FAILED ends the scan early. */

static int
near_record(void *data, const paylock_str_t *host, const paylock_str_t *value)
{
    size_t        i, j, distance;
    near_t       *near;
    near_look_t  *look;

    (void) value;

    look = data;

    if (++look->seen > NEAR_RECORDS || clock_ms() > look->end) {
        return STATUS_FAILED;
    }

    if (paylock_host_check(host->data, host->len) != NULL) {
        return STATUS_DONE;
    }

    for (i = 0; i < look->n; i++) {
        near = &look->near[i];
        distance = near_distance(near->host, host->data);

        if (distance == 0 || distance > near->best) {
            continue;
        }

        if (distance < near->best) {
            near->best = distance;
            near->n = 0;
        }

        /* HSCAN may return a name twice */

        for (j = 0; j < near->n && strcmp(near->name[j], host->data) != 0; j++)
        {
            /* void */
        }

        if (j == near->n && j < NEAR_NAMES) {
            (void) snprintf(near->name[near->n++], sizeof(near->name[0]),
                            "%s", host->data);
        }
    }

    return STATUS_DONE;
}


static size_t
near_distance(const char *one, const char *two)
{
    size_t  n, m;

    if (strcmp(one, two) == 0) {
        return 0;
    }

    if (strcmp(near_bare(one), near_bare(two)) == 0) {
        return 1;
    }

    n = strlen(one);
    m = strlen(two);

    return (n > m ? n - m : m - n) > NEAR_SLIP ? NEAR_SLIP + 1
                                               : mistype_distance(one, two);
}


/* The name without a leading "www.", "." or "*.". */

static const char *
near_bare(const char *host)
{
    return strncmp(host, "www.", 4) == 0 ? host + 4
           : strncmp(host, "*.", 2) == 0 ? host + 2
           : host + (*host == '.');
}
