
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "paylock_skip.h"


static void paylock_skip_drop(paylock_skip_t *s, uint64_t seq);


void
paylock_skip_from(paylock_skip_t *s, uint64_t seq, const char *hash)
{
    s->n = 0;
    s->open = seq != 0;

    if (seq) {
        paylock_skip_add(s, seq, hash);
    }
}


uint64_t
paylock_skip_target(uint64_t seq)
{
    return seq & (seq - 1);
}


const char *
paylock_skip_find(const paylock_skip_t *s, uint64_t seq)
{
    size_t    n;
    uint64_t  target;

    target = paylock_skip_target(seq);

    for (n = s->n; n; n--) {
        if (s->at[n - 1].seq <= target) {
            return s->at[n - 1].hash;
        }
    }

    return s->open && target != 0
           ? NULL : "00000000000000000000000000000000"
                    "00000000000000000000000000000000";
}


void
paylock_skip_add(paylock_skip_t *s, uint64_t seq,
    const char hash[PAYLOCK_HASH_LEN])
{
    paylock_skip_drop(s, seq);

    s->at[s->n].seq = seq;
    memcpy(s->at[s->n].hash, hash, PAYLOCK_HASH_LEN);
    s->n++;
}


/*
 * The target of an entry behind seq is seq, one behind it, or one of those that
 * follow from seq by clearing its lowest bit again and again.
 */

static void
paylock_skip_drop(paylock_skip_t *s, uint64_t seq)
{
    size_t    i, k, keep[PAYLOCK_SKIP_MAX];
    uint64_t  target;

    k = 0;
    i = s->n;

    for (target = paylock_skip_target(seq);
         target != 0 && i;
         target = paylock_skip_target(target))
    {
        while (i && s->at[i - 1].seq > target) {
            i--;
        }

        if (i && (k == 0 || keep[k - 1] != i - 1)) {
            keep[k++] = i - 1;
        }
    }

    for (i = 0; i < k; i++) {
        s->at[i] = s->at[keep[k - 1 - i]];
    }

    s->n = k;
}


void
paylock_skip_copy(paylock_skip_t *to, const paylock_skip_t *from)
{
    to->n = from->n;
    to->open = from->open;
    memcpy(to->at, from->at, from->n * sizeof(paylock_skip_at_t));
}
