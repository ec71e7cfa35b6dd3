
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "files/secret.h"
#include "paylock_pem.h"
#include "paylock_sign.h"


#define SIGNER_PATH  4096


static int signer_default(char *path);
static int signer_open(admin_t *a, const char *path, int *fd);
static int signer_private(admin_t *a, const char *path, const struct stat *st);
static int signer_read(admin_t *a, int fd, const char *path, char *text,
    size_t *len);
static int signer_parse(admin_t *a, const char *path, const char *text,
    size_t len);
static int signer_unlock(admin_t *a, const char *path, char **secret);
static int signer_file(admin_t *a, const char *path,
    char key[PAYLOCK_KEY_LEN + 1]);


int
signer_load(admin_t *a)
{
    int          fd, status;
    char         made[SIGNER_PATH], text[SIGNER_PEM];
    size_t       len;
    const char  *path;

    fd = -1;
    path = a->settings.value[SET_KEY];

    if (path == NULL) {

        if (!signer_default(made)) {
            return STATUS_DONE;
        }

        path = made;
    }

    status = signer_open(a, path, &fd);

    if (status != STATUS_DONE) {
        return status;
    }

    status = signer_read(a, fd, path, text, &len);

    if (status == STATUS_DONE) {
        status = signer_parse(a, path, text, len);
    }

    explicit_bzero(text, sizeof(text));
    (void) close(fd);

    return status;
}


int
signer_need(admin_t *a)
{
    if (a->signer.key || signer_load(a) != STATUS_DONE || a->signer.key) {
        return a->signer.key ? STATUS_DONE : a->problem.status;
    }

    return problem_set(&a->problem, STATUS_FAILED, "unsigned",
                       "name your key with --key; if you have none, make one "
                       "with \"paylock-admin keygen\" and have it added with "
                       "\"paylock-admin key add\"",
                       "there is no key to sign with");
}


int
signer_there(const admin_t *a)
{
    char  made[SIGNER_PATH];

    return a->settings.value[SET_KEY] || signer_default(made);
}


/* The path of the default key; returns whether something is there. */

static int
signer_default(char *path)
{
    return settings_path(path, SIGNER_PATH, "XDG_CONFIG_HOME", ".config",
                         SIGNER_FILE) == 0
           && (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0
               || (errno != ENOENT && errno != ENOTDIR));
}


/* A link that another user set may lead to another key at any time. */

static int
signer_open(admin_t *a, const char *path, int *fd)
{
    struct stat  st;

    if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode)
        && st.st_uid != geteuid() && st.st_uid != 0)
    {
        return problem_set(&a->problem, STATUS_FAILED, "key",
                           "name the file itself", "the key \"%s\" is a "
                           "symbolic link of another user", path);
    }

    *fd = open(path, O_RDONLY|O_CLOEXEC|O_NONBLOCK|O_NOCTTY);

    if (*fd == -1 || fstat(*fd, &st) != 0) {
        return problem_set(&a->problem, STATUS_FAILED, "key",
                           "make one with \"paylock-admin keygen\", or name "
                           "another with --key", "cannot read the key \"%s\": "
                           "%s", path, strerror(errno));
    }

    if (signer_private(a, path, &st) != STATUS_DONE) {
        (void) close(*fd);
        return a->problem.status;
    }

    return STATUS_DONE;
}


static int
signer_private(admin_t *a, const char *path, const struct stat *st)
{
    char  mend[SIGNER_PATH];

    if (!S_ISREG(st->st_mode)) {
        return problem_set(&a->problem, STATUS_FAILED, "key",
                           "name a file that \"paylock-admin keygen\" made",
                           "the key \"%s\" is not a file", path);
    }

    if (st->st_uid != geteuid()) {
        return problem_set(&a->problem, STATUS_FAILED, "key",
                           "every operator has a key of their own: make one "
                           "with \"paylock-admin keygen\"",
                           "the key \"%s\" belongs to another user", path);
    }

    if (st->st_mode & (S_IRWXG|S_IRWXO)) {
        (void) snprintf(mend, sizeof(mend), "chmod 600 %.1000s", path);

        return problem_set(&a->problem, STATUS_FAILED, "key", mend,
                           "others can read or write the key \"%s\"", path);
    }

    return STATUS_DONE;
}


