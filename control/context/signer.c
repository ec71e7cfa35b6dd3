
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "context/signer.h"
#include "files/secret.h"
#include "files/user_file.h"
#include "paylock_pem.h"
#include "paylock_sign.h"


#define SIGNER_PATH  4096
#define SIGNER_PEM   16384             /* bytes of a key file, at most */


static int signer_default(char *path);
static int signer_open(error_info_t *error, const char *path, int *fd);
static int signer_private(error_info_t *error, const char *path,
    const struct stat *st);
static int signer_is_credential(const char *path, const struct stat *st);
static int signer_read(error_info_t *error, int fd, const char *path,
    char *text, size_t *len);
static int signer_parse(signer_t *s, const char *path, const char *text,
    size_t len, const char *secret, error_info_t *error);
static int signer_unlock(const settings_t *settings, const char *path,
    signer_ask_pt ask, void *data, char **secret, error_info_t *error);
static int signer_file(error_info_t *error, const char *path,
    char key[PAYLOCK_KEY_LEN + 1]);


int
signer_load(signer_t *s, const settings_t *settings, signer_ask_pt ask,
    void *data, error_info_t *error)
{
    int          fd, status;
    char         made[SIGNER_PATH], text[SIGNER_PEM], *secret;
    size_t       len;
    const char  *path;

    fd = -1;
    secret = NULL;
    path = settings->value[SET_KEY];

    if (path == NULL) {

        if (!signer_default(made)) {
            return STATUS_DONE;
        }

        path = made;
    }

    status = signer_open(error, path, &fd);

    if (status != STATUS_DONE) {
        return status;
    }

    status = signer_read(error, fd, path, text, &len);

    if (status == STATUS_DONE && paylock_pem_encrypted(text, len)) {
        status = signer_unlock(settings, path, ask, data, &secret, error);
    }

    if (status == STATUS_DONE) {
        status = signer_parse(s, path, text, len, secret, error);
    }

    secret_free(secret);

    explicit_bzero(text, sizeof(text));
    (void) close(fd);

    return status;
}


int
signer_there(const settings_t *settings)
{
    char  made[SIGNER_PATH];

    return settings->value[SET_KEY] || signer_default(made);
}


/* Writes the path of the default key; returns 1 if it exists. */

static int
signer_default(char *path)
{
    return user_file_path(path, SIGNER_PATH, "XDG_CONFIG_HOME", ".config",
                          SIGNER_FILE) == 0
           && (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0
               || (errno != ENOENT && errno != ENOTDIR));
}


/* Refuses symbolic links of other users: they could switch to another key. */

static int
signer_open(error_info_t *error, const char *path, int *fd)
{
    struct stat  st;

    if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode)
        && st.st_uid != geteuid() && st.st_uid != 0)
    {
        return error_set(error, STATUS_FAILED, "key",
                         "name the file itself", "the key \"%s\" is a "
                         "symbolic link of another user", path);
    }

    *fd = open(path, O_RDONLY|O_CLOEXEC|O_NONBLOCK|O_NOCTTY);

    if (*fd == -1 || fstat(*fd, &st) != 0) {
        return error_set(error, STATUS_FAILED, "key",
                         "make one with \"paylock-admin keygen\", or name "
                         "another with --key", "cannot read the key \"%s\": "
                         "%s", path, strerror(errno));
    }

    if (signer_private(error, path, &st) != STATUS_DONE) {
        (void) close(*fd);
        return error->status;
    }

    return STATUS_DONE;
}


static int
signer_private(error_info_t *error, const char *path, const struct stat *st)
{
    char  mend[SIGNER_PATH];

    if (!S_ISREG(st->st_mode)) {
        return error_set(error, STATUS_FAILED, "key",
                         "name a file that \"paylock-admin keygen\" made",
                         "the key \"%s\" is not a file", path);
    }

    if (signer_is_credential(path, st)) {
        return STATUS_DONE;
    }

    if (st->st_uid != geteuid()) {
        return error_set(error, STATUS_FAILED, "key",
                         "every operator has a key of their own: make one "
                         "with \"paylock-admin keygen\"",
                         "the key \"%s\" belongs to another user", path);
    }

    if (st->st_mode & (S_IRWXG|S_IRWXO)) {
        (void) snprintf(mend, sizeof(mend), "chmod 600 %.1000s", path);

        return error_set(error, STATUS_FAILED, "key", mend,
                         "others can read or write the key \"%s\"", path);
    }

    return STATUS_DONE;
}


/*
 * A key that systemd passes to a service (LoadCredential=) may belong to root.
 * The rights of the group are then the mask of an access list, which lets the
 * service alone read it.
 */

