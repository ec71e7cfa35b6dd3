
/*
 * Copyright (C) 2026 paylock contributors
 *
 * GET /v1/doctor: what "paylock-admin doctor" finds, with what paylockd knows
 * and may read.
 */


#include <string.h>

#include "doctor/doctor.h"
#include "paylockd/redis_session.h"


/* What it finds is an answer, a Redis that cannot be reached as well. */

int
route_doctor(http_request_t *r)
{
    int               status;
    doctor_t          d;
    redis_session_t   s;

    if (caller_of_all(r) != STATUS_DONE || long_read_begin(r) != STATUS_DONE) {
        return r->error.status;
    }

    memset(&d, 0, sizeof(doctor_t));
    d.ctl = &s.ctl;
    d.findings = json_array();
    r->answer = json_pack("{s:o}", "data", d.findings);

    if (r->answer == NULL) {
        return http_error(r, 500, "memory", NULL, "out of memory");
    }

    status = redis_session_begin(&s, r);

    if (status == STATUS_DONE) {
        doctor_check(&d);

    } else {
        doctor_failed(&d, "redis");
    }

    return redis_session_end(&s, r, STATUS_DONE);
}
