
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "entry.h"


#define ENTRY_ID    24
#define ENTRY_ARGS  (3 + 2 * PAYLOCK_AUDIT_FIELDS)
#define ENTRY_LAST  INT64_MAX          /* more JSON does not count to */


int
entry_queue(admin_t *a, const paylock_entry_t *fields, head_t *head)
{
    char             id[ENTRY_ID], time[ENTRY_ID], hash[PAYLOCK_HASH_LEN + 1];
    size_t           i, n, len[ENTRY_ARGS];
    const char      *arg[ENTRY_ARGS];
    struct timespec  now;
    paylock_entry_t  e;

    if (head->seq >= ENTRY_LAST) {
        return problem_set(&a->problem, STATUS_FAILED, "exhausted",
                           "look who wrote that id; rename the key with "
                           "RENAME, and run \"paylock-admin adopt\"",
                           "no entry can follow %" PRIu64 " in the audit trail "
                           "\"%s\" in Redis at %s", head->seq,
                           a->settings.audit, a->settings.where);
    }

    (void) clock_gettime(CLOCK_REALTIME, &now);
    (void) snprintf(time, sizeof(time), "%lld",
                    now.tv_sec * 1000LL + now.tv_nsec / 1000000);

    e = *fields;
    e.seq = head->seq + 1;

    entry_set(&e, PAYLOCK_AUDIT_V, PAYLOCK_AUDIT_VERSION);
    entry_set(&e, PAYLOCK_AUDIT_CHAIN, head->chain);
    entry_set(&e, PAYLOCK_AUDIT_TIME, time);
    entry_set(&e, PAYLOCK_AUDIT_PREV, head->hash);

    if (paylock_entry_hash(&e, hash) != 0) {
        return problem_set(&a->problem, STATUS_FAILED, "crypto", NULL,
                           "OpenSSL computes no SHA-256");
    }

    entry_set(&e, PAYLOCK_AUDIT_HASH, hash);
    (void) snprintf(id, sizeof(id), "%" PRIu64 "-0", e.seq);

    arg[0] = "XADD";
    arg[1] = a->settings.audit;
    arg[2] = id;

    for (n = 0; n < 3; n++) {
        len[n] = strlen(arg[n]);
    }

    for (i = 0; i < PAYLOCK_AUDIT_FIELDS; i++) {
        arg[n] = paylock_audit_names[i];
        len[n] = strlen(arg[n]);
        n++;

        arg[n] = e.field[i].data ? e.field[i].data : "";
        len[n] = e.field[i].len;
        n++;
    }

    if (link_queue(a->link, n, arg, len) != 0) {
        return a->problem.status;
    }

    head->seq = e.seq;
    memcpy(head->hash, hash, sizeof(hash));

    return STATUS_DONE;
}


void
entry_set(paylock_entry_t *e, paylock_audit_field_e field, const char *text)
{
    e->field[field].data = text;
    e->field[field].len = text ? strlen(text) : 0;
}


int
entry_random(admin_t *a, char *hex, size_t n)
{
    unsigned char  byte;

    for ( /* void */ ; n; n--, hex += 2) {

        if (getrandom(&byte, 1, 0) != 1) {
            return problem_set(&a->problem, STATUS_FAILED, "random", NULL,
                               "the system gives no random numbers");
        }

        (void) sprintf(hex, "%02x", byte);
    }

    return STATUS_DONE;
}
