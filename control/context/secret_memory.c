
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <sys/prctl.h>
#include <sys/resource.h>

#include <openssl/crypto.h>

#include "context/secret_memory.h"


#define SECRET_HEAP   65536            /* bytes that OpenSSL locks, for keys */
#define SECRET_LEAST  32


/* Keys are read even where no memory may be locked. */

void
secret_memory_begin(void)
{
    struct rlimit  none = { 0, 0 };

    (void) setrlimit(RLIMIT_CORE, &none);
    (void) prctl(PR_SET_DUMPABLE, 0);
    (void) CRYPTO_secure_malloc_init(SECRET_HEAP, SECRET_LEAST);
}
