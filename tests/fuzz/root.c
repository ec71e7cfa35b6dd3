
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The root of all records.  The input is what is added and removed, a byte a
 * step: whatever the order, the sum is that of what is left, and its root is
 * that of no other set.  Then the input itself is a lattice as Redis may hold
 * it: what is read is written again.
 */


#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "paylock_lattice.h"


#define PAIRS  32


static paylock_lattice_ctx_t  ctx;
static unsigned char          pair[PAIRS][PAYLOCK_PAIR];


static void
must(int good)
{
    if (!good) {
        abort();
    }
}


/* What ends one is not the beginning of the other. */

static void
begin(void)
{
    size_t             i;
    static const char  text[] = "a.example{\"lock_at\":0}";

    must(paylock_lattice_begin(&ctx) == 0);

    for (i = 0; i < PAIRS; i++) {
        must(paylock_lattice_pair(&ctx, text, i % 16, text + i % 16, i / 16 + 1,
                                  pair[i])
             == 0);
    }
}


static void
change(paylock_lattice_t *l, size_t i, int add)
{
    must((add ? paylock_lattice_add : paylock_lattice_remove)(&ctx, l, pair[i])
         == 0);
}


static int
same(const paylock_lattice_t *one, const paylock_lattice_t *two)
{
    int   equal;
    char  root[2][PAYLOCK_HASH_LEN + 1];

    must(paylock_lattice_root(&ctx, one, root[0]) == 0);
    must(paylock_lattice_root(&ctx, two, root[1]) == 0);

    equal = memcmp(one, two, sizeof(*one)) == 0;
    must(equal == (strcmp(root[0], root[1]) == 0));

    return equal;
}


static void
sum(const uint8_t *data, size_t size)
{
    int                n, times[PAIRS], empty;
    size_t             i;
    paylock_lattice_t  one, two, other, none;

    memset(&one, 0, sizeof(one));
    memset(&two, 0, sizeof(two));
    memset(&other, 0, sizeof(other));
    memset(&none, 0, sizeof(none));
    memset(times, 0, sizeof(times));

    /* half of them in a sum of their own, as threads do that */

    for (i = 0; i < size; i++) {
        change(data[i] & 64 ? &other : &one, data[i] % PAIRS, data[i] >> 7);
        times[data[i] % PAIRS] += data[i] >> 7 ? 1 : -1;
    }

    paylock_lattice_join(&one, &other);

    for (empty = 1, i = PAIRS; i--; /* void */ ) {
        empty = empty && times[i] == 0;

        for (n = abs(times[i]); n; n--) {
            change(&two, i, times[i] > 0);
        }
    }

    must(same(&one, &two));
    must(same(&one, &none) == empty);
}


static void
read_back(const uint8_t *data, size_t size)
{
    size_t             i;
    unsigned char      bytes[PAYLOCK_LATTICE], again[PAYLOCK_LATTICE];
    paylock_lattice_t  l, was;

    for (i = 0; i < sizeof(bytes); i++) {
        bytes[i] = data[i % size];
    }

    paylock_lattice_read(&l, bytes);
    paylock_lattice_write(&l, again);
    must(memcmp(bytes, again, sizeof(bytes)) == 0);

    was = l;
    change(&l, data[0] % PAIRS, 1);
    must(!same(&l, &was));
    change(&l, data[0] % PAIRS, 0);
    must(same(&l, &was));
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (ctx.stream == NULL) {
        begin();
    }

    if (size) {
        sum(data, size);
        read_back(data, size);
    }

    return 0;
}
