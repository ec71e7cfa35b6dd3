
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The keys that sign what is in a bundle, and whose they are.
 */


#define _GNU_SOURCE

#include <inttypes.h>
#include <string.h>

#include <openssl/pem.h>

#include "evidence/bundle.h"


#define BUNDLE_SIGNERS  "signers.txt"
#define BUNDLE_PEM      (sizeof("keys/.pem") + PAYLOCK_KEY_LEN)


static int bundle_pem(bundle_t *b, const paylock_key_t *key);
static int bundle_signers(bundle_t *b);
static void bundle_signer(const paylock_signer_t *signer, FILE *f);


int
bundle_key(bundle_t *b, paylock_str_t hex, uint64_t seq)
{
    paylock_key_t            *key;
    const paylock_signers_t  *signers;

    key = paylock_keyring_find(&b->keys, hex.data);
    signers = b->verify->signers;

    if (key == NULL) {

        /* a trail with more keys is not good anyway */

        if (b->keys.n == PAYLOCK_KEYS) {
            return STATUS_DONE;
        }

        key = paylock_keyring_add(&b->keys, hex.data,
                                  signers ? paylock_signers_find(signers,
                                                                 hex.data)
                                          : NULL);
        if (key == NULL) {
            return control_no_memory(b->ctl);
        }
    }

    if (seq) {
        key->first = key->first ? key->first : seq;
        key->entries++;
    }

    return STATUS_DONE;
}


int
bundle_keys(bundle_t *b)
{
    size_t  i;

    for (i = 0; i < b->keys.n; i++) {
        if (bundle_pem(b, &b->keys.key[i]) != STATUS_DONE) {
            return b->ctl->error.status;
        }
    }

    return b->verify->signers ? bundle_signers(b) : STATUS_DONE;
}


static int
bundle_pem(bundle_t *b, const paylock_key_t *key)
{
    int    rc;
    char   name[BUNDLE_PEM];
    FILE  *f;

    (void) snprintf(name, sizeof(name), "keys/%s.pem", key->hex);

    f = bundle_file(b, name);

    if (f == NULL) {
        return b->ctl->error.status;
    }

    rc = PEM_write_PUBKEY(f, key->key) == 1 ? 0 : -1;

    return bundle_file_end(b, f, name, rc);
}


static int
bundle_signers(bundle_t *b)
{
    FILE    *f;
    size_t   i;

    f = bundle_file(b, BUNDLE_SIGNERS);

    if (f == NULL) {
        return b->ctl->error.status;
    }

    for (i = 0; i < b->keys.n; i++) {
        if (b->keys.key[i].signer) {
            bundle_signer(b->keys.key[i].signer, f);
        }
    }

    return bundle_file_end(b, f, BUNDLE_SIGNERS, 0);
}


/* Comments are not copied: they are for the owner of the signers file. */

static void
bundle_signer(const paylock_signer_t *signer, FILE *f)
{
    char    sep;
    size_t  i;

    (void) fprintf(f, "%s %.*s", signer->name, PAYLOCK_KEY_LEN, signer->key);

    if (signer->from) {
        (void) fprintf(f, " from=%" PRIu64, signer->from);
    }

    if (signer->until.seq) {
        (void) fprintf(f, " until=%" PRIu64 ":%s", signer->until.seq,
                       signer->until.hash);
    }

    if (signer->may) {
        (void) fputs(" may", f);
        sep = '=';

        for (i = 0; paylock_signer_actions[i]; i++) {
            if (signer->may & 1u << i) {
                (void) fprintf(f, "%c%s", sep, paylock_signer_actions[i]);
                sep = ',';
            }
        }
    }

    (void) putc('\n', f);
}
