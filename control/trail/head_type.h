
/*
 * Copyright (C) 2026 paylock contributors
 */


#ifndef _HEAD_TYPE_H_INCLUDED_
#define _HEAD_TYPE_H_INCLUDED_


#include "paylock_audit.h"


/* A head: the last entry of a chain; seq 0: none. */

typedef struct {
    uint64_t  seq;
    char      chain[PAYLOCK_CHAIN_LEN + 1];
    char      hash[PAYLOCK_HASH_LEN + 1];
    char      root[PAYLOCK_HASH_LEN + 1];      /* "": it is not signed */
    char      skip[PAYLOCK_HASH_LEN + 1];      /* "": not known here */
} head_t;


#endif /* _HEAD_TYPE_H_INCLUDED_ */
