
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include "cli/output.h"
#include "cli/pass_file.h"
#include "cli/secret_prompt.h"
#include "cli/signers_begin.h"
#include "commands.h"
#include "context/signer.h"
#include "files/outfile.h"
#include "files/secret.h"
#include "files/user_file.h"
#include "paylock_sign.h"


#define KEYGEN_PATH  4096
#define KEYGEN_COST  16384             /* scrypt's N: 16 MB, with r and p */


static int keygen_place(admin_t *a, char *path);
static int keygen_secret(admin_t *a, char **secret);
static int keygen_make(admin_t *a, const char *path, const char *secret);
static BIO *keygen_pem(EVP_PKEY *key, const char *secret);
static int keygen_write(admin_t *a, const char *path, BIO *pem);
static int keygen_failed(admin_t *a, const char *path, const char *what);
static int keygen_report(admin_t *a, const char *path,
    const signers_begin_t *b);
static void keygen_print_signers(const admin_t *a, const signers_begin_t *b);


int
cmd_keygen(admin_t *a)
{
    int               status;
    char              path[KEYGEN_PATH];
    char             *secret;
    signers_begin_t   b;

    if (a->opt[OPT_PASS]) {
        return keygen_pass(a);
    }

    secret = NULL;

    if ((status = settings_load(a)) != STATUS_DONE
        || (status = signers_begin_look(a, &b)) != STATUS_DONE
        || (status = keygen_place(a, path)) != STATUS_DONE
        || (status = keygen_secret(a, &secret)) != STATUS_DONE)
    {
        return status;
    }

    status = keygen_make(a, path, secret);
    secret_free(secret);

    /* a key in a file of its own may be for somebody else */

    if (status == STATUS_DONE && a->n_args == 0 && !a->opt[OPT_DRY_RUN]) {
        status = signers_begin_write(a, &b, a->ctl->signer.public);
    }

    return status == STATUS_DONE ? keygen_report(a, path, &b) : status;
}


static int
keygen_place(admin_t *a, char *path)
{
    int  n;

    if (a->n_args) {
        n = snprintf(path, KEYGEN_PATH, "%s", a->arg[0]);

    } else {
        n = user_file_path(path, KEYGEN_PATH, "XDG_CONFIG_HOME", ".config",
                           SIGNER_FILE);
        if (n == 0 && !a->opt[OPT_DRY_RUN]) {
            n = user_file_directory(path);
        }
    }

    if (n < 0 || n >= KEYGEN_PATH) {
        return error_set(&a->ctl->error, STATUS_FAILED, "key",
                         "name another file", "cannot make the directory of "
                         "the key \"%s\": %s", path, strerror(errno));
    }

    if (access(path, F_OK) == 0) {
        errno = EEXIST;
        return keygen_failed(a, path, "make");
    }

    return STATUS_DONE;
}


static int
keygen_secret(admin_t *a, char **secret)
{
    int    same;
    char  *again;

    if (signer_passphrase(&a->ctl->settings, secret, &a->ctl->error)
        != STATUS_DONE)
    {
        return a->ctl->error.status;
    }

    if (*secret || a->opt[OPT_PASSPHRASE] == NULL) {
        return STATUS_DONE;
    }

    if (!isatty(STDIN_FILENO)) {
        return error_set(&a->ctl->error, STATUS_USAGE, "passphrase",
                         "name a file of yours that holds it with "
                         "--passphrase-file, or run this on a terminal",
                         "there is no terminal to ask for the passphrase");
    }

    if (secret_prompt(&a->ctl->error, "passphrase for the new key", secret)
        != STATUS_DONE
        || secret_prompt(&a->ctl->error, "the same once more", &again)
           != STATUS_DONE)
    {
        secret_free(*secret);
        return a->ctl->error.status;
    }

    same = strcmp(*secret, again) == 0;
    secret_free(again);

    if (same) {
        return STATUS_DONE;
    }

    secret_free(*secret);

    return error_set(&a->ctl->error, STATUS_FAILED, "passphrase", NULL,
                     "the two passphrases differ; no key is made");
}


