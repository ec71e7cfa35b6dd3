
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "paylock_sign.h"
#include "trail/entry.h"
#include "trail/root.h"
#include "trail/skip.h"


#define ENTRY_ID    24
#define ENTRY_ARGS  (3 + 2 * PAYLOCK_AUDIT_FIELDS)
#define ENTRY_LAST  (INT64_MAX / 2)    /* nobody comes so far; JSON has it */


/* buffers for entry_finish(), to which the entry points */

typedef struct {
    char  salt[PAYLOCK_SALT_LEN + 1];
    char  skip[PAYLOCK_HASH_LEN + 1];
    char  hash[PAYLOCK_HASH_LEN + 1];
    char  root[PAYLOCK_HASH_LEN + 1];
    char  sig[PAYLOCK_SIG_LEN + 1];
} entry_made_t;


static int entry_finish(control_t *ctl, paylock_entry_t *e, entry_made_t *made,
    int last);
static int entry_sign(control_t *ctl, paylock_entry_t *e, entry_made_t *made);
static int entry_add(control_t *ctl, const paylock_entry_t *e);


int
entry_room(control_t *ctl, const head_t *head)
{
    if (head->seq < ENTRY_LAST) {
        return STATUS_DONE;
    }

    return error_set(&ctl->error, STATUS_FAILED, "exhausted",
                     "find out who wrote that id; rename the key with "
                     "RENAME, and run \"paylock-admin adopt\"",
                     "no entry can follow %" PRIu64 " in the audit trail "
                     "\"%s\" in Redis at %s", head->seq,
                     ctl->settings.audit, ctl->settings.where);
}


int
entry_queue(control_t *ctl, const paylock_entry_t *fields, head_t *head,
    int last)
{
    char             time[ENTRY_ID];
    entry_made_t     made;
    struct timespec  now;
    paylock_entry_t  e;

    if (entry_room(ctl, head) != STATUS_DONE) {
        return ctl->error.status;
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

    if (entry_finish(ctl, &e, &made, last) != STATUS_DONE
        || entry_add(ctl, &e) != STATUS_DONE)
    {
        return ctl->error.status;
    }

    paylock_skip_add(&ctl->skip, e.seq, made.hash);

    head->seq = e.seq;
    memcpy(head->skip, made.skip, sizeof(made.skip));
    memcpy(head->hash, made.hash, sizeof(made.hash));
    memcpy(head->root, made.root, sizeof(made.root));

    return STATUS_DONE;
}


/*
 * Adds salt, skip, hash and, for the last entry of a transaction, the
 * signature.
 */

static int
entry_finish(control_t *ctl, paylock_entry_t *e, entry_made_t *made, int last)
{
    const char  *skip;

    if (entry_random(ctl, made->salt, PAYLOCK_SALT_LEN / 2) != STATUS_DONE) {
        return ctl->error.status;
    }

    skip = paylock_skip_find(&ctl->skip, e->seq);

    if (skip == NULL) {
        return error_set(&ctl->error, STATUS_FAILED, "skip", NULL,
                         "it is not known to what entry %" PRIu64 " leads",
                         e->seq);
    }

    (void) snprintf(made->skip, sizeof(made->skip), "%.*s", PAYLOCK_HASH_LEN,
                    skip);
    entry_set(e, PAYLOCK_AUDIT_SALT, made->salt);
    entry_set(e, PAYLOCK_AUDIT_SKIP, made->skip);

    if (ctl->signer.key) {
        entry_set(e, PAYLOCK_AUDIT_KEY, ctl->signer.public);
    }

    if (paylock_entry_hash(e, made->hash) != 0) {
        return error_set(&ctl->error, STATUS_FAILED, "crypto", NULL,
                         "OpenSSL computes no SHA-256");
    }

    entry_set(e, PAYLOCK_AUDIT_HASH, made->hash);

    made->root[0] = '\0';

    return ctl->signer.key && last ? entry_sign(ctl, e, made) : STATUS_DONE;
}


static int
entry_sign(control_t *ctl, paylock_entry_t *e, entry_made_t *made)
{
    char    text[PAYLOCK_SIGN_TEXT];
    size_t  len;

    if (root_sign(ctl, made->root) != STATUS_DONE) {
        return ctl->error.status;
    }

    len = paylock_sign_entry(ctl->settings.realm, made->hash, made->root, text);

    if (paylock_sign(ctl->signer.key, text, len, made->sig) != 0) {
        return error_set(&ctl->error, STATUS_FAILED, "crypto", NULL,
                         "OpenSSL makes no Ed25519 signature");
    }

    entry_set(e, PAYLOCK_AUDIT_ROOT, made->root);
    entry_set(e, PAYLOCK_AUDIT_SIG, made->sig);

    return STATUS_DONE;
}


static int
entry_add(control_t *ctl, const paylock_entry_t *e)
{
    char         id[ENTRY_ID];
    size_t       i, n, len[ENTRY_ARGS];
    const char  *arg[ENTRY_ARGS];

    (void) snprintf(id, sizeof(id), "%" PRIu64 "-0", e->seq);

    arg[0] = "XADD";
    arg[1] = ctl->settings.audit;
    arg[2] = id;

    for (n = 0; n < 3; n++) {
        len[n] = strlen(arg[n]);
    }

    for (i = 0; i < PAYLOCK_AUDIT_FIELDS; i++) {

        if (e->field[i].len == 0) {
            continue;
        }

        arg[n] = paylock_entry_fields[i].name;
        len[n] = strlen(arg[n]);
        n++;

        arg[n] = e->field[i].data;
        len[n] = e->field[i].len;
        n++;
    }

    return redis_queue_argv(ctl->redis, n, arg, len) == 0 ? STATUS_DONE
                                                 : ctl->error.status;
}


void
entry_set(paylock_entry_t *e, paylock_audit_field_e field, const char *text)
{
    e->field[field].data = text;
    e->field[field].len = text ? strlen(text) : 0;
}


int
entry_random(control_t *ctl, char *hex, size_t n)
{
    unsigned char  byte[ENTRY_RANDOM];

    if (getrandom(byte, n, 0) != (ssize_t) n) {
        return error_set(&ctl->error, STATUS_FAILED, "random", NULL,
                         "the system gives no random numbers");
    }

    paylock_hex(byte, n, hex);

    return STATUS_DONE;
}
