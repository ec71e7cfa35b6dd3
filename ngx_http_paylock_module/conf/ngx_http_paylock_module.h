
/*
 * Copyright (C) 2026 paylock contributors
 */


#ifndef _NGX_HTTP_PAYLOCK_MODULE_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_MODULE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_count.h"
#include "ngx_http_paylock_table.h"
#include "paylock_page.h"
#include "paylock_pass.h"
#include "paylock_strip.h"
#include "paylock_timeline.h"


extern ngx_module_t  ngx_http_paylock_module;


/*
 * Keeps what is seldom needed, and its stack, out of the way of requests to
 * hosts that are open.
 */

#define ngx_http_paylock_apart  __attribute__((noinline))


typedef struct ngx_http_paylock_node_sh_s  ngx_http_paylock_node_sh_t;
typedef struct ngx_http_paylock_lease_s  ngx_http_paylock_lease_t;


/* paylock_redis; the texts are 0-terminated, NULL if not given */

typedef struct {
    ngx_str_t                    name;         /* host:port or unix:path */
    ngx_str_t                    host;         /* empty for unix: */
    in_port_t                    port;
    ngx_addr_t                  *addrs;        /* of the configuration */
    ngx_uint_t                   naddrs;
    ngx_resolver_t              *resolver;     /* NULL: none to be asked */
    ngx_str_t                    file;         /* where it stands */
    ngx_uint_t                   line;

    char                        *user;
    char                        *password;
    char                        *db;
    char                        *locks;        /* the keys, with prefix */
    char                        *audit;
    char                        *nodes;
    ngx_msec_t                   connect_timeout;
    ngx_msec_t                   timeout;
    ngx_uint_t                   replica;      /* may be followed */

    ngx_uint_t                   tls;          /* rediss:// */
    ngx_ssl_t                    ssl;
    ngx_str_t                    ssl_trusted_certificate;
    ngx_str_t                    ssl_certificate;
    ngx_str_t                    ssl_certificate_key;
    ngx_str_t                    ssl_name;
    ngx_uint_t                   ssl_name_is_address;
    ngx_flag_t                   ssl_verify;
} ngx_http_paylock_redis_t;


/* paylock_state: names, 0-terminated, and the key */

typedef struct {
    ngx_flag_t                   enable;       /* unset: in our own place */
    ngx_uint_t                   level;        /* to tell of a bad place */
    ngx_str_t                    name;
    ngx_str_t                    temp;
    ngx_str_t                    directory;
    ngx_str_t                    key_name;
    ngx_str_t                    key_temp;
    ngx_cycle_t                 *cycle;
    ngx_uid_t                    user;         /* of the workers */
    ngx_int_t                    keyed;        /* NGX_DECLINED: no key yet */
    u_char                       key[PAYLOCK_STATE_KEY];
} ngx_http_paylock_file_t;


typedef struct ngx_http_paylock_saver_s  ngx_http_paylock_saver_t;


typedef struct ngx_http_paylock_answer_s  ngx_http_paylock_answer_t;
typedef struct ngx_http_paylock_template_s  ngx_http_paylock_template_t;


/* ngx_http_paylock_metrics.c: counts the records for who waits */

typedef struct ngx_http_paylock_census_s  ngx_http_paylock_census_t;