static int
keygen_make(admin_t *a, const char *path, const char *secret)
{
    BIO  *pem;
    int   status;

    pem = NULL;
    a->ctl->signer.key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

    if (a->ctl->signer.key
        && paylock_sign_public(a->ctl->signer.key, a->ctl->signer.public) == 0)
    {
        pem = keygen_pem(a->ctl->signer.key, secret);
    }

    if (pem == NULL) {
        ERR_clear_error();
        return error_set(&a->ctl->error, STATUS_FAILED, "crypto", NULL,
                         "OpenSSL makes no Ed25519 key");
    }

    status = a->opt[OPT_DRY_RUN] ? STATUS_DONE : keygen_write(a, path, pem);

    BIO_free(pem);

    return status;
}


/* PKCS#8; scrypt makes guessing the passphrase costly in memory and time. */

static BIO *
keygen_pem(EVP_PKEY *key, const char *secret)
{
    int                   ok;
    BIO                  *bio;
    X509_SIG             *sealed;
    X509_ALGOR           *how;
    PKCS8_PRIV_KEY_INFO  *plain;

    ok = 0;
    how = NULL;
    sealed = NULL;
    bio = BIO_new(BIO_s_secmem());
    plain = EVP_PKEY2PKCS8(key);

    if (bio && plain && secret == NULL) {
        ok = PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio, plain) == 1;

    } else if (bio && plain) {
        how = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), NULL, 0, NULL,
                                    KEYGEN_COST, 8, 1);
        sealed = how ? PKCS8_set0_pbe(secret, (int) strlen(secret), plain, how)
                     : NULL;
        ok = sealed && PEM_write_bio_PKCS8(bio, sealed) == 1;
    }

    if (sealed == NULL) {
        X509_ALGOR_free(how);
    }

    X509_SIG_free(sealed);
    PKCS8_PRIV_KEY_INFO_free(plain);

    if (!ok) {
        BIO_free(bio);
        bio = NULL;
    }

    return bio;
}


/*
 * Never overwrites a file: there is no other copy of a key.  The file is not
 * buffered, so that the key stays in memory that OpenSSL wipes.
 */

static int
keygen_write(admin_t *a, const char *path, BIO *pem)
{
    long       len;
    char      *text;
    outfile_t  out;

    if (outfile_begin(&out, path, 0) != 0) {
        return keygen_failed(a, path, "make");
    }

    len = BIO_get_mem_data(pem, &text);
    setbuf(out.f, NULL);

    if ((fwrite(text, 1, (size_t) len, out.f) == (size_t) len
         ? outfile_commit(&out) : outfile_abort(&out)) != 0)
    {
        return keygen_failed(a, path, errno == EEXIST ? "make" : "write");
    }

    a->done = "the key is made";

    return STATUS_DONE;
}


static int
keygen_failed(admin_t *a, const char *path, const char *what)
{
    return error_set(&a->ctl->error, STATUS_FAILED, "key",
                     strcmp(what, "make") == 0 ? "name another file" : NULL,
                     "cannot %s the key \"%s\": %s", what, path,
                     strerror(errno));
}


static int
keygen_report(admin_t *a, const char *path, const signers_begin_t *b)
{
    int  begun;

    begun = a->n_args == 0 && b->begin;

    if (output_is_text(a)) {
        (void) printf("%s %s\n", a->opt[OPT_DRY_RUN] ? "would be made:"
                                                     : "made", path);

        if (!a->opt[OPT_DRY_RUN]) {
            (void) printf("public key %s\n", a->ctl->signer.public);
        }

        if (a->n_args == 0) {
            keygen_print_signers(a, b);
        }
    }

    return output_print_json(a,
                             json_pack("{s:s, s:s?, s:s?, s:b}", "file", path,
                                       "key", a->opt[OPT_DRY_RUN]
                                           ? NULL : a->ctl->signer.public,
                                       "signers", a->n_args ? NULL : b->path,
                                       "begun", begun));
}


static void
keygen_print_signers(const admin_t *a, const signers_begin_t *b)
{
    if (a->opt[OPT_DRY_RUN]) {
        (void) printf(b->begin ? "would be begun: %s\n"
                               : "its line is to be added to %s\n", b->path);

    } else if (b->begin) {
        (void) printf("begun %s: the signatures of %s count\n", b->path,
                      b->name);

    } else {
        (void) printf("Add this line to %s, here and on every other machine:"
                      "\n%s %s\n", b->path, b->name, a->ctl->signer.public);
    }
}
