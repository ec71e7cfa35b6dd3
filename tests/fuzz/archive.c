
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The file of an archive, and the trail that tells of it, in the hands of
 * somebody who may change both and has a revoked key and a foreign one.  The
 * input is what they do, four bytes a step.  The verifier may say that all is
 * well only if the file is the one that was written, to the byte.
 */


#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "paylock_export.h"
#include "paylock_sign.h"
#include "paylock_verify.h"


#define CHAIN  "00112233445566778899aabbccddeeff"
#define SALT   "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
#define ZEROS  "00000000000000000000000000000000" \
               "00000000000000000000000000000000"

#define TEXT   512                     /* bytes of a field, and a zero */
#define FILES  16384                   /* bytes of the file */
#define MAX    8                       /* entries */
#define LAST   4                       /* ... of these are in the file */
#define STEPS  16


typedef struct {
    char      field[PAYLOCK_AUDIT_FIELDS][TEXT];
} item_t;


typedef struct {
    char      file[FILES];
    size_t    len;
    item_t    item[MAX];               /* item[n]: entry n + 1 */
} state_t;


typedef enum {
    ALICE = 0,
    BOB,                               /* revoked */
    EVE,                               /* no signer */
    KEYS
} key_e;


typedef void (*step_pt)(state_t *s, size_t at, unsigned char value);


static EVP_PKEY           *keys[KEYS];
static char                public[KEYS][PAYLOCK_KEY_LEN + 1];
static state_t             whole;
static paylock_signers_t   signers;


static void
must(int good)
{
    if (!good) {
        abort();
    }
}


/* The pairs are the fields in the order of their table. */

static void
read_item(const state_t *s, size_t n, paylock_entry_t *e)
{
    size_t  i;

    memset(e, 0, sizeof(paylock_entry_t));
    e->seq = n + 1;

    for (i = 0; i < PAYLOCK_AUDIT_FIELDS; i++) {
        e->field[i].data = s->item[n].field[i];
        e->field[i].len = strlen(s->item[n].field[i]);
        e->pair[i].name.data = paylock_entry_fields[i].name;
        e->pair[i].name.len = strlen(paylock_entry_fields[i].name);
        e->pair[i].value = e->field[i];
    }

    e->n = PAYLOCK_AUDIT_FIELDS;
}


