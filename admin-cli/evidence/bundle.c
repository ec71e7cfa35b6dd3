
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "evidence/bundle.h"
#include "evidence/template.h"
#include "evidence_files.h"
#include "paylock_sign.h"


#define BUNDLE_SUMS  "SHA256SUMS"
#define BUNDLE_SIGN  "signature.txt"


static int bundle_open(bundle_t *b, const char *path);
static int bundle_free_place(bundle_t *b);
static int bundle_fill(bundle_t *b);
static int bundle_export(bundle_t *b);
static int bundle_how_to(bundle_t *b, const char *name, paylock_str_t text);
static void bundle_how_to_values(const bundle_t *b, template_t *t);
static void bundle_how_to_key(const paylock_key_t *key, template_t *t);
static int bundle_sign(bundle_t *b);
static int bundle_name(bundle_t *b);
static int bundle_remove(const char *path, const struct stat *st, int type,
    struct FTW *ftw);


int
bundle_wanted(const char *path)
{
    size_t       len;
    struct stat  st;

    len = path ? strlen(path) : 0;

    return len && (path[len - 1] == '/'
                   || (stat(path, &st) == 0 && S_ISDIR(st.st_mode)));
}


int
bundle_write(verify_t *c, export_t *x, const char *path)
{
    int       status;
    bundle_t  b;

    memset(&b, 0, sizeof(bundle_t));
    b.verify = c;
    b.ctl = c->ctl;
    b.export = x;
    b.dir = -1;

    status = bundle_open(&b, path);

    if (status == STATUS_DONE) {
        status = bundle_fill(&b);
    }

    if (b.sums) {
        (void) fclose(b.sums);
    }

    if (status == STATUS_DONE) {
        status = bundle_name(&b);
    }

    if (b.dir != -1) {
        (void) close(b.dir);
    }

    if (status != STATUS_DONE && b.temp) {
        (void) nftw(b.temp, bundle_remove, 8, FTW_DEPTH|FTW_PHYS);
    }

    paylock_keyring_free(&b.keys);
    free(b.path);
    free(b.temp);

    return status;
}