typedef struct {
    ngx_shm_zone_t              *zone;
    size_t                       size;
    ngx_slab_pool_t             *shpool;
    ngx_http_paylock_table_t     table;
    ngx_http_paylock_node_sh_t  *node;
    ngx_shm_zone_t              *counts;
    ngx_http_paylock_count_t    *count;        /* of this process */
    ngx_http_paylock_census_t   *census;       /* for paylock_metrics */

    ngx_http_paylock_redis_t     redis;
    ngx_http_paylock_file_t      file;
    ngx_msec_t                   reconcile;
    ngx_str_t                    name;         /* paylock_node */
    ngx_array_t                  pages;        /* ngx_http_paylock_pages_t * */
    ngx_array_t                  answers;      /* ngx_http_paylock_answer_t * */
    ngx_array_t                  templates;
    ngx_array_t                  servers;      /* the servers' *_conf_t * */
    ngx_array_t                  neutral;      /* ngx_http_paylock_neutral_t */
    ngx_int_t                    verdict;      /* index of the variable */
    ngx_int_t                    pass;         /* ... of the pass shown */
    ngx_uint_t                   again;        /* to be asked */
    ngx_http_handler_pt          rewrite;      /* nginx's own, in its phase */
    ngx_uint_t                   dry_runs;     /* servers, locations with it */
    ngx_uint_t                   used;

    ngx_http_paylock_lease_t    *lease;        /* of this process */
    ngx_http_paylock_saver_t    *saver;
} ngx_http_paylock_main_conf_t;


/* what another filter's location is like that does nothing */

typedef struct {
    ngx_uint_t                   index;        /* of the module's contexts */
    void                        *conf;
} ngx_http_paylock_neutral_t;


/* one of a server block's names, as far as records can be found by it */

typedef struct {
    ngx_str_t                    name;         /* without "*." or "." */
    ngx_http_paylock_kind_e      kind;
    ngx_http_paylock_key_t       key;
} ngx_http_paylock_name_t;


typedef struct ngx_http_paylock_strictest_s  ngx_http_paylock_strictest_t;


typedef struct {
    ngx_uint_t                   def;          /* paylock_default */
    ngx_uint_t                   enabled;      /* in any of its locations */
    ngx_uint_t                   by_location;  /* not before it is found */

    paylock_pass_keys_t         *pass_keys;    /* paylock_pass_key */
    ngx_http_complex_value_t    *key;          /* paylock_key */
    ngx_http_paylock_name_t      constant;     /* ... without variables */

    uint64_t                    *own;          /* hashes of names, or 0 */
    ngx_uint_t                   mask;         /* ... as many and one more */
    ngx_uint_t                   exact;        /* all its names are there */

    ngx_array_t                  names;        /* ngx_http_paylock_name_t */
    ngx_array_t                  wildcards;    /* ngx_str_t */
    ngx_array_t                  regexes;      /* ngx_regex_t * */

    ngx_http_paylock_strictest_t *strictest;   /* of this process */
    time_t                       logged;       /* ... a closed request */
    ngx_uint_t                   unlogged;     /* ... and so many since */
} ngx_http_paylock_srv_conf_t;


typedef struct {
    ngx_flag_t                   enable;
    ngx_uint_t                   status;
    time_t                       retry_after;
    ngx_uint_t                   discreet;
    ngx_http_paylock_template_t *template;
    ngx_str_t                    contact;
    ngx_uint_t                   log_level;
    ngx_flag_t                   dry_run;
    ngx_str_t                   *exempt;       /* ended by an empty one */
    ngx_array_t                 *bypass;
    ngx_http_paylock_answer_t   *answer;
    ngx_uint_t                   merged;       /* not the http block's */
} ngx_http_paylock_loc_conf_t;


/*
 * What holds for a request and all its subrequests, from its begin to its
 * end, by the name that the client asked for.
 */

