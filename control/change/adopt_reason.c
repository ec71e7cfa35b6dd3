
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Writes the reason of an "adopt" entry.
 */


#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "change/adopt.h"


static void adopt_missing(const adopt_t *t, char *text, size_t size);


void
adopt_reason_write(adopt_t *t)
{
    char             after[200], missing[200];
    const stream_t  *s;

    s = &t->stream;

    if (s->head.seq) {
        (void) snprintf(after, sizeof(after), "after entry %" PRIu64 " of the "
                        "stream%s%.100s%s", s->head.seq,
                        s->broken ? ", whose end " : "",
                        s->broken ? s->broken : "",
                        s->lost && !s->broken ? ", after which entries were "
                                                "removed" : "");

    } else {
        (void) snprintf(after, sizeof(after), "after entry %" PRIu64 " known "
                        "here; the stream is %s", t->known.seq,
                        s->there ? "empty" : "gone");
    }

    adopt_missing(t, missing, sizeof(missing));

    (void) snprintf(t->reason, sizeof(t->reason), "%s; %s", after, missing);
}


static void
adopt_missing(const adopt_t *t, char *text, size_t size)
{
    uint64_t         last;
    const head_t    *known;
    const stream_t  *s;

    s = &t->stream;
    known = &t->known;
    last = s->head.seq;

    if (known->seq == 0) {
        (void) snprintf(text, size, "no entry was known here");

    } else if (last && strcmp(known->chain, s->head.chain) != 0) {
        (void) snprintf(text, size, "chain %s, known here up to entry %" PRIu64
                        ", is missing", known->chain, known->seq);

    } else if (t->forked) {
        (void) snprintf(text, size, "entry %" PRIu64 " known here is missing "
                        "or another", known->seq);

    } else if (known->seq > last) {
        (void) snprintf(text, size, last + 1 == known->seq
                        ? "entry %" PRIu64 " known here is missing"
                        : "entries %" PRIu64 "-%" PRIu64 " known here are "
                          "missing", last + 1, known->seq);

    } else {
        (void) snprintf(text, size, "nothing known here is missing");
    }

    last = known->seq > last ? known->seq : last;

    if (t->nodes > last) {
        size -= strlen(text);
        text += strlen(text);
        (void) snprintf(text, size, last + 1 == t->nodes
                        ? "; entry %" PRIu64 " known to nginx is missing"
                        : "; entries %" PRIu64 "-%" PRIu64 " known to nginx "
                          "are missing", last + 1, t->nodes);
    }
}
