
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>

#include "trail/root.h"
#include "trail/vouched.h"


static int vouched_read(control_t *ctl, uint64_t seq);
static int vouched_order(const void *one, const void *two);


int
vouched_record(control_t *ctl, uint64_t seq, const paylock_str_t *host,
    const paylock_str_t *record, int *vouched)
{
    vouched_t      *v;
    unsigned char   pair[PAYLOCK_PAIR];

    v = &ctl->vouched;
    *vouched = 0;

    if (v->n == 0 && v->seq != seq && vouched_read(ctl, seq) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (root_pair(ctl, host, record, pair) != STATUS_DONE) {
        return ctl->error.status;
    }

    *vouched = v->n && bsearch(pair, v->pair, v->n, sizeof(*v->pair),
                               vouched_order) != NULL;

    return STATUS_DONE;
}


static int
vouched_read(control_t *ctl, uint64_t seq)
{
    root_pairs_t        pairs;
    paylock_lattice_t   sum;

    if (root_pairs_scan(ctl, &pairs) != STATUS_DONE) {
        return ctl->error.status;
    }

    if (root_sum(ctl, &pairs, &sum) != STATUS_DONE) {
        free(pairs.pair);
        return ctl->error.status;
    }

    ctl->vouched.seq = seq;

    if (memcmp(&sum, &ctl->root.lattice, sizeof(sum)) != 0) {
        free(pairs.pair);
        return STATUS_DONE;
    }

    ctl->vouched.pair = pairs.pair;
    ctl->vouched.n = pairs.n;

    return STATUS_DONE;
}


static int
vouched_order(const void *one, const void *two)
{
    return memcmp(one, two, PAYLOCK_PAIR);
}
