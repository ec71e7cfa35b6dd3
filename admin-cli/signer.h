
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The operator's key, which signs what is written to the audit trail.
 */


#ifndef _SIGNER_H_INCLUDED_
#define _SIGNER_H_INCLUDED_


#include <openssl/evp.h>

#include "paylock_audit.h"


typedef struct {
    EVP_PKEY  *key;                    /* NULL: entries are not signed */
    char       public[PAYLOCK_KEY_LEN + 1];
} signer_t;


#endif /* _SIGNER_H_INCLUDED_ */
