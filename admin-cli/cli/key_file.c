
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <errno.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include "cli/key_file.h"
#include "files/outfile.h"
#include "paylock_sign.h"


#define KEY_FILE_COST  16384           /* scrypt's N: 16 MB, with r and p */


static BIO *key_file_pem(EVP_PKEY *key, const char *secret);
static int key_file_write(admin_t *a, const char *path, BIO *pem);


int
key_file_make(admin_t *a, const char *path, const char *secret)
{
    BIO  *pem;
    int   status;

    pem = NULL;
    a->ctl->signer.key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

    if (a->ctl->signer.key
        && paylock_sign_public(a->ctl->signer.key, a->ctl->signer.public) == 0)
    {
        pem = key_file_pem(a->ctl->signer.key, secret);
    }

    if (pem == NULL) {
        ERR_clear_error();
        return error_set(&a->ctl->error, STATUS_FAILED, "crypto", NULL,
                         "OpenSSL makes no Ed25519 key");
    }

    status = a->opt[OPT_DRY_RUN] ? STATUS_DONE : key_file_write(a, path, pem);

    BIO_free(pem);

    return status;
}


/* PKCS#8; scrypt makes guessing the passphrase costly in memory and time. */

static BIO *
key_file_pem(EVP_PKEY *key, const char *secret)
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
                                    KEY_FILE_COST, 8, 1);
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
key_file_write(admin_t *a, const char *path, BIO *pem)
{
    long       len;
    char      *text;
    outfile_t  out;

    if (outfile_begin(&out, path, 0) != 0) {
        return key_file_failed(a, path, "make");
    }

    len = BIO_get_mem_data(pem, &text);
    setbuf(out.f, NULL);

    if ((fwrite(text, 1, (size_t) len, out.f) == (size_t) len
         ? outfile_commit(&out) : outfile_abort(&out)) != 0)
    {
        return key_file_failed(a, path, errno == EEXIST ? "make" : "write");
    }

    a->done = "the key is made";

    return STATUS_DONE;
}


int
key_file_failed(admin_t *a, const char *path, const char *what)
{
    return error_set(&a->ctl->error, STATUS_FAILED, "key",
                     strcmp(what, "make") == 0 ? "name another file" : NULL,
                     "cannot %s the key \"%s\": %s", what, path,
                     strerror(errno));
}
