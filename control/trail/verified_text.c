
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The file of what was verified, to be read and written.
 */


#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "paylock_base64.h"
#include "trail/memory_file.h"
#include "trail/verified.h"


#define VERIFIED_LATTICE  ((PAYLOCK_LATTICE * 8 + 5) / 6)
#define VERIFIED_NUMBERS  11           /* see verified_numbers() */


static int verified_parse_head(control_t *ctl, FILE *f, verified_t *v);
static int verified_parse_lattice(FILE *f, verified_t *v);
static int verified_parse_keys(FILE *f, verified_t *v);
static int verified_parse_given_up(FILE *f, verified_t *v);
static int verified_parse_gone(control_t *ctl, FILE *f, verified_t *v);
static int verified_hex(const char *hex, unsigned char bytes[REPLAY_HASH]);
static void verified_numbers(verified_t *v, uint64_t *n[VERIFIED_NUMBERS]);
static void verified_print_gone(FILE *f, const verified_t *v);


int
verified_parse(control_t *ctl, FILE *f, verified_t *v)
{
    return verified_parse_head(ctl, f, v) == 0
           && verified_parse_lattice(f, v) == 0
           && verified_parse_keys(f, v) == 0
           && verified_parse_given_up(f, v) == 0
           && verified_parse_gone(ctl, f, v) == 0
           ? 0 : -1;
}


static int
verified_parse_head(control_t *ctl, FILE *f, verified_t *v)
{
    char       realm[PAYLOCK_REALM_MAX + 1], signers[PAYLOCK_HASH_LEN + 1];
    size_t     i;
    uint64_t  *n[VERIFIED_NUMBERS];

    if (fscanf(f, "chain = %32[0-9a-f]\nseq = %" SCNu64 "\n"
               "hash = %64[0-9a-f]\nroot = %64[0-9a-f]\nrealm = %64[^\n]\n"
               "signers = %64[0-9a-f]\nnumbers =", v->head.chain, &v->head.seq,
               v->head.hash, v->head.root, realm, signers)
        != 6)
    {
        return -1;
    }

    verified_numbers(v, n);

    for (i = 0; i < VERIFIED_NUMBERS; i++) {
        if (fscanf(f, " %" SCNu64, n[i]) != 1) {
            return -1;
        }
    }

    return strcmp(v->head.chain, v->trail.chain) == 0
           && strlen(v->head.hash) == PAYLOCK_HASH_LEN
           && strlen(v->head.root) == PAYLOCK_HASH_LEN
           && strcmp(realm, ctl->settings.realm) == 0
           && strcmp(signers, memory_file_signers(ctl)) == 0
           ? 0 : -1;
}


/* What is reported of the entries up to there. */

static void
verified_numbers(verified_t *v, uint64_t *n[VERIFIED_NUMBERS])
{
    paylock_verify_t  *t;

    t = &v->trail;

    n[0] = &v->length;
    n[1] = &t->first;
    n[2] = &t->entries;
    n[3] = &t->bare;
    n[4] = &t->plain;
    n[5] = &t->time_first;
    n[6] = &t->time_last;
    n[7] = &t->time_most;
    n[8] = &t->steps_back;
    n[9] = &t->step_most;
    n[10] = &t->step_seq;
}


static int
verified_parse_lattice(FILE *f, verified_t *v)
{
    char           text[VERIFIED_LATTICE + 1], form[32];
    unsigned char  bytes[PAYLOCK_LATTICE];

    (void) snprintf(form, sizeof(form), "\nlattice = %%%ds\n",
                    VERIFIED_LATTICE);

    if (fscanf(f, form, text) != 1
        || paylock_base64_decode(text, strlen(text), paylock_base64, bytes,
                                 sizeof(bytes))
           != sizeof(bytes))
    {
        return -1;
    }

    paylock_lattice_read(&v->lattice, bytes);

    return 0;
}


static int
verified_parse_keys(FILE *f, verified_t *v)
{
    char                     hex[PAYLOCK_KEY_LEN + 1];
    uint64_t                 first, entries;
    paylock_key_t           *key;
    const paylock_signer_t  *signer;

    while (fscanf(f, "key = %64[0-9a-f] %" SCNu64 " %" SCNu64 "\n", hex,
                  &first, &entries)
           == 3)
    {
        signer = strlen(hex) == PAYLOCK_KEY_LEN
                 ? paylock_signers_find(v->trail.signers, hex) : NULL;

        if (signer == NULL || paylock_keyring_find(&v->trail.ring, hex)) {
            return -1;
        }

        key = paylock_keyring_add(&v->trail.ring, hex, signer);

        if (key == NULL) {
            return -1;
        }

        key->first = first;
        key->entries = entries;
    }

    return 0;
}