static int
bundle_open(bundle_t *b, const char *path)
{
    char    *temp;
    size_t   len;

    b->path = strdup(path);

    if (b->path == NULL) {
        return control_no_memory(b->ctl);
    }

    for (len = strlen(b->path); len > 1 && b->path[len - 1] == '/'; len--) {
        b->path[len - 1] = '\0';
    }

    if (bundle_free_place(b) != STATUS_DONE) {
        return b->ctl->error.status;
    }

    if (asprintf(&temp, "%s.XXXXXX", b->path) < 0) {
        return control_no_memory(b->ctl);
    }

    if (mkdtemp(temp) == NULL) {
        free(temp);
        return bundle_failed(b, NULL, errno);
    }

    b->temp = temp;
    b->dir = open(temp, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (b->dir == -1 || mkdirat(b->dir, "entries", 0700) != 0
        || mkdirat(b->dir, "keys", 0700) != 0)
    {
        return bundle_failed(b, NULL, errno);
    }

    return STATUS_DONE;
}


/* Is the path free, or an empty directory? */

static int
bundle_free_place(bundle_t *b)
{
    int   n;
    DIR  *dir;

    dir = opendir(b->path);

    if (dir == NULL) {
        return errno == ENOENT ? STATUS_DONE : bundle_failed(b, NULL, errno);
    }

    /* an empty directory has "." and ".." */

    for (n = 0; n < 3 && readdir(dir); n++) { /* void */ }

    (void) closedir(dir);

    return n < 3 ? STATUS_DONE : bundle_failed(b, NULL, ENOTEMPTY);
}


static int
bundle_fill(bundle_t *b)
{
    int  status;

    status = bundle_export(b);

    if (status != STATUS_DONE) {
        return status;
    }

    b->sums = bundle_file(b, BUNDLE_SUMS);

    if (b->sums == NULL
        || bundle_sum(b, BUNDLE_EXPORT, NULL) != STATUS_DONE
        || bundle_parts(b) != STATUS_DONE
        || bundle_keys(b) != STATUS_DONE
        || bundle_how_to(b, "VERIFY.en.txt",
                         evidence_VERIFY_en_txt) != STATUS_DONE
        || bundle_how_to(b, "VERIFY.fr.txt",
                         evidence_VERIFY_fr_txt) != STATUS_DONE
        || bundle_how_to(b, "verify.sh",
                         evidence_verify_sh) != STATUS_DONE)
    {
        return b->ctl->error.status;
    }

    return bundle_sign(b);
}


static int
bundle_export(bundle_t *b)
{
    FILE  *f;

    f = bundle_file(b, BUNDLE_EXPORT);

    if (f == NULL) {
        return b->ctl->error.status;
    }

    if (export_write(b->verify, b->export, f) != STATUS_DONE) {
        (void) fclose(f);
        return b->ctl->error.status;
    }

    return bundle_file_end(b, f, BUNDLE_EXPORT, 0);
}


static int
bundle_how_to(bundle_t *b, const char *name, paylock_str_t text)
{
    int             rc;
    FILE           *f;
    size_t          i;
    template_t      t;
    paylock_str_t   rest, before, in;

    f = bundle_file(b, name);

    if (f == NULL) {
        return b->ctl->error.status;
    }

    rc = 0;
    bundle_how_to_values(b, &t);

    rest = text;

    if (template_cut(&rest, "keys", &before, &in)) {
        text = rest;
        rc = template_write(&t, before, f);

        for (i = 0; i < b->keys.n && rc == 0; i++) {
            bundle_how_to_values(b, &t);
            bundle_how_to_key(&b->keys.key[i], &t);
            rc = template_write(&t, in, f);
        }

        bundle_how_to_values(b, &t);
    }

    rc = rc == 0 ? template_write(&t, text, f) : -1;

    return bundle_file_end(b, f, name, rc);
}


static void
bundle_how_to_values(const bundle_t *b, template_t *t)
{
    memset(t, 0, sizeof(template_t));
    t->format = PAYLOCK_FORMAT_TEXT;

    template_print(t, "site", "%s", b->export->host ? b->export->host : "");
    template_print(t, "example", "%" PRIu64, b->example);
    template_print(t, "signed", "%s", b->is_signed ? "1" : "");
    template_print(t, "last_signed", "%s", b->last_signed ? "1" : "");
    template_print(t, "any_key", "%s", b->keys.n ? "1" : "");
    template_print(t, "signers", "%s", b->verify->signers ? "1" : "");
    template_print(t, "checkpoint", "%s", b->export->checkpoint ? "1" : "");
}


static void
bundle_how_to_key(const paylock_key_t *key, template_t *t)
{
    template_print(t, "key_hex", "%s", key->hex);
    template_print(t, "key_name", "%s", key->signer ? key->signer->name : "");

    if (key->first) {
        template_print(t, "first", "%" PRIu64, key->first);
    }
}


/* Signs SHA256SUMS with the key of the checkpoint. */

static int
bundle_sign(bundle_t *b)
{
    int        len;
    char       sum[PAYLOCK_HASH_LEN + 1], sig[PAYLOCK_SIG_LEN + 1];
    char       text[PAYLOCK_CHECKPOINT_MAX];
    FILE      *f;
    signer_t  *s;

    f = b->sums;
    b->sums = NULL;

    if (bundle_file_end(b, f, BUNDLE_SUMS, 0) != STATUS_DONE) {
        return b->ctl->error.status;
    }

    if (!b->export->checkpoint) {
        return STATUS_DONE;
    }

    if (bundle_sum(b, BUNDLE_SUMS, sum) != STATUS_DONE) {
        return b->ctl->error.status;
    }

    s = &b->ctl->signer;
    len = snprintf(text, sizeof(text), "paylock audit bundle 2\nrealm %s\n"
                   "sha256 %s\nkey %s\n", b->verify->trail.realm, sum,
                   s->public);

    if (paylock_sign(s->key, text, (size_t) len, sig) != 0) {
        return error_set(&b->ctl->error, STATUS_FAILED, "crypto", NULL,
                         "OpenSSL makes no Ed25519 signature");
    }

    f = bundle_file(b, BUNDLE_SIGN);

    if (f == NULL) {
        return b->ctl->error.status;
    }

    (void) fprintf(f, "%ssig %s\n", text, sig);

    return bundle_file_end(b, f, BUNDLE_SIGN, 0);
}


static int
bundle_name(bundle_t *b)
{
    return rename(b->temp, b->path) == 0 ? STATUS_DONE
                                         : bundle_failed(b, NULL, errno);
}


static int
bundle_remove(const char *path, const struct stat *st, int type,
    struct FTW *ftw)
{
    (void) st;
    (void) type;
    (void) ftw;

    return remove(path);
}