typedef struct {
    paylock_stage_e              stage;
    unsigned                     found:1;      /* by a record, not a default */
    unsigned                     by_key:1;     /* which has variables */
    unsigned                     reads:1;      /* by its method */
    unsigned                     detached:1;   /* the main one may be gone */
    unsigned                     bypass:1;     /* is being asked for */
    unsigned                     two:1;        /* the client named two hosts */
    unsigned                     asked:1;      /* about a pass */
    unsigned                     passed:1;     /* ... which is good */
    unsigned                     exempt:1;     /* as far as the server goes */
    unsigned                     gated:1;      /* in a location that is on */
    unsigned                     logged:1;
    unsigned                     answered:1;   /* our answer is on its way */
    unsigned                     begun:1;      /* ... its header is */
    unsigned                     replaced:1;   /* ... instead of another one */
    unsigned                     blanks:1;     /* subrequests without bodies */
    paylock_stage_e              def;
    ngx_http_paylock_pass_e      pass;         /* why it was let through */
    ngx_http_paylock_count_t    *count;
    ngx_http_paylock_kind_e      kind;
    ngx_str_t                    name;         /* what the client asked for */
    ngx_str_t                    key;          /* ... and paylock_key gave */
    ngx_str_t                    host;         /* the record's, as above */
    paylock_record_t             record;
} ngx_http_paylock_verdict_t;


/* what the strictest of a server's names gets, for as long as that holds */

struct ngx_http_paylock_strictest_s {
    uint64_t                     changes;      /* of the table by then */
    time_t                       time;
    ngx_http_paylock_verdict_t   verdict;
};


/* the verdict that most requests share; never written to */

extern ngx_http_paylock_verdict_t  ngx_http_paylock_open;


/*
 * A request is judged once, when it begins.  The place to remember it is the
 * slot of an indexed variable of the main request, which costs nothing and
 * outlives internal redirects, unlike r->ctx.  A subrequest may have other
 * variables.  NULL: not judged yet.
 */

static ngx_inline u_char **
ngx_http_paylock_slot(ngx_http_request_t *r)
{
    ngx_http_paylock_main_conf_t  *pmcf;

    pmcf = ngx_http_get_module_main_conf(r, ngx_http_paylock_module);

    return &r->main->variables[pmcf->verdict].data;
}


/*
 * nchan makes main requests that are copies of others and may outlive them;
 * they have connections without a socket.  See ngx_http_paylock_judge.c.
 */

static ngx_inline ngx_uint_t
ngx_http_paylock_is_detached(ngx_http_request_t *r)
{
    return r != r->main && r->main->connection->fd == (ngx_socket_t) -1;
}


ngx_http_paylock_verdict_t *ngx_http_paylock_detached(ngx_http_request_t *r);


static ngx_inline ngx_http_paylock_verdict_t *
ngx_http_paylock_verdict(ngx_http_request_t *r)
{
    return ngx_http_paylock_is_detached(r)
           ? ngx_http_paylock_detached(r)
           : (ngx_http_paylock_verdict_t *) *ngx_http_paylock_slot(r);
}


typedef struct {
    ngx_http_handler_pt          content_handler;   /* of an exempt location */
    unsigned                     blank:1;      /* it is to have no body */
} ngx_http_paylock_ctx_t;


/* Did nginx choose the server by the name?  Else it may have fallen to it. */

static ngx_inline ngx_uint_t
ngx_http_paylock_chosen(ngx_http_request_t *r)
{
    return r->http_connection
           && r->http_connection->addr_conf->default_server
              != ngx_http_get_module_srv_conf(r, ngx_http_core_module);
}


/* ngx_http_paylock_conf.c */

void *ngx_http_paylock_create_main_conf(ngx_conf_t *cf);
char *ngx_http_paylock_init_main_conf(ngx_conf_t *cf, void *conf);
void *ngx_http_paylock_create_srv_conf(ngx_conf_t *cf);
char *ngx_http_paylock_merge_srv_conf(ngx_conf_t *cf, void *parent,
    void *child);
void *ngx_http_paylock_create_loc_conf(ngx_conf_t *cf);
char *ngx_http_paylock_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);


/*
 * ngx_http_paylock_zone.c: adds the zone to the configuration; NULL if there
 * is no memory.  Its name tells how it is laid out, and its tag is an address
 * of nginx's own, since ours is another one in each file of the module: so
 * nginx goes on with a zone if and only if it can be read.
 */

#define ngx_http_paylock_zone_tag  (&ngx_http_core_module)