static int
verified_parse_given_up(FILE *f, verified_t *v)
{
    char                     hex[PAYLOCK_KEY_LEN + 1];
    uint64_t                 seq;
    paylock_adopt_t          adopt;
    const paylock_signer_t  *signer;

    memset(&adopt, 0, sizeof(paylock_adopt_t));

    while (fscanf(f, "given_up = %" SCNu64 " %64[0-9a-f] %32[-0-9a-f] %" SCNu64
                  " %" SCNu64 " %" SCNu64 "\n", &seq, hex, adopt.chain,
                  &adopt.first, &adopt.last, &adopt.seq)
           == 6)
    {
        signer = strlen(hex) == PAYLOCK_KEY_LEN
                 ? paylock_signers_find(v->trail.signers, hex) : NULL;

        if (strcmp(adopt.chain, MEMORY_FILE_NONE) == 0) {
            *adopt.chain = '\0';
        }

        if (signer == NULL
            || paylock_verify_gave_up(&v->trail, seq, &adopt, signer) != 0)
        {
            return -1;
        }
    }

    return 0;
}


/* There may be a million of them. */

static int
verified_parse_gone(control_t *ctl, FILE *f, verified_t *v)
{
    int            rc;
    char          *line;
    size_t         size, room;
    unsigned char  host[REPLAY_HASH];

    static const char  gone[] = "removed = ";

    rc = -1;
    line = NULL;
    size = 0;
    room = 0;

    while (getline(&line, &size, f) > 0) {

        if (strncmp(line, gone, sizeof(gone) - 1) != 0) {
            rc = strcmp(line, "end\n") == 0 && getc(f) == EOF ? 0 : -1;
            break;
        }

        if (verified_hex(line + sizeof(gone) - 1, host) != 0
            || verified_gone_add(ctl, v, &room, host,
                                 strtoull(line + sizeof(gone) - 1
                                          + 2 * REPLAY_HASH, NULL, 10))
               != STATUS_DONE)
        {
            break;
        }
    }

    free(line);

    return rc;
}


static int
verified_hex(const char *hex, unsigned char bytes[REPLAY_HASH])
{
    size_t       i;
    const char  *high, *low;

    static const char  digits[] = "0123456789abcdef";

    for (i = 0; i < REPLAY_HASH; i++, hex += 2) {
        high = hex[0] ? strchr(digits, hex[0]) : NULL;
        low = high && hex[1] ? strchr(digits, hex[1]) : NULL;

        if (low == NULL) {
            return -1;
        }

        bytes[i] = (unsigned char) ((high - digits) << 4 | (low - digits));
    }

    return 0;
}


void
verified_print(control_t *ctl, FILE *f, const verified_t *v)
{
    char                       text[VERIFIED_LATTICE + 1];
    size_t                     i;
    uint64_t                  *n[VERIFIED_NUMBERS];
    unsigned char              bytes[PAYLOCK_LATTICE];
    const paylock_key_t       *key;
    const paylock_given_up_t  *g;

    (void) fprintf(f, "chain = %s\nseq = %" PRIu64 "\nhash = %s\nroot = %s\n"
                   "realm = %s\nsigners = %s\nnumbers =", v->head.chain,
                   v->head.seq, v->head.hash, v->head.root,
                   ctl->settings.realm, memory_file_signers(ctl));

    verified_numbers((verified_t *) v, n);

    for (i = 0; i < VERIFIED_NUMBERS; i++) {
        (void) fprintf(f, " %" PRIu64, *n[i]);
    }

    paylock_lattice_write(&v->lattice, bytes);
    text[paylock_base64_encode(bytes, sizeof(bytes), paylock_base64, text)]
        = '\0';
    (void) fprintf(f, "\nlattice = %s\n", text);

    for (i = 0; i < v->trail.ring.n; i++) {
        key = &v->trail.ring.key[i];
        (void) fprintf(f, "key = %s %" PRIu64 " %" PRIu64 "\n", key->hex,
                       key->first, key->entries);
    }

    for (i = 0; i < v->trail.n_given_up; i++) {
        g = &v->trail.given_up[i];
        (void) fprintf(f, "given_up = %" PRIu64 " %s %s %" PRIu64 " %" PRIu64
                       " %" PRIu64 "\n", g->seq,
                       g->signer ? g->signer->key : MEMORY_FILE_NONE,
                       *g->adopt.chain ? g->adopt.chain : MEMORY_FILE_NONE,
                       g->adopt.first, g->adopt.last, g->adopt.seq);
    }

    verified_print_gone(f, v);
}


static void
verified_print_gone(FILE *f, const verified_t *v)
{
    size_t  i, k;
    char    hex[2 * REPLAY_HASH + 1];

    static const char  digits[] = "0123456789abcdef";

    for (i = 0; i < v->n_gone; i++) {

        for (k = 0; k < REPLAY_HASH; k++) {
            hex[2 * k] = digits[v->gone[i].host[k] >> 4];
            hex[2 * k + 1] = digits[v->gone[i].host[k] & 15];
        }

        hex[2 * REPLAY_HASH] = '\0';
        (void) fprintf(f, "removed = %s %" PRIu64 "\n", hex, v->gone[i].seq);
    }

    (void) fprintf(f, "end\n");
}