static void
seal(state_t *s, size_t n, key_e key)
{
    char             text[PAYLOCK_SIGN_TEXT];
    item_t          *item;
    size_t           len;
    paylock_entry_t  e;

    item = &s->item[n];

    strcpy(item->field[PAYLOCK_AUDIT_KEY], public[key]);
    item->field[PAYLOCK_AUDIT_SIG][0] = '\0';
    item->field[PAYLOCK_AUDIT_ROOT][0] = '\0';
    read_item(s, n, &e);

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


static const char *
hash_of(const state_t *s, uint64_t seq)
{
    return seq ? s->item[seq - 1].field[PAYLOCK_AUDIT_HASH] : ZEROS;
}


static void
add(state_t *s, size_t n, const char *action, key_e key)
{
    item_t  *item;

    item = &s->item[n];

    strcpy(item->field[PAYLOCK_AUDIT_V], PAYLOCK_AUDIT_VERSION);
    strcpy(item->field[PAYLOCK_AUDIT_CHAIN], CHAIN);
    strcpy(item->field[PAYLOCK_AUDIT_TIME], "1793487600000");
    strcpy(item->field[PAYLOCK_AUDIT_ACTION], action);
    strcpy(item->field[PAYLOCK_AUDIT_SALT], SALT);
    strcpy(item->field[PAYLOCK_AUDIT_HASH], ZEROS);
    strcpy(item->field[PAYLOCK_AUDIT_PREV], hash_of(s, n));
    strcpy(item->field[PAYLOCK_AUDIT_SKIP],
           hash_of(s, paylock_skip_target(n + 1)));

    if (strcmp(action, "lock") == 0) {
        strcpy(item->field[PAYLOCK_AUDIT_HOST], "a.example");
        (void) snprintf(item->field[PAYLOCK_AUDIT_AFTER], TEXT,
                        "{\"lock_at\":0,\"entry\":%zu}", n + 1);
    }

    seal(s, n, key);
}


static void
file_line(state_t *s, json_t *json)
{
    char  *text;

    text = json_dumps(json, JSON_COMPACT|JSON_ENSURE_ASCII);
    must(text != NULL);

    s->len += (size_t) snprintf(s->file + s->len, FILES - s->len, "%s\n", text);
    must(s->len < FILES);

    free(text);
    json_decref(json);
}


static void
file_write(state_t *s)
{
    size_t                   n;
    paylock_entry_t          e;
    paylock_export_header_t  h;

    memset(&h, 0, sizeof(h));

    h.seq = LAST;
    h.realm.data = "-";
    h.realm.len = 1;
    h.chain.data = CHAIN;
    h.chain.len = PAYLOCK_CHAIN_LEN;
    h.hash.data = hash_of(s, LAST);
    h.hash.len = PAYLOCK_HASH_LEN;

    file_line(s, paylock_export_header(&h));

    for (n = 0; n < LAST; n++) {
        read_item(s, n, &e);
        file_line(s, paylock_export_entry(&e));
    }
}


static void
digest(const state_t *s, char hex[PAYLOCK_HASH_LEN + 1])
{
    unsigned       n;
    unsigned char  md[32];

    must(EVP_Digest(s->file, s->len, md, &n, EVP_sha256(), NULL) == 1);

    for (n = 0; n < sizeof(md); n++) {
        (void) sprintf(hex + n * 2, "%02x", md[n]);
    }
}


/* The entry that tells of the file, as it is now. */

static void
tell(state_t *s, const paylock_verify_t *v, key_e key)
{
    item_t             *item;
    paylock_archive_t   a;

    memset(&a, 0, sizeof(a));
    item = &s->item[MAX - 2];

    a.seq = v->seq;
    memcpy(a.hash, v->hash, sizeof(a.hash));
    digest(s, a.file);
    paylock_skip_copy(&a.skip, &v->skip);

    paylock_archive_write(&a, item->field[PAYLOCK_AUDIT_ARCHIVED],
                          item->field[PAYLOCK_AUDIT_PEAKS]);
    seal(s, MAX - 2, key);
}


/* Goes through the lines of the file; returns whether all of it is good. */

static int
file_read(const state_t *s, paylock_verify_t *v)
{
    int                good;
    size_t             len;
    const char        *p, *end, *lf;
    paylock_export_t   x;

    end = s->file + s->len;

    for (good = 1, p = s->file; good && p < end; p += len + 1) {
        lf = memchr(p, '\n', (size_t) (end - p));
        len = (size_t) ((lf ? lf : end) - p);

        good = paylock_export_read(p, len, &x) == NULL;

        if (good && x.kind == PAYLOCK_EXPORT_ENTRY) {
            good = paylock_verify_entry(v, &x.entry) == 0;
        }

        paylock_export_free(&x);
    }

    return good;
}


static void
begin(void)
{
    char              seed[32], text[1024];
    size_t            i, len;
    unsigned          line;
    paylock_verify_t  v;

    for (i = 0; i < KEYS; i++) {
        memset(seed, (int) i + 1, sizeof(seed));
        keys[i] = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL,
                                               (unsigned char *) seed,
                                               sizeof(seed));
        must(keys[i] && paylock_sign_public(keys[i], public[i]) == 0);
    }

    add(&whole, 0, "init", ALICE);
    add(&whole, 1, "lock", BOB);
    add(&whole, 2, "lock", ALICE);
    add(&whole, 3, "lock", BOB);
    add(&whole, 4, "lock", ALICE);
    add(&whole, 5, "lock", ALICE);
    file_write(&whole);

    len = (size_t) snprintf(text, sizeof(text), "alice %s\nbob %s until=4:%s\n",
                            public[ALICE], public[BOB], hash_of(&whole, LAST));
    must(paylock_signers_read(text, len, &signers, &line) == NULL);

    paylock_verify_begin(&v, NULL, "-", &signers);
    must(file_read(&whole, &v) && v.seq == LAST);
    add(&whole, MAX - 2, "archive", ALICE);
    tell(&whole, &v, ALICE);
    paylock_verify_free(&v);

    add(&whole, MAX - 1, "lock", ALICE);
}


