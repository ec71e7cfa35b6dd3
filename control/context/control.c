
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "context/control.h"


int
control_connect(control_t *ctl)
{
    ctl->redis = redis_conn_open(&ctl->settings, &ctl->error);

    return ctl->redis ? STATUS_DONE : ctl->error.status;
}


int
control_load_key(control_t *ctl)
{
    return signer_load(&ctl->signer, &ctl->settings, ctl->calls.passphrase,
                       ctl->calls.data, &ctl->error);
}


int
control_need_key(control_t *ctl)
{
    if (ctl->signer.key || control_load_key(ctl) != STATUS_DONE
        || ctl->signer.key)
    {
        return ctl->signer.key ? STATUS_DONE : ctl->error.status;
    }

    return error_set(&ctl->error, STATUS_FAILED, "unsigned",
                     "name your key with --key; if you have none, make one "
                     "with \"paylock-admin keygen\", and add the line that it "
                     "prints to the signers file",
                     "there is no key to sign with");
}


int
control_lattice(control_t *ctl)
{
    paylock_lattice_ctx_t  *ctx;

    ctx = &ctl->root.ctx;

    if (ctx->stream || paylock_lattice_begin(ctx) == 0) {
        return STATUS_DONE;
    }

    paylock_lattice_free(ctx);

    return error_set(&ctl->error, STATUS_FAILED, "crypto", NULL,
                     "OpenSSL has no SHA-256 or no ChaCha20");
}


void
control_free(control_t *ctl)
{
    redis_conn_close(ctl->redis);
    signer_free(&ctl->signer);
    signers_free(&ctl->signers);
    paylock_verify_free(&ctl->trust);
    free(ctl->counted.hash);
    free(ctl->way.by);
    free(ctl->way.hash);
    vouched_free(&ctl->vouched);
    paylock_lattice_free(&ctl->root.ctx);
    settings_free(&ctl->settings);
}


void
vouched_free(vouched_t *v)
{
    uint64_t  hashed;

    if (v->map) {
        (void) munmap(v->map, v->size);

    } else {
        free(v->pair);
    }

    free(v->gone);

    hashed = v->hashed;
    memset(v, 0, sizeof(vouched_t));
    v->hashed = hashed;
}


int
control_no_memory(control_t *ctl)
{
    return error_no_memory(&ctl->error);
}


int
control_no_crypto(control_t *ctl)
{
    return error_set(&ctl->error, STATUS_FAILED, "crypto", NULL,
                     "OpenSSL computes no SHA-256 or no ChaCha20");
}


void
control_warn(const control_t *ctl, const char *code, const char *host,
    const char *mend, const char *fmt, ...)
{
    char          message[sizeof(((error_info_t *) 0)->message)];
    va_list       args;
    error_info_t  warning;

    if (ctl->calls.warn == NULL) {
        return;
    }

    va_start(args, fmt);
    (void) vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);

    (void) error_set(&warning, STATUS_DONE, code, mend, "%s", message);
    (void) error_about(&warning, host);

    ctl->calls.warn(ctl->calls.data, &warning);
}
