
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Finds records that Redis will remove by itself.
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/doctor.h"
#include "records/expiry.h"
#include "records/records.h"


typedef struct {
    control_t   *ctl;
    const char  *host[EXPIRY_SLICE];
    char        *names;                /* each ended by zero */
    size_t       len;
    size_t       size;
    uint64_t     n;
} expiry_names_t;


typedef struct {
    uint64_t     n;
    int64_t      left;                 /* of the first to go */
    const char  *first;
} expiring_t;


static int doctor_expiry_name(void *data, const paylock_str_t *host,
    const paylock_str_t *value);
static int doctor_expiry_all(expiry_names_t *names, expiring_t *found);
static void doctor_expiry_say(doctor_t *d, const expiring_t *found,
    uint64_t read, uint64_t n);


void
doctor_expiry(doctor_t *d)
{
    int             known;
    int64_t         left;
    uint64_t        n;
    expiring_t      found;
    const char     *none;
    expiry_names_t  names;

    none = "";

    if (expiry_find(d->ctl, &none, 1, &left, &known) == STATUS_DONE && !known) {
        return;
    }

    memset(&found, 0, sizeof(expiring_t));
    memset(&names, 0, sizeof(expiry_names_t));
    names.ctl = d->ctl;

    if (records_some(d->ctl, DOCTOR_RECORDS, &n, doctor_expiry_name, &names)
        != STATUS_DONE
        || doctor_expiry_all(&names, &found) != STATUS_DONE)
    {
        doctor_failed(d, "expiry");

    } else {
        doctor_expiry_say(d, &found, names.n, n);
    }

    free(names.names);
}


/* HSCAN must have ended before Redis is asked again. */

static int
doctor_expiry_name(void *data, const paylock_str_t *host,
    const paylock_str_t *value)
{
    char            *more;
    expiry_names_t  *names;

    (void) value;

    names = data;

    if (memchr(host->data, '\0', host->len)) {
        return STATUS_DONE;
    }

    if (names->size - names->len <= host->len) {
        names->size = 2 * names->size + host->len + 1;
        more = realloc(names->names, names->size);

        if (more == NULL) {
            return control_no_memory(names->ctl);
        }

        names->names = more;
    }

    memcpy(names->names + names->len, host->data, host->len);
    names->len += host->len;
    names->names[names->len++] = '\0';
    names->n++;

    return STATUS_DONE;
}


static int
doctor_expiry_all(expiry_names_t *names, expiring_t *found)
{
    size_t       i, n;
    int64_t      left[EXPIRY_SLICE];
    const char  *p, *last;

    p = names->names;
    last = p + names->len;

    while (p != last) {

        for (n = 0; n < EXPIRY_SLICE && p != last; n++) {
            names->host[n] = p;
            p += strlen(p) + 1;
        }

        if (expiry_find(names->ctl, names->host, n, left, NULL) != STATUS_DONE)
        {
            return names->ctl->error.status;
        }

        for (i = 0; i < n; i++) {

            if (left[i] < 0) {
                continue;
            }

            if (found->n++ == 0 || left[i] < found->left) {
                found->first = names->host[i];
                found->left = left[i];
            }
        }
    }

    return STATUS_DONE;
}


static void
doctor_expiry_say(doctor_t *d, const expiring_t *found, uint64_t read,
    uint64_t n)
{
    if (found->n == 0) {
        doctor_say(d, DOCTOR_OK, "expiry", NULL, read < n
                   ? "none of %" PRIu64 " of %" PRIu64 " records has a time "
                     "to live in Redis"
                   : "no record has a time to live in Redis", read, n);
        return;
    }

    doctor_say(d, DOCTOR_PROBLEM, "expiry", "take the time to live away: "
               "HPERSIST KEY FIELDS 1 HOST, as an administrator of Redis",
               "Redis will remove %" PRIu64 " record%s of \"%s\" by itself, "
               "\"%.300s\" in %" PRId64 " s, and no entry tells of it: "
               "%s", found->n, found->n == 1 ? "" : "s",
               d->ctl->settings.locks, found->first, found->left / 1000,
               d->ctl->trust.signers
               ? "nginx with \"paylock_signers\" takes no notice, others open "
                 "the site"
               : "a site that it closes is open then");
}
