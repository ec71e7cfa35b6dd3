
/*
 * Copyright (C) 2026 paylock contributors
 *
 * GET /v1/audit/verify and /v1/audit/export.  There is no key here: an export
 * has no checkpoint.  What was verified is not remembered.
 */


#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "paylockd/redis_session.h"
#include "records/host_name.h"
#include "trail/export.h"
#include "trail/verify_json.h"


static int verify_connect(redis_session_t *s, http_request_t *r, verify_t *c);
static int verify_answer(verify_t *c, http_request_t *r);
static int export_answer(verify_t *c, http_request_t *r, const char *host);
static int export_file(verify_t *c, export_t *x, FILE *f);
static int export_response(http_request_t *r, verify_t *c, FILE *f);


int
route_verify(http_request_t *r)
{
    int               status;
    verify_t          c;
    redis_session_t   s;

    if (caller_of_all(r) != STATUS_DONE || long_read_begin(r) != STATUS_DONE) {
        return r->error.status;
    }

    status = verify_connect(&s, r, &c);

    if (status == STATUS_DONE) {
        status = verify_answer(&c, r);
    }

    verify_free(&c);

    return redis_session_end(&s, r, status);
}


static int
verify_connect(redis_session_t *s, http_request_t *r, verify_t *c)
{
    memset(c, 0, sizeof(verify_t));
    c->ctl = &s->ctl;

    if (redis_session_begin(s, r) != STATUS_DONE) {
        return s->ctl.error.status;
    }

    return verify_begin(&s->ctl, c, NULL);
}


/* A bad trail is an answer: what is wrong stands in "faults". */

static int
verify_answer(verify_t *c, http_request_t *r)
{
    int         status;
    replay_t    replay;
    control_t  *ctl;

    ctl = c->ctl;

    if (c->known.seq == 0 && c->signers == NULL) {
        return error_set(&ctl->error, STATUS_FAILED, "chain_unknown",
                         "give paylockd the signers file: \"signers\" in its "
                         "configuration", "no audit trail of Redis at %s is "
                         "known here: what is there could be anybody's",
                         ctl->settings.where);
    }

    memset(&replay, 0, sizeof(replay_t));
    c->replay = &replay;

    status = verify_redis(c, 1);

    if (status == STATUS_DONE) {
        r->answer = verify_json(c, NULL);
        status = r->answer ? STATUS_DONE : control_no_memory(ctl);
    }

    replay_free(&replay);
    c->replay = NULL;

    return status;
}


int
route_export(http_request_t *r)
{
    int               status;
    char             *host;
    verify_t          c;
    redis_session_t   s;

    status = caller_host(r, &host);

    if (status != STATUS_DONE || long_read_begin(r) != STATUS_DONE) {
        free(host);
        return r->error.status;
    }

    status = verify_connect(&s, r, &c);

    if (status == STATUS_DONE) {
        status = export_answer(&c, r, host);
    }

    verify_free(&c);
    free(host);

    return redis_session_end(&s, r, status);
}


/* It is made before any of it is sent: an error is not seen halfway. */

static int
export_answer(verify_t *c, http_request_t *r, const char *host)
{
    int        status;
    FILE      *f;
    export_t   x;

    memset(&x, 0, sizeof(export_t));
    x.host = host;

    if (host && host_name_candidates(c->ctl, host, &x.name, &x.n_names)
                != STATUS_DONE)
    {
        return c->ctl->error.status;
    }

    f = tmpfile();
    status = f ? export_file(c, &x, f)
             : error_set(&c->ctl->error, STATUS_FAILED, "file",
                         "see to the temporary directory of paylockd",
                         "cannot make a file: %s", strerror(errno));

    if (status == STATUS_DONE) {
        status = export_response(r, c, f);
    }

    if (f) {
        (void) fclose(f);
    }

    host_names_free(x.name, x.n_names);

    return status;
}


static int
export_file(verify_t *c, export_t *x, FILE *f)
{
    int  status;

    status = export_write(c, x, f);

    return status != STATUS_DONE ? status
           : fflush(f) == 0 && !ferror(f) ? STATUS_DONE
           : error_set(&c->ctl->error, STATUS_FAILED, "file",
                       "see whether the disk is full",
                       "cannot write a file: %s", strerror(errno));
}


static int
export_response(http_request_t *r, verify_t *c, FILE *f)
{
    int    fd;
    off_t  size;

    size = ftello(f);
    fd = size > 0 ? dup(fileno(f)) : -1;
    r->response = fd == -1 ? NULL
                  : MHD_create_response_from_fd64((uint64_t) size, fd);

    if (r->response == NULL) {

        if (fd != -1) {
            (void) close(fd);
        }

        return control_no_memory(c->ctl);
    }

    (void) MHD_add_response_header(r->response, "Content-Type",
                                   "application/x-ndjson");

    return STATUS_DONE;
}
