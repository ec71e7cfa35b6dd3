
/*
 * Copyright (C) 2026 paylock contributors
 *
 * GET /v1/audit and GET /v1/nodes: from Redis.
 */


#include <stdlib.h>
#include <string.h>

#include "change/change_input.h"
#include "paylockd/redis_session.h"
#include "records/nodes.h"
#include "records/nodes_json.h"
#include "trail/entry_json.h"
#include "trail/head.h"
#include "trail/history.h"
#include "trail/trail.h"


#define AUDIT_LIMIT  500
#define AUDIT_USUAL  50
#define AUDIT_LOOKS  100000            /* entries that are looked at */


typedef struct {
    http_request_t    *r;
    char         *host;                /* as in Redis; NULL: all */
    const char   *actor;
    const char   *action;
    uint32_t      since;
    uint32_t      until;
    uint64_t      after;
    size_t        limit;
    size_t        looks;
    json_t       *data;
    uint64_t      next;                /* seq of the last one given */
    int           more;
} audit_t;


static int audit_options(audit_t *a);
static int audit_number(http_request_t *r, const char *name, uint64_t *n);
static int audit_read(redis_session_t *s, audit_t *a);
static int audit_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why);
static int audit_wanted(const audit_t *a, const paylock_entry_t *e);
static int nodes_read_all(redis_session_t *s, http_request_t *r);


int
route_audit(http_request_t *r)
{
    int               status;
    audit_t           a;
    redis_session_t   s;

    memset(&a, 0, sizeof(audit_t));
    a.r = r;
    a.data = json_array();

    status = a.data ? audit_options(&a)
             : http_error(r, 500, "memory", NULL, "out of memory");

    if (status == STATUS_DONE) {
        status = redis_session_begin(&s, r);

        if (status == STATUS_DONE) {
            status = audit_read(&s, &a);
        }

        status = redis_session_end(&s, r, status);
    }

    if (status == STATUS_DONE) {
        r->answer = json_pack("{s:O, s:o}", "data", a.data, "next",
                              a.more ? json_integer((json_int_t) a.next)
                                     : json_null());
        status = r->answer ? STATUS_DONE
                 : http_error(r, 500, "memory", NULL, "out of memory");
    }

    json_decref(a.data);
    free(a.host);

    return status;
}


static int
audit_options(audit_t *a)
{
    uint64_t    limit;
    http_request_t  *r;

    r = a->r;
    a->actor = http_query(r, "actor");
    a->action = http_query(r, "action");
    a->until = UINT32_MAX;
    limit = AUDIT_USUAL;

    if (audit_number(r, "after", &a->after) != STATUS_DONE
        || audit_number(r, "limit", &limit) != STATUS_DONE
        || caller_host(r, &a->host) != STATUS_DONE)
    {
        return r->error.status;
    }

    if (limit == 0 || limit > AUDIT_LIMIT) {
        return http_error(r, 422, "limit", "give 1 to 500",
                          "the limit is no such number");
    }

    a->limit = (size_t) limit;

    if (input_time(&r->error, "since", http_query(r, "since"), r->now,
                   &a->since) != STATUS_DONE
        || input_time(&r->error, "until", http_query(r, "until"), r->now,
                      &a->until) != STATUS_DONE)
    {
        r->status = 422;
        return r->error.status;
    }

    return STATUS_DONE;
}


static int
audit_number(http_request_t *r, const char *name, uint64_t *n)
{
    char        *end;
    const char  *text;

    text = http_query(r, name);

    if (text == NULL) {
        return STATUS_DONE;
    }

    *n = strtoull(text, &end, 10);

    return *text >= '0' && *text <= '9' && *end == '\0'
           ? STATUS_DONE
           : http_error(r, 422, "number", "give digits",
                        "a parameter is no number");
}


static int
audit_read(redis_session_t *s, audit_t *a)
{
    int         whole, earlier;
    head_t      head;
    uint64_t    from;
    control_t  *ctl;

    ctl = &s->ctl;

    if (a->host) {

        if (head_newest(ctl, &head) != STATUS_DONE
            || history_each(ctl, NULL, a->host, head.seq, audit_entry, a,
                            &whole, &earlier) != STATUS_DONE)
        {
            return ctl->error.status;
        }

        if (whole) {
            return STATUS_DONE;
        }
    }

    from = a->after + 1;

    if (a->since && a->after == 0) {

        if (trail_seek(ctl, (uint64_t) a->since * 1000, &from) != STATUS_DONE) {
            return ctl->error.status;
        }

        from = from ? from : 1;
    }

    return trail_from(ctl, from, audit_entry, a);
}


static int
audit_entry(void *data, const char *id, const paylock_entry_t *e,
    const char *why)
{
    audit_t  *a;

    (void) id;
    a = data;

    if (++a->looks > AUDIT_LOOKS) {
        a->more = 1;
        return 0;
    }

    if (why || e->seq <= a->after) {
        return 1;
    }

    if (audit_wanted(a, e)) {

        if (json_array_size(a->data) == a->limit) {
            a->more = 1;
            return 0;
        }

        (void) json_array_append_new(a->data, entry_json(e));
    }

    a->next = e->seq;

    return 1;
}


static int
audit_wanted(const audit_t *a, const paylock_entry_t *e)
{
    uint32_t              when;
    const paylock_str_t  *f;

    f = e->field;
    when = entry_seconds(e);

    return (a->host == NULL || paylock_str_is(f[PAYLOCK_AUDIT_HOST], a->host))
           && (a->actor == NULL
               || paylock_str_is(f[PAYLOCK_AUDIT_ACTOR], a->actor))
           && (a->action == NULL
               || paylock_str_is(f[PAYLOCK_AUDIT_ACTION], a->action))
           && when >= a->since && when <= a->until;
}


int
route_nodes(http_request_t *r)
{
    int               status;
    redis_session_t   s;

    status = redis_session_begin(&s, r);

    if (status == STATUS_DONE) {
        status = nodes_read_all(&s, r);
    }

    return redis_session_end(&s, r, status);
}


static int
nodes_read_all(redis_session_t *s, http_request_t *r)
{
    size_t    i;
    head_t    head;
    json_t   *data;
    nodes_t   nodes;

    if (head_newest(&s->ctl, &head) != STATUS_DONE
        || nodes_read(&s->ctl, &nodes) != STATUS_DONE)
    {
        return s->ctl.error.status;
    }

    data = json_array();

    for (i = 0; i < nodes.n; i++) {
        if (nodes.node[i].why == NULL) {
            (void) json_array_append_new(data, nodes_json(&nodes.node[i],
                                                          head.seq,
                                                          head.chain));
        }
    }

    nodes_free(&nodes);
    r->answer = json_pack("{s:o}", "data", data);

    return r->answer ? STATUS_DONE : control_no_memory(&s->ctl);
}
