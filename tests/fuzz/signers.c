
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The signers file: what is refused is refused at a line that exists; what is
 * read is sound, each key once and found, and is the same when it is written
 * out and read again.
 */


#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "paylock_key_check.h"
#include "paylock_signers.h"
#include "paylock_utf8.h"


static unsigned
lines(const char *text, size_t len)
{
    unsigned  n;

    for (n = 0; len; n++) {
        while (len && *text != '\n') {
            text++;
            len--;
        }

        text += len != 0;
        len -= len != 0;
    }

    return n;
}


/* Reads from memory of its own, without a zero behind it. */

static int
read_text(const char *text, size_t len, paylock_signers_t *s)
{
    char        *copy;
    unsigned     line;
    const char  *why;

    copy = malloc(len ? len : 1);

    if (copy == NULL) {
        abort();
    }

    memcpy(copy, text, len);
    why = paylock_signers_read(copy, len, s, &line);
    free(copy);

    if (why && (*why == '\0' || line == 0 || line > lines(text, len) || s->n
                || s->n_pins || s->signer || s->pin || s->by_key))
    {
        abort();
    }

    return why == NULL;
}


static void
sound(const paylock_signers_t *s)
{
    size_t                   i;
    paylock_str_t            name;
    const paylock_signer_t  *signer;

    for (i = 0; i < s->n; i++) {
        signer = &s->signer[i];
        name.data = signer->name;
        name.len = strlen(signer->name);

        if (paylock_signer_name(name) || paylock_key_check(signer->public)
            || paylock_signers_find(s, signer->key) != signer
            || signer->from > INT64_MAX || signer->until.seq > INT64_MAX
            || (signer->until.seq && signer->until.seq < signer->from)
            || (signer->until.seq
                && strlen(signer->until.hash) != PAYLOCK_HASH_LEN))
        {
            abort();
        }
    }

    for (i = 0; i < s->n_pins; i++) {
        if (s->pin[i].seq == 0 || s->pin[i].seq > INT64_MAX
            || strlen(s->pin[i].hash) != PAYLOCK_HASH_LEN)
        {
            abort();
        }
    }
}


static void
write_signer(FILE *f, const paylock_signer_t *signer)
{
    size_t       i;
    const char  *before;

    fprintf(f, "%s %s", signer->name, signer->key);

    if (signer->from) {
        fprintf(f, " from=%" PRIu64, signer->from);
    }

    if (signer->until.seq) {
        fprintf(f, " until=%" PRIu64 ":%s%s%s", signer->until.seq,
                signer->until.hash, signer->until.chain[0] ? ":" : "",
                signer->until.chain);
    }

    for (before = " may=", i = 0; paylock_signer_actions[i]; i++) {
        if (signer->may & 1u << i) {
            fprintf(f, "%s%s", before, paylock_signer_actions[i]);
            before = ",";
        }
    }

    fputc('\n', f);
}


static void
again(const paylock_signers_t *s)
{
    char               *text;
    FILE               *f;
    size_t              i, len;
    paylock_signers_t   same;

    f = open_memstream(&text, &len);

    if (f == NULL) {
        abort();
    }

    for (i = 0; i < s->n; i++) {
        write_signer(f, &s->signer[i]);
    }

    for (i = 0; i < s->n_pins; i++) {
        fprintf(f, "pin %" PRIu64 ":%s%s%s\n", s->pin[i].seq, s->pin[i].hash,
                s->pin[i].chain[0] ? ":" : "", s->pin[i].chain);
    }

    fclose(f);

    if (!read_text(text, len, &same) || same.n != s->n
        || same.n_pins != s->n_pins)
    {
        abort();
    }

    for (i = 0; i < s->n; i++) {
        if (strcmp(s->signer[i].name, same.signer[i].name) != 0
            || strcmp(s->signer[i].key, same.signer[i].key) != 0
            || s->signer[i].from != same.signer[i].from
            || s->signer[i].until.seq != same.signer[i].until.seq
            || s->signer[i].may != same.signer[i].may)
        {
            abort();
        }
    }

    paylock_signers_free(&same);
    free(text);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    paylock_signers_t  s;

    if (!read_text((const char *) data, size, &s)) {
        return 0;
    }

    if (!paylock_utf8_check((const char *) data, size)) {
        abort();
    }

    sound(&s);
    again(&s);
    paylock_signers_free(&s);

    return 0;
}