static int
signer_read(admin_t *a, int fd, const char *path, char *text, size_t *len)
{
    ssize_t  n;

    for (*len = 0; *len < SIGNER_PEM; *len += (size_t) n) {
        n = read(fd, text + *len, SIGNER_PEM - *len);

        if (n < 0) {
            return problem_set(&a->problem, STATUS_FAILED, "key", NULL,
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
signer_parse(admin_t *a, const char *path, const char *text, size_t len)
{
    char  *secret;

    secret = NULL;

    if (paylock_pem_encrypted(text, len)
        && signer_unlock(a, path, &secret) != STATUS_DONE)
    {
        return a->problem.status;
    }

    a->signer.key = paylock_pem_private(text, len, secret);

    if (a->signer.key == NULL) {
        (void) problem_set(&a->problem, STATUS_FAILED, "key",
                           secret ? "give the one that \"paylock-admin "
                                    "keygen\" was given"
                                  : "name a file that \"paylock-admin keygen\" "
                                    "made",
                           secret ? "the passphrase does not open the key "
                                    "\"%s\""
                                  : "\"%s\" holds no private key", path);

    } else if (paylock_sign_public(a->signer.key, a->signer.public) != 0) {
        signer_free(&a->signer);
        (void) problem_set(&a->problem, STATUS_FAILED, "key",
                           "name a file that \"paylock-admin keygen\" made",
                           "the key \"%s\" is not an Ed25519 key", path);
    }

    settings_wipe(secret);

    return a->signer.key ? STATUS_DONE : a->problem.status;
}


static int
signer_unlock(admin_t *a, const char *path, char **secret)
{
    char  question[SIGNER_PATH];

    if (signer_passphrase(a, secret) != STATUS_DONE || *secret) {
        return *secret ? STATUS_DONE : a->problem.status;
    }

    if (!isatty(STDIN_FILENO)) {
        return problem_set(&a->problem, STATUS_FAILED, "passphrase",
                           "name a file of yours that holds it with "
                           "--passphrase-file, or run this on a terminal",
                           "the key \"%s\" has a passphrase", path);
    }

    (void) snprintf(question, sizeof(question), "passphrase of \"%.1000s\"",
                    path);

    return secret_ask(a, question, secret);
}


int
signer_passphrase(admin_t *a, char **secret)
{
    const char  *path;

    *secret = NULL;
    path = a->settings.value[SET_PASSPHRASE_FILE];

    return path ? secret_read(a, path, "passphrase_file", "passphrase", secret)
                : STATUS_DONE;
}


int
signer_subject(admin_t *a, const char *text, char key[PAYLOCK_KEY_LEN + 1])
{
    EVP_PKEY       *public;
    paylock_str_t   hex;

    hex.data = text;
    hex.len = strlen(text);

    if (!paylock_hex_check(&hex, PAYLOCK_KEY_LEN)) {
        return signer_file(a, text, key);
    }

    public = paylock_sign_key(text);

    if (public == NULL) {
        return problem_set(&a->problem, STATUS_USAGE, "key", NULL,
                           "\"%s\" is not an Ed25519 key", text);
    }

    EVP_PKEY_free(public);
    strcpy(key, text);

    return STATUS_DONE;
}


static int
signer_file(admin_t *a, const char *path, char key[PAYLOCK_KEY_LEN + 1])
{
    int        fd, ok, status;
    char       text[SIGNER_PEM];
    size_t     len;
    EVP_PKEY  *public;

    fd = open(path, O_RDONLY|O_CLOEXEC|O_NONBLOCK|O_NOCTTY);

    status = fd == -1 ? STATUS_USAGE : signer_read(a, fd, path, text, &len);

    if (fd != -1) {
        (void) close(fd);
    }

    if (status != STATUS_DONE) {
        return problem_set(&a->problem, STATUS_USAGE, "key",
                           "give the 64 hex digits that \"paylock-admin "
                           "keygen\" printed, or a file that holds the public "
                           "key", "\"%.200s\" is neither a public key nor a "
                           "file that can be read", path);
    }

    public = paylock_pem_public(text, len);
    ok = public && paylock_sign_public(public, key) == 0;

    EVP_PKEY_free(public);

    return ok ? STATUS_DONE
              : problem_set(&a->problem, STATUS_USAGE, "key",
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
