
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Entries in the making, and keys that sign them, for what forges trails.  Who
 * includes this has defined TEXT, the bytes of a field and a zero.
 */


#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "paylock_sign.h"


#define CHAIN  "00112233445566778899aabbccddeeff"
#define SALT   "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
#define ZEROS  "00000000000000000000000000000000" \
               "00000000000000000000000000000000"


typedef enum {
    ALICE = 0,
    CAROL,
    BOB,                               /* revoked */
    EVE,                               /* no signer */
    KEYS
} key_e;


typedef struct {
    uint64_t  seq;
    char      field[PAYLOCK_AUDIT_FIELDS][TEXT];
} item_t;


static EVP_PKEY  *keys[KEYS];
static char       public[KEYS][PAYLOCK_KEY_LEN + 1];


static void
must(int good)
{
    if (!good) {
        abort();
    }
}


static void
make_keys(void)
{
    size_t         i;
    unsigned char  seed[32];

    for (i = 0; i < KEYS; i++) {
        memset(seed, (int) i + 1, sizeof(seed));
        keys[i] = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed,
                                               sizeof(seed));
        must(keys[i] && paylock_sign_public(keys[i], public[i]) == 0);
    }
}


/* The pairs are the fields in the order of their table. */

static void
read_item(const item_t *item, paylock_entry_t *e)
{
    size_t  i;

    memset(e, 0, sizeof(paylock_entry_t));
    e->seq = item->seq;

    for (i = 0; i < PAYLOCK_AUDIT_FIELDS; i++) {
        e->field[i].data = item->field[i];
        e->field[i].len = strlen(item->field[i]);
        e->pair[i].name.data = paylock_entry_fields[i].name;
        e->pair[i].name.len = strlen(paylock_entry_fields[i].name);
        e->pair[i].value = e->field[i];
    }

    e->n = PAYLOCK_AUDIT_FIELDS;
}


static void
seal(item_t *item, key_e key)
{
    char             text[PAYLOCK_SIGN_TEXT];
    size_t           len;
    paylock_entry_t  e;

    strcpy(item->field[PAYLOCK_AUDIT_KEY], public[key]);
    item->field[PAYLOCK_AUDIT_SIG][0] = '\0';
    item->field[PAYLOCK_AUDIT_ROOT][0] = '\0';
    read_item(item, &e);

    if (paylock_entry_check(&e) != NULL) {
        return;
    }

    must(paylock_entry_hash(&e, item->field[PAYLOCK_AUDIT_HASH]) == 0);

    strcpy(item->field[PAYLOCK_AUDIT_ROOT], ZEROS);
    len = paylock_sign_entry("-", item->field[PAYLOCK_AUDIT_HASH], ZEROS,
                             text);
    must(paylock_sign(keys[key], text, len, item->field[PAYLOCK_AUDIT_SIG])
         == 0);
}


/* Those that all have alike; what is left of the others is the caller's. */

static void
fill_item(item_t *item, const char *action)
{
    strcpy(item->field[PAYLOCK_AUDIT_V], PAYLOCK_AUDIT_VERSION);
    strcpy(item->field[PAYLOCK_AUDIT_CHAIN], CHAIN);
    strcpy(item->field[PAYLOCK_AUDIT_TIME], "1793487600000");
    strcpy(item->field[PAYLOCK_AUDIT_ACTION], action);
    strcpy(item->field[PAYLOCK_AUDIT_SALT], SALT);
    strcpy(item->field[PAYLOCK_AUDIT_HASH], ZEROS);
}