static void
step_byte(state_t *s, size_t at, unsigned char value)
{
    if (s->len) {
        s->file[at % s->len] ^= (char) value;
    }
}


static void
step_cut(state_t *s, size_t at, unsigned char value)
{
    (void) value;

    s->len = s->len ? at % s->len : 0;
}


/* What follows moves up, or what is there comes twice. */

static void
step_move(state_t *s, size_t at, unsigned char value)
{
    size_t  to;

    if (s->len == 0) {
        return;
    }

    at %= s->len;
    to = value & 1 ? at + value : at - (at < value ? at : value);

    if (to < s->len && s->len - at + to < FILES) {
        memmove(s->file + to, s->file + at, s->len - at);
        s->len = s->len - at + to;
    }
}


static void
step_field(state_t *s, size_t at, unsigned char value)
{
    char  *text;

    text = s->item[LAST + at % (MAX - LAST)]
           .field[at / (MAX - LAST) % PAYLOCK_AUDIT_FIELDS];

    if (*text) {
        text[value % strlen(text)] ^= 1;
    }
}


static void
step_seal(state_t *s, size_t at, unsigned char value)
{
    seal(s, LAST + at % (MAX - LAST), value & 1 ? BOB : EVE);
}


/* They say that this is the file. */

static void
step_tell(state_t *s, size_t at, unsigned char value)
{
    paylock_verify_t  v;

    (void) at;

    paylock_verify_begin(&v, NULL, "-", &signers);

    if (file_read(s, &v) && v.seq) {
        tell(s, &v, value & 1 ? BOB : EVE);
    }

    paylock_verify_free(&v);
}


static const step_pt  steps[] = {
    step_byte, step_cut, step_move, step_field, step_seal, step_tell
};


/* The file, and what follows it, as "audit verify --archive" takes them. */

static int
judge(const state_t *s)
{
    int                good;
    size_t             n;
    paylock_entry_t    e;
    paylock_verify_t   v;
    paylock_archive_t  a;

    memset(&a, 0, sizeof(a));
    paylock_verify_begin(&v, NULL, "-", &signers);

    good = file_read(s, &v);
    a.seq = v.seq;
    memcpy(a.hash, v.hash, sizeof(a.hash));
    digest(s, a.file);
    paylock_skip_copy(&a.skip, &v.skip);
    paylock_verify_archives(&v, &a, 1);

    for (n = LAST; good && n < MAX; n++) {
        read_item(s, n, &e);
        good = paylock_entry_check(&e) == NULL
               && paylock_verify_entry(&v, &e) == 0;
    }

    good = good && paylock_verify_end(&v) == 0;

    must(!good || (s->len == whole.len && v.seq == MAX
                   && memcmp(s->file, whole.file, s->len) == 0
                   && strcmp(v.hash, hash_of(&whole, MAX)) == 0));

    paylock_verify_free(&v);

    return good;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t          i;
    static state_t  s;

    if (whole.len == 0) {
        begin();
        must(judge(&whole));
    }

    s = whole;

    for (i = 0; i + 4 <= size && i / 4 < STEPS; i += 4) {
        steps[data[i] % (sizeof(steps) / sizeof(steps[0]))]
            (&s, data[i + 1] | (size_t) data[i + 2] << 8, data[i + 3]);
    }

    (void) judge(&s);

    return 0;
}
