
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What holds for a request, and why.
 */


#ifndef _NGX_HTTP_PAYLOCK_VERDICT_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_VERDICT_H_INCLUDED_


#include "ngx_http_paylock_conf.h"
#include "ngx_http_paylock_counters.h"
#include "paylock_timeline.h"


/*
 * Keeps what is seldom needed, and its stack, out of the way of requests to
 * hosts that are open.
 */

#define ngx_http_paylock_noinline  __attribute__((noinline))


/*
 * What holds for a request and all its subrequests, from its begin to its
 * end, by the name that the client asked for.
 */

typedef struct {
    paylock_stage_e                 stage;
    unsigned                        found:1;   /* a record; else a default */
    unsigned                        by_key:1;  /* which has variables */
    unsigned                        safe_method:1;  /* RFC 9110, 9.2.1 */
    unsigned                        detached:1;     /* see is_detached() */
    unsigned                        asking_bypass:1;
    unsigned                        two_hosts:1;    /* the client named two */
    unsigned                        pass_checked:1;
    unsigned                        pass_is_good:1;
    unsigned                        exempt:1;  /* by the server's directives */
    unsigned                        gated:1;   /* in a location that is on */
    unsigned                        logged:1;
    unsigned                        answered:1;     /* by us */
    unsigned                        header_begun:1; /* ... it is going out */
    unsigned                        replaced:1;     /* ... not another one */
    unsigned                        blanked:1; /* subrequests lose bodies */
    paylock_stage_e                 def;
    ngx_http_paylock_let_through_e  let_through;
    ngx_http_paylock_counters_t    *counters;
    paylock_host_kind_e             kind;
    ngx_str_t                       name;      /* what the client asked for */
    ngx_str_t                       key;       /* what paylock_key gave */
    ngx_str_t                       host;      /* of the record */
    paylock_record_t                record;
} ngx_http_paylock_verdict_t;


/* what the strictest of a server's names gets, for as long as that holds */

struct ngx_http_paylock_strictest_s {
    uint64_t                        changes;   /* of the table by then */
    time_t                          time;
    ngx_http_paylock_verdict_t      verdict;
};


/* the verdict that most requests share; never written to */

extern ngx_http_paylock_verdict_t  ngx_http_paylock_verdict_open;


/*
 * A request is judged once, when it begins.  The place to remember it is the
 * slot of an indexed variable of the main request, which costs nothing and
 * outlives internal redirects, unlike r->ctx.  A subrequest may have other
 * variables.  NULL: not judged yet.
 */

static ngx_inline u_char **
ngx_http_paylock_verdict_slot(ngx_http_request_t *r)
{
    ngx_http_paylock_main_conf_t  *pmcf;

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_paylock_module);

    return &r->main->variables[pmcf->verdict_index].data;
}


/*
 * nchan makes main requests that are copies of others and may outlive them;
 * they have connections without a socket.
 */

static ngx_inline ngx_uint_t
ngx_http_paylock_is_detached(ngx_http_request_t *r)
{
    return r != r->main && r->main->connection->fd == (ngx_socket_t) -1;
}


ngx_http_paylock_verdict_t *ngx_http_paylock_verdict_detached(
    ngx_http_request_t *r);


static ngx_inline ngx_http_paylock_verdict_t *
ngx_http_paylock_verdict(ngx_http_request_t *r)
{
    return ngx_http_paylock_is_detached(r)
           ? ngx_http_paylock_verdict_detached(r)
           : (ngx_http_paylock_verdict_t *) *ngx_http_paylock_verdict_slot(r);
}


/*
 * Keeps a copy of a verdict until the request ends, and counts the request
 * then; a detached one is found by verdict_detached() and not counted.  NULL
 * when out of memory.
 */

ngx_http_paylock_verdict_t *ngx_http_paylock_verdict_keep(
    ngx_http_request_t *r, const ngx_http_paylock_verdict_t *found);
ngx_http_paylock_verdict_t *ngx_http_paylock_verdict_keep_detached(
    ngx_http_request_t *r, const ngx_http_paylock_verdict_t *found);

/* Does the stage close the host to this request? */

ngx_uint_t ngx_http_paylock_verdict_closed(
    const ngx_http_paylock_verdict_t *verdict);


#endif /* _NGX_HTTP_PAYLOCK_VERDICT_H_INCLUDED_ */
