
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The state file: what is read of it is what is read of it when it was written
 * again.  The first byte says of what; a header is sealed as by who has the
 * key, since what is not sealed is not looked at.
 */


#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "paylock_state.h"


#define SEALED  (PAYLOCK_STATE_HEADER - PAYLOCK_STATE_DIGEST)


static const unsigned char  key[PAYLOCK_STATE_KEY] = "under this key";


static void
must(int ok)
{
    if (!ok) {
        abort();
    }
}


static void
fuzz_key(const uint8_t *data, size_t size)
{
    unsigned char  bytes[PAYLOCK_STATE_KEY];

    if (paylock_state_key((const char *) data, size, bytes) == NULL) {
        must(size == 2 * sizeof(bytes) || size == 2 * sizeof(bytes) + 1);
    }
}


static void
fuzz_header(const uint8_t *data, size_t size)
{
    unsigned char    head[PAYLOCK_STATE_HEADER];
    paylock_state_t  state, again;

    memset(&state, 0, sizeof(state));
    memset(&again, 0, sizeof(again));

    must(paylock_state_read(data, size, key, &state) != NULL);

    if (size < SEALED) {
        return;
    }

    memcpy(head, data, SEALED);
    must(HMAC(EVP_sha256(), key, sizeof(key), head, SEALED, head + SEALED,
              NULL)
         != NULL);

    if (paylock_state_read(head, sizeof(head), key, &state) != NULL) {
        return;
    }

    must(paylock_state_write(&state, key, head) == 0);
    must(paylock_state_read(head, sizeof(head), key, &again) == NULL);
    must(memcmp(&state, &again, sizeof(state)) == 0);
    must(!paylock_position_ahead(&state.position, &again.position));

    head[size % SEALED] ^= 1;
    must(paylock_state_read(head, sizeof(head), key, &again) != NULL);
}


static void
fuzz_records(const uint8_t *data, size_t size)
{
    size_t                  n, len;
    unsigned char           written[PAYLOCK_STATE_RECORD];
    paylock_state_t         state;
    paylock_state_record_t  record, again;

    memset(&state, 0, sizeof(state));
    state.size = size;
    must(EVP_Digest(data, size, state.digest, NULL, EVP_sha256(), NULL));
    must(paylock_state_intact(&state, data, size));

    memset(&record, 0, sizeof(record));
    memset(&again, 0, sizeof(again));

    for ( ;; ) {
        n = paylock_state_record_read(data, size, &record);

        if (n == 0) {
            return;
        }

        must(n <= size && n <= sizeof(written));

        len = paylock_state_record_write(&record, written);

        must(len == n);
        must(paylock_state_record_read(written, len, &again) == len);
        must(memcmp(&record, &again, sizeof(record)) == 0);
        must(paylock_state_record_read(written, len - 1, &again) == 0);

        data += n;
        size -= n;
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t  *copy;

    static void (*const  targets[])(const uint8_t *data, size_t size) = {
        fuzz_key, fuzz_header, fuzz_records
    };

    if (size == 0) {
        return 0;
    }

    /* what is read beyond the end is to be seen */

    copy = malloc(size - 1 ? size - 1 : 1);
    must(copy != NULL);
    memcpy(copy, data + 1, size - 1);

    targets[data[0] % 3](copy, size - 1);

    free(copy);

    return 0;
}
