
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "context/signers_edit.h"
#include "context/signers_write.h"


#define SIGNERS_BEGIN                                                         \
    "# Whose signatures count, a line each: name, public key, limits.  See\n" \
    "# \"paylock-admin help signers\".\n\n"


static int signers_edit_revoke(signers_edit_t *e, const char *name,
    const paylock_pin_t *until);
static const paylock_signer_t *signers_edit_find(const signers_edit_t *e,
    const char *name);
static size_t signers_edit_end(const signers_edit_t *e, unsigned line);
static void signers_edit_pin(signers_edit_t *e, const paylock_pin_t *pin);
static void signers_edit_line(signers_edit_t *e, const char *before,
    const char *one, const char *two);


int
signers_revoke(control_t *ctl, const char *name, const paylock_pin_t *until,
    int *changed)
{
    int              status;
    signers_edit_t   e;

    status = signers_edit_begin(&e, ctl, ctl->signers.path);

    if (status == STATUS_DONE) {
        status = signers_edit_revoke(&e, name, until);
    }

    return signers_edit_commit(&e, status, changed);
}


int
signers_revocable(const signers_t *s, const paylock_signer_t *signer,
    uint64_t next, error_info_t *error)
{
    size_t                   i;
    paylock_str_t            adopt;
    const paylock_signer_t  *other;

    adopt = paylock_string("adopt");

    if (!paylock_signer_may(signer, adopt)) {
        return STATUS_DONE;
    }

    for (i = 0; i < s->list.n; i++) {
        other = &s->list.signer[i];

        if (other != signer && other->until.seq == 0 && other->from <= next
            && paylock_signer_may(other, adopt))
        {
            return STATUS_DONE;
        }
    }

    return error_set(error, STATUS_FAILED, "signer_last",
                     "first add another signer who may adopt to that file",
                     "\"%s\" is the last one in \"%.1000s\" who may adopt",
                     signer->name, s->path);
}


int
signers_pin(control_t *ctl, const paylock_pin_t *pin, int *changed)
{
    int              status;
    signers_edit_t   e;

    status = signers_edit_begin(&e, ctl, ctl->signers.path);

    if (status == STATUS_DONE) {
        signers_edit_pin(&e, pin);
    }

    return signers_edit_commit(&e, status, changed);
}


int
signers_add(control_t *ctl, const char *path, const char *name,
    const char *key)
{
    int              status, changed;
    signers_edit_t   e;

    status = signers_edit_begin(&e, ctl, path);

    if (status == STATUS_DONE) {
        signers_edit_line(&e, e.there ? "" : SIGNERS_BEGIN, name, key);
    }

    return signers_edit_commit(&e, status, &changed);
}


static int
signers_edit_revoke(signers_edit_t *e, const char *name,
    const paylock_pin_t *until)
{
    char                     entry[SIGNERS_PIN];
    const paylock_signer_t  *signer;

    signer = signers_edit_find(e, name);

    if (signer == NULL) {
        return error_set(&e->ctl->error, STATUS_FAILED, "signer",
                         "\"paylock-admin signers\" shows those that there "
                         "are", "\"%.1000s\" names no signer \"%.64s\"",
                         e->path, name);
    }

    if (signer->until.seq) {
        return STATUS_DONE;
    }

    if (signers_revocable(&e->now, signer, until->seq + 1, &e->ctl->error)
        != STATUS_DONE)
    {
        return e->ctl->error.status;
    }

    e->at = signers_edit_end(e, signer->line);
    signers_pin_text(until, entry);
    (void) snprintf(e->put, sizeof(e->put), " until=%s", entry);

    return STATUS_DONE;
}


static const paylock_signer_t *
signers_edit_find(const signers_edit_t *e, const char *name)
{
    size_t  i;

    for (i = 0; i < e->now.list.n; i++) {
        if (strcmp(e->now.list.signer[i].name, name) == 0) {
            return &e->now.list.signer[i];
        }
    }

    return NULL;
}


/* Where the last word of a line ends, before white space and a comment. */

static size_t
signers_edit_end(const signers_edit_t *e, unsigned line)
{
    paylock_str_t  text, left, word, last;

    left.data = e->now.text;
    left.len = e->now.len;

    do {
        text = paylock_str_cut(&left, '\n');
    } while (--line);

    last = text;

    while ((word = paylock_signers_word(&text)).len) {
        last = word;
    }

    return (size_t) (last.data + last.len - e->now.text);
}


void
signers_pin_text(const paylock_pin_t *pin, char text[SIGNERS_PIN])
{
    (void) snprintf(text, SIGNERS_PIN, "%" PRIu64 ":%s%s%s", pin->seq,
                    pin->hash, pin->chain[0] ? ":" : "", pin->chain);
}


static void
signers_edit_pin(signers_edit_t *e, const paylock_pin_t *pin)
{
    char    entry[SIGNERS_PIN];
    size_t  i;

    for (i = 0; i < e->now.list.n_pins; i++) {
        if (e->now.list.pin[i].seq == pin->seq
            && strcmp(e->now.list.pin[i].hash, pin->hash) == 0)
        {
            return;
        }
    }

    signers_pin_text(pin, entry);
    signers_edit_line(e, "", "pin", entry);
}


/* At the end of the file, whose last line may lack its line feed. */

static void
signers_edit_line(signers_edit_t *e, const char *before, const char *one,
    const char *two)
{
    size_t  len;

    len = e->now.len;
    e->at = len;

    (void) snprintf(e->put, sizeof(e->put), "%s%s%s %s\n", before,
                    len && e->now.text[len - 1] != '\n' ? "\n" : "", one, two);
}
