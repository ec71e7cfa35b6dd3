
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The file of an archive, and the trail that tells of it, in the hands of
 * somebody who may change both and has a revoked key and a foreign one.  The
 * input is what they do, four bytes a step.  The verifier may say that all is
 * well only if the file is the one that was written, to the byte.
 */


#define TEXT  512                      /* bytes of a field, and a zero */

#include "paylock_export.h"
#include "paylock_verify.h"
#include "trail_item.h"


#define FILES  16384                   /* bytes of the file */
#define MAX    8                       /* entries */
#define LAST   4                       /* ... of these are in the file */
#define STEPS  16


typedef struct {
    char      file[FILES];
    size_t    len;
    item_t    item[MAX];               /* item[n]: entry n + 1 */
} state_t;


typedef void (*step_pt)(state_t *s, size_t at, unsigned char value);


static state_t             whole;
static paylock_signers_t   signers;


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

    item->seq = n + 1;
    fill_item(item, action);
    strcpy(item->field[PAYLOCK_AUDIT_PREV], hash_of(s, n));
    strcpy(item->field[PAYLOCK_AUDIT_SKIP],
           hash_of(s, paylock_skip_target(n + 1)));

    if (strcmp(action, "lock") == 0) {
        strcpy(item->field[PAYLOCK_AUDIT_HOST], "a.example");
        (void) snprintf(item->field[PAYLOCK_AUDIT_AFTER], TEXT,
                        "{\"lock_at\":0,\"entry\":%zu}", n + 1);
    }

    seal(item, key);
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
        read_item(&s->item[n], &e);
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
    seal(item, key);
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
    char              text[1024];
    size_t            len;
    unsigned          line;
    paylock_verify_t  v;

    make_keys();

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
    seal(&s->item[LAST + at % (MAX - LAST)], value & 1 ? BOB : EVE);
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
        read_item(&s->item[n], &e);
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