ngx_shm_zone_t *ngx_http_paylock_zone_add(ngx_conf_t *cf,
    ngx_http_paylock_main_conf_t *pmcf);


/* ngx_http_paylock_names.c */

ngx_int_t ngx_http_paylock_names_init(ngx_conf_t *cf,
    ngx_http_paylock_srv_conf_t *pscf, ngx_http_core_srv_conf_t *cscf);
char *ngx_http_paylock_names_key(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
void ngx_http_paylock_names_keys(ngx_http_paylock_main_conf_t *pmcf);
ngx_uint_t ngx_http_paylock_names_pattern(ngx_http_request_t *r,
    const ngx_http_paylock_srv_conf_t *pscf, ngx_str_t *host);

/*
 * Is the name one of the server's own?  hash is that of its key.  One for
 * which no record can be is not.
 */

static ngx_inline ngx_uint_t
ngx_http_paylock_names_have(ngx_http_request_t *r,
    const ngx_http_paylock_srv_conf_t *pscf, ngx_str_t *host, uint64_t hash)
{
    ngx_uint_t  i;

    for (i = hash & pscf->mask; pscf->own[i]; i = (i + 1) & pscf->mask) {
        if (pscf->own[i] == hash) {
            return 1;
        }
    }

    return pscf->exact ? 0 : ngx_http_paylock_names_pattern(r, pscf, host);
}


/* ngx_http_paylock_host.c: of a main request */

void ngx_http_paylock_host_find(ngx_http_request_t *r,
    ngx_http_paylock_verdict_t *verdict);

/*
 * Asks a "paylock_key" that has variables, and judges by another value than
 * before: more of them may be set by now.
 */

void ngx_http_paylock_host_key(ngx_http_request_t *r,
    ngx_http_paylock_verdict_t *verdict);


/* ngx_http_paylock_host_pass.c */

uint32_t ngx_http_paylock_host_pass_after(ngx_http_request_t *r,
    ngx_http_paylock_verdict_t *verdict);


/* ngx_http_paylock_phases.c */

ngx_int_t ngx_http_paylock_phases_init(ngx_conf_t *cf);
void ngx_http_paylock_phases_first(ngx_cycle_t *cycle);
ngx_int_t ngx_http_paylock_server_rewrite(ngx_http_request_t *r,
    ngx_http_paylock_srv_conf_t *pscf);


/*
 * ngx_http_paylock_judge.c: what holds for a request, or its main one; NULL
 * when out of memory.  judge_name() is for one that was not judged yet; a key
 * with variables is left to judge().
 */

ngx_http_paylock_verdict_t *ngx_http_paylock_judge(ngx_http_request_t *r);
ngx_http_paylock_verdict_t *ngx_http_paylock_judge_name(ngx_http_request_t *r);


/* ngx_http_paylock_fast_path.c */

ngx_int_t ngx_http_paylock_server_rewrite_handler(ngx_http_request_t *r);


/* ngx_http_paylock_gate.c */

ngx_int_t ngx_http_paylock_gate(ngx_http_request_t *r,
    ngx_http_paylock_loc_conf_t *plcf, ngx_http_phases phase);
ngx_int_t ngx_http_paylock_again_handler(ngx_http_request_t *r);
ngx_uint_t ngx_http_paylock_closed(const ngx_http_paylock_verdict_t *verdict);


/*
 * ngx_http_paylock_filter.c: the filters are those of this process; headers
 * are cleared of what was to go out with something else
 */

void ngx_http_paylock_filter_init(void);
void ngx_http_paylock_clear_headers(ngx_http_request_t *r);


/*
 * ngx_http_paylock_neutral.c: filters that would put something else in place
 * of our answer
 */

ngx_int_t ngx_http_paylock_neutral_init(ngx_conf_t *cf,
    ngx_http_paylock_main_conf_t *pmcf);
ngx_int_t ngx_http_paylock_neutral(ngx_http_request_t *r);


/* ngx_http_paylock_pass.c */

extern const char *const  ngx_http_paylock_passes[];

char *ngx_http_paylock_pass_exempt(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
ngx_str_t *ngx_http_paylock_pass_defaults(void);
ngx_uint_t ngx_http_paylock_pass_is_exempt(ngx_http_request_t *r,
    ngx_http_paylock_loc_conf_t *plcf);
ngx_http_paylock_pass_e ngx_http_paylock_pass(ngx_http_request_t *r,
    ngx_http_paylock_loc_conf_t *plcf, ngx_http_paylock_verdict_t *verdict);


/*
 * ngx_http_paylock_ask.c: values of the operator's, asked without a trace:
 * what is set or captured later is as if nobody had asked
 */

ngx_int_t ngx_http_paylock_ask_value(ngx_http_request_t *r,
    ngx_http_complex_value_t *value, ngx_str_t *text);
ngx_int_t ngx_http_paylock_ask_predicates(ngx_http_request_t *r,
    ngx_array_t *predicates);


/*
 * ngx_http_paylock_secret.c: what is in a file that nobody may read or change
 * who is neither root nor who starts nginx, but that its group may read it;
 * how much, or NGX_ERROR, which was logged.  The name is that of a directive
 * or of a parameter; maker may say where such a file comes from.
 */

ssize_t ngx_http_paylock_secret_read(ngx_conf_t *cf, const char *name,
    ngx_str_t *file, const char *maker, u_char *data, size_t size);


/* ngx_http_paylock_pass_key.c */

char *ngx_http_paylock_pass_key(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


/* ngx_http_paylock_token.c */

ngx_int_t ngx_http_paylock_token(ngx_http_request_t *r);
ngx_uint_t ngx_http_paylock_token_good(ngx_http_request_t *r,
    ngx_http_paylock_verdict_t *verdict);
ngx_int_t ngx_http_paylock_token_mask(ngx_pool_t *pool, ngx_str_t *text);


/* ngx_http_paylock_private.c */

ngx_int_t ngx_http_paylock_private(ngx_http_request_t *r);


/*
 * ngx_http_paylock_cookie.c: takes our cookies out of what a client sent,
 * calling found for each
 */

void ngx_http_paylock_cookie_take(ngx_http_request_t *r,
    paylock_strip_pt found, void *data);


/* ngx_http_paylock_page.c */

ngx_int_t ngx_http_paylock_page_header(ngx_http_request_t *r,
    ngx_http_paylock_verdict_t *verdict, ngx_chain_t **chain);
uint32_t ngx_http_paylock_page_until(ngx_http_paylock_verdict_t *verdict);
ngx_int_t ngx_http_paylock_page_set(ngx_http_request_t *r, const char *key,
    ngx_str_t *value);


/* ngx_http_paylock_variables.c */

ngx_int_t ngx_http_paylock_variables_add(ngx_conf_t *cf);


/*
 * ngx_http_paylock_log.c: writes bytes of others, as many as may be logged,
 * as printable text, 0-terminated, to dst
 */

#define NGX_HTTP_PAYLOCK_PRINTABLE  128

void ngx_http_paylock_printable(u_char dst[NGX_HTTP_PAYLOCK_PRINTABLE * 4 + 1],
    const char *data, size_t len);


/* ngx_http_paylock_redis.c */

char *ngx_http_paylock_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_paylock_redis_init(ngx_conf_t *cf,
    ngx_http_paylock_redis_t *redis);


/* ngx_http_paylock_tls.c */

char *ngx_http_paylock_tls_init(ngx_conf_t *cf,
    ngx_http_paylock_redis_t *redis);


/* ngx_http_paylock_metrics.c */

char *ngx_http_paylock_metrics(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#endif /* _NGX_HTTP_PAYLOCK_MODULE_H_INCLUDED_ */
