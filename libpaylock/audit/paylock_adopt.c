
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "paylock_adopt.h"
#include "paylock_words.h"


static int paylock_adopt_lost(paylock_str_t text, paylock_adopt_t *a);
static int paylock_adopt_resumes(paylock_str_t text, paylock_adopt_t *a);


const char *
paylock_adopt_read(const paylock_entry_t *e, paylock_adopt_t *a)
{
    memset(a, 0, sizeof(paylock_adopt_t));

    if (!paylock_adopt_lost(e->field[PAYLOCK_AUDIT_LOST], a)) {
        return "has a \"lost\" other than CHAIN FIRST LAST HASH";
    }

    if (!paylock_adopt_resumes(e->field[PAYLOCK_AUDIT_RESUMES], a)) {
        return "has a \"resumes\" other than SEQ HASH";
    }

    return a->last == 0 && a->seq == 0
           ? "gives nothing up and resumes nothing"
           : e->seq != paylock_adopt_seq(a)
           ? "has another number than the one after what it gives up" : NULL;
}


void
paylock_adopt_write(const paylock_adopt_t *a, char lost[PAYLOCK_ADOPT_TEXT],
    char resumes[PAYLOCK_ADOPT_TEXT])
{
    *lost = '\0';
    *resumes = '\0';

    if (a->last) {
        (void) snprintf(lost, PAYLOCK_ADOPT_TEXT, "%s %" PRIu64 " %" PRIu64
                        " %s", a->chain, a->first, a->last, a->hash);
    }

    if (a->seq) {
        (void) snprintf(resumes, PAYLOCK_ADOPT_TEXT, "%" PRIu64 " %s", a->seq,
                        a->stays);
    }
}


int
paylock_adopt_gives_up(const paylock_adopt_t *a,
    const char chain[PAYLOCK_CHAIN_LEN], uint64_t seq)
{
    return a->last && memcmp(a->chain, chain, PAYLOCK_CHAIN_LEN) == 0
           && seq >= a->first && seq <= a->last;
}


uint64_t
paylock_adopt_seq(const paylock_adopt_t *a)
{
    return (a->last > a->seq ? a->last : a->seq) + 1;
}


static int
paylock_adopt_lost(paylock_str_t text, paylock_adopt_t *a)
{
    return text.len == 0
           || (text.data[text.len - 1] != ' '
               && paylock_words_hex(&text, PAYLOCK_CHAIN_LEN, a->chain)
               && paylock_words_number(&text, &a->first)
               && paylock_words_number(&text, &a->last)
               && paylock_words_hex(&text, PAYLOCK_HASH_LEN, a->hash)
               && text.len == 0 && a->first <= a->last);
}


static int
paylock_adopt_resumes(paylock_str_t text, paylock_adopt_t *a)
{
    return text.len == 0
           || (text.data[text.len - 1] != ' '
               && paylock_words_number(&text, &a->seq)
               && paylock_words_hex(&text, PAYLOCK_HASH_LEN, a->stays)
               && text.len == 0);
}