static int
signer_is_credential(const char *path, const struct stat *st)
{
    size_t       len;
    const char  *dir;

    dir = getenv("CREDENTIALS_DIRECTORY");
    len = dir ? strlen(dir) : 0;

    return len && strncmp(path, dir, len) == 0 && path[len] == '/'
           && strchr(path + len + 1, '/') == NULL && st->st_uid == 0
           && (st->st_mode & (S_IWGRP|S_IXGRP|S_IRWXO)) == 0;
}


static int
signer_read(error_info_t *error, int fd, const char *path, char *text,
    size_t *len)
{
    ssize_t  n;

    for (*len = 0; *len < SIGNER_PEM; *len += (size_t) n) {
        n = read(fd, text + *len, SIGNER_PEM - *len);

        if (n < 0) {
            return error_set(error, STATUS_FAILED, "key", NULL,
                             "cannot read the key \"%s\": %s", path,
                             strerror(errno));
        }

        if (n == 0) {
            break;
        }
    }

    return STATUS_DONE;
}


static int
signer_parse(signer_t *s, const char *path, const char *text, size_t len,
    const char *secret, error_info_t *error)
{
    s->key = paylock_pem_private(text, len, secret);

    if (s->key == NULL) {
        (void) error_set(error, STATUS_FAILED, "key",
                         secret ? "give the one that \"paylock-admin "
                                  "keygen\" was given"
                                : "name a file that \"paylock-admin keygen\" "
                                  "made",
                         secret ? "the passphrase does not open the key "
                                  "\"%s\""
                                : "\"%s\" holds no private key", path);

    } else if (paylock_sign_public(s->key, s->public) != 0) {
        signer_free(s);
        (void) error_set(error, STATUS_FAILED, "key",
                         "name a file that \"paylock-admin keygen\" made",
                         "the key \"%s\" is not an Ed25519 key", path);
    }

    return s->key ? STATUS_DONE : error->status;
}


static int
signer_unlock(const settings_t *settings, const char *path, signer_ask_pt ask,
    void *data, char **secret, error_info_t *error)
{
    if (signer_passphrase(settings, secret, error) != STATUS_DONE || *secret) {
        return *secret ? STATUS_DONE : error->status;
    }

    if (ask == NULL) {
        return error_set(error, STATUS_FAILED, "passphrase",
                         "name a file of yours that holds it with "
                         "--passphrase-file, or run this on a terminal",
                         "the key \"%s\" has a passphrase", path);
    }

    return ask(data, path, secret);
}


int
signer_passphrase(const settings_t *settings, char **secret,
    error_info_t *error)
{
    const char  *path;

    *secret = NULL;
    path = settings->value[SET_PASSPHRASE_FILE];

    return path ? secret_read(error, path, "passphrase_file", "passphrase",
                              secret)
                : STATUS_DONE;
}


int
signer_subject(const char *text, char key[PAYLOCK_KEY_LEN + 1],
    error_info_t *error)
{
    EVP_PKEY       *public;
    paylock_str_t   hex;

    hex.data = text;
    hex.len = strlen(text);

    if (!paylock_hex_check(&hex, PAYLOCK_KEY_LEN)) {
        return signer_file(error, text, key);
    }

    public = paylock_sign_key(text);

    if (public == NULL) {
        return error_set(error, STATUS_USAGE, "key", NULL,
                         "\"%s\" is not an Ed25519 key", text);
    }

    EVP_PKEY_free(public);
    strcpy(key, text);

    return STATUS_DONE;
}


static int
signer_file(error_info_t *error, const char *path,
    char key[PAYLOCK_KEY_LEN + 1])
{
    int        fd, ok, status;
    char       text[SIGNER_PEM];
    size_t     len;
    EVP_PKEY  *public;

    fd = open(path, O_RDONLY|O_CLOEXEC|O_NONBLOCK|O_NOCTTY);

    status = fd == -1 ? STATUS_USAGE : signer_read(error, fd, path, text, &len);

    if (fd != -1) {
        (void) close(fd);
    }

    if (status != STATUS_DONE) {
        return error_set(error, STATUS_USAGE, "key",
                         "give the 64 hex digits that \"paylock-admin "
                         "keygen\" printed, or a file that holds the public "
                         "key", "\"%.200s\" is neither a public key nor a "
                         "file that can be read", path);
    }

    public = paylock_pem_public(text, len);
    ok = public && paylock_sign_public(public, key) == 0;

    EVP_PKEY_free(public);

    return ok ? STATUS_DONE
              : error_set(error, STATUS_USAGE, "key",
                          "give the public half: \"paylock-admin keygen\" "
                          "printed it, \"openssl pkey -in FILE -pubout\" "
                          "writes it", "\"%.200s\" holds no public Ed25519 "
                          "key", path);
}


void
signer_free(signer_t *s)
{
    EVP_PKEY_free(s->key);
    s->key = NULL;
}
