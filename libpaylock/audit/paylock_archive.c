
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "paylock_archive.h"
#include "paylock_words.h"


static int paylock_archive_archived(paylock_str_t text, paylock_archive_t *a);
static int paylock_archive_peaks(paylock_str_t text, paylock_archive_t *a);


const char *
paylock_archive_read(const paylock_entry_t *e, paylock_archive_t *a)
{
    memset(a, 0, sizeof(paylock_archive_t));

    if (!paylock_archive_archived(e->field[PAYLOCK_AUDIT_ARCHIVED], a)) {
        return "has an \"archived\" other than SEQ HASH SHA-256";
    }

    if (!paylock_archive_peaks(e->field[PAYLOCK_AUDIT_PEAKS], a)) {
        return "has \"peaks\" other than those of what it archives";
    }

    /* the head is never archived */

    return a->seq >= e->seq || e->seq - a->seq < 2
           ? "archives the entry before it" : NULL;
}


static int
paylock_archive_archived(paylock_str_t text, paylock_archive_t *a)
{
    return text.len && text.data[text.len - 1] != ' '
           && paylock_words_number(&text, &a->seq)
           && paylock_words_hex(&text, PAYLOCK_HASH_LEN, a->hash)
           && paylock_words_hex(&text, PAYLOCK_HASH_LEN, a->file)
           && text.len == 0;
}


/* Their numbers ascend up to the last entry; no entry leads to others. */

static int
paylock_archive_peaks(paylock_str_t text, paylock_archive_t *a)
{
    char             hash[PAYLOCK_HASH_LEN + 1];
    size_t           n;
    uint64_t         seq, last;
    paylock_skip_t  *s;

    s = &a->skip;

    if (text.len == 0 || text.data[text.len - 1] == ' ') {
        return 0;
    }

    for (n = 0, last = 0; text.len; n++, last = seq) {

        if (n == PAYLOCK_SKIP_MAX
            || !paylock_words_number(&text, &seq) || seq <= last
            || !paylock_words_hex(&text, PAYLOCK_HASH_LEN, hash))
        {
            return 0;
        }

        paylock_skip_add(s, seq, hash);
    }

    return s->n == n && last == a->seq
           && memcmp(s->at[n - 1].hash, a->hash, PAYLOCK_HASH_LEN) == 0;
}


void
paylock_archive_write(const paylock_archive_t *a,
    char archived[PAYLOCK_ARCHIVED_TEXT], char peaks[PAYLOCK_PEAKS_TEXT])
{
    char    *p;
    size_t   i;

    (void) snprintf(archived, PAYLOCK_ARCHIVED_TEXT, "%" PRIu64 " %s %s",
                    a->seq, a->hash, a->file);

    p = peaks;
    *p = '\0';

    for (i = 0; i < a->skip.n; i++) {
        p += sprintf(p, "%s%" PRIu64 " %.*s", i ? " " : "",
                     a->skip.at[i].seq, PAYLOCK_HASH_LEN, a->skip.at[i].hash);
    }
}


int
paylock_archive_same(const paylock_archive_t *one,
    const paylock_archive_t *two)
{
    return one->seq == two->seq
           && strcmp(one->hash, two->hash) == 0
           && strcmp(one->file, two->file) == 0
           && one->skip.n == two->skip.n
           && memcmp(one->skip.at, two->skip.at,
                     one->skip.n * sizeof(paylock_skip_at_t)) == 0;
}


const char *
paylock_archive_hash(const paylock_archive_t *a, uint64_t seq)
{
    size_t  i;

    for (i = 0; i < a->skip.n; i++) {

        if (a->skip.at[i].seq == seq) {
            return a->skip.at[i].hash;
        }
    }

    return NULL;
}
