
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "paylock_position.h"


int
paylock_position_ahead(const paylock_position_t *a,
    const paylock_position_t *b)
{
    return memcmp(a->chain, b->chain, PAYLOCK_CHAIN_LEN) == 0
           ? a->seq > b->seq : a->time > b->time;
}
