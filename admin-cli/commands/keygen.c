
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/key_file.h"
#include "cli/output.h"
#include "cli/secret_prompt.h"
#include "cli/signers_begin.h"
#include "commands.h"
#include "context/signer.h"
#include "files/secret.h"
#include "files/user_file.h"


#define KEYGEN_PATH  4096


static int keygen_place(admin_t *a, char *path);
static int keygen_secret(admin_t *a, char **secret);
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

    status = key_file_make(a, path, secret);
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
        return key_file_failed(a, path, "make");
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
