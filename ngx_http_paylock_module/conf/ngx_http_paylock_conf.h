
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What the directives set, and what hangs from that for as long as it is in
 * force.  Types that are named here alone are declared in the room that uses
 * them.
 */


#ifndef _NGX_HTTP_PAYLOCK_CONF_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_CONF_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_table.h"
#include "paylock_pass.h"
#include "paylock_signers.h"
#include "paylock_state.h"


extern ngx_module_t  ngx_http_paylock_module;


typedef struct ngx_http_paylock_answer_s  ngx_http_paylock_answer_t;
typedef struct ngx_http_paylock_template_s  ngx_http_paylock_template_t;
typedef struct ngx_http_paylock_strictest_s  ngx_http_paylock_strictest_t;
typedef struct ngx_http_paylock_metrics_walk_s  ngx_http_paylock_metrics_walk_t;
typedef struct ngx_http_paylock_counters_s  ngx_http_paylock_counters_t;
typedef struct ngx_http_paylock_node_sh_s  ngx_http_paylock_node_sh_t;
typedef struct ngx_http_paylock_state_writer_s  ngx_http_paylock_state_writer_t;
typedef struct ngx_http_paylock_lease_s  ngx_http_paylock_lease_t;


/* paylock_redis and paylock_redis_ssl_...; char *: NULL if not given */

typedef struct {
    ngx_str_t                         name;    /* host:port or unix:path */
    ngx_str_t                         host;    /* empty for unix: */
    in_port_t                         port;
    ngx_addr_t                       *addrs;   /* resolved at configuration */
    ngx_uint_t                        naddrs;
    ngx_resolver_t                   *resolver;     /* NULL: none is set */
    ngx_str_t                         file;    /* where the directive is */
    ngx_uint_t                        line;

    char                             *user;
    char                             *password;
    char                             *db;
    char                             *locks;   /* the keys, with prefix */
    char                             *audit;
    char                             *nodes;
    ngx_msec_t                        connect_timeout;
    ngx_msec_t                        timeout;
    ngx_uint_t                        replica; /* replica=on */

    ngx_uint_t                        tls;     /* rediss:// */
    ngx_ssl_t                         ssl;
    ngx_str_t                         ssl_trusted_certificate;
    ngx_str_t                         ssl_certificate;
    ngx_str_t                         ssl_certificate_key;
    ngx_str_t                         ssl_name;
    ngx_uint_t                        ssl_name_is_address;
    ngx_flag_t                        ssl_verify;
} ngx_http_paylock_redis_conf_t;


/* paylock_state: the files, their names 0-terminated, and the key */

typedef struct {
    ngx_flag_t                        enable;  /* unset: the default place */
    ngx_uint_t                        level;   /* to log a bad place with */
    ngx_str_t                         name;
    ngx_str_t                         temp;
    ngx_str_t                         directory;
    ngx_str_t                         key_name;
    ngx_str_t                         key_temp;
    ngx_cycle_t                      *cycle;
    ngx_uid_t                         user;    /* of the workers */
    ngx_int_t                         keyed;   /* NGX_DECLINED: no key yet */
    u_char                            key[PAYLOCK_STATE_KEY];
} ngx_http_paylock_state_file_t;


/* paylock_signers; without it all is zero */

typedef struct {
    ngx_str_t                         file;
    const char                       *realm;
    paylock_signers_t                 list;
    u_char                            digest[PAYLOCK_STATE_TRUST];
                                               /* of file and realm */
} ngx_http_paylock_signers_t;


typedef struct {
    ngx_shm_zone_t                   *zone;
    size_t                            size;    /* paylock_zone */
    ngx_slab_pool_t                  *shpool;
    ngx_http_paylock_table_t          table;
    ngx_http_paylock_node_sh_t       *node;
    ngx_shm_zone_t                   *counters_zone;
    ngx_http_paylock_counters_t      *counters;     /* of this process */
    ngx_http_paylock_metrics_walk_t  *metrics_walk;

    ngx_http_paylock_redis_conf_t     redis;
    ngx_http_paylock_state_file_t     state_file;
    ngx_http_paylock_signers_t        signers;
    ngx_msec_t                        reconcile;
    ngx_str_t                         name;    /* paylock_node */
    ngx_array_t                       pages;   /* ngx_http_paylock_pages_t * */
    ngx_array_t                       answers; /* ..._answer_t * */
    ngx_array_t                       templates;    /* ..._template_t * */
    ngx_array_t                       servers; /* ..._srv_conf_t * */
    ngx_array_t                       disabled_filters;
                                               /* ..._disabled_filter_t */
    ngx_int_t                         verdict_index;   /* of variables */
    ngx_int_t                         pass_index;
    ngx_uint_t                        recheck; /* behind the access phase */
    ngx_http_handler_pt               rewrite; /* nginx's own, in its phase */
    ngx_uint_t                        dry_runs;     /* in so many places */
    ngx_uint_t                        used;

    ngx_http_paylock_lease_t         *lease;   /* of this process */
    ngx_http_paylock_state_writer_t  *state_writer;
} ngx_http_paylock_main_conf_t;


/* a filter that is off for our answers: its module's index, and "off" */

typedef struct {
    ngx_uint_t                        index;
    void                             *conf;
} ngx_http_paylock_disabled_filter_t;


/* a name of a server block that records can be found by */

typedef struct {
    ngx_str_t                         name;    /* without "*." or "." */
    paylock_host_kind_e               kind;
    ngx_http_paylock_key_t            key;
} ngx_http_paylock_name_t;


typedef struct {
    ngx_uint_t                        def;     /* paylock_default */
    ngx_uint_t                        enabled; /* in any of its locations */
    ngx_uint_t                        by_location;
                                               /* locations differ: answer
                                                  when it is found */

    paylock_pass_keys_t              *pass_keys;    /* paylock_pass_key */
    ngx_http_complex_value_t         *key;     /* paylock_key */
    ngx_http_paylock_name_t           constant;     /* its value, if it has no
                                                       variables */

    uint64_t                         *hashes;  /* of its names: a hash table, */
    ngx_uint_t                        hash_mask;    /* 0 being a free place */
    ngx_uint_t                        exact;   /* all its names are there */

    ngx_array_t                       names;   /* ngx_http_paylock_name_t */
    ngx_array_t                       wildcards;    /* ngx_str_t */
    ngx_array_t                       regexes; /* ngx_regex_t * */

    ngx_http_paylock_strictest_t     *strictest;    /* of this process */
    time_t                            logged;  /* the last closed request */
    ngx_uint_t                        unlogged;     /* ... so many since */
} ngx_http_paylock_srv_conf_t;


typedef struct {
    ngx_flag_t                        enable;
    ngx_uint_t                        status;
    time_t                            retry_after;
    ngx_uint_t                        discreet;
    ngx_http_paylock_template_t      *template;
    ngx_str_t                         contact;
    ngx_uint_t                        log_level;
    ngx_flag_t                        dry_run;
    ngx_str_t                        *exempt;  /* ended by an empty one */
    ngx_array_t                      *bypass;
    ngx_http_paylock_answer_t        *answer;
    ngx_uint_t                        merged;  /* not the http block's */
} ngx_http_paylock_loc_conf_t;


/* ngx_http_paylock_conf_merge.c */

void *ngx_http_paylock_create_main_conf(ngx_conf_t *cf);
char *ngx_http_paylock_init_main_conf(ngx_conf_t *cf, void *conf);
void *ngx_http_paylock_create_srv_conf(ngx_conf_t *cf);
char *ngx_http_paylock_merge_srv_conf(ngx_conf_t *cf, void *parent,
    void *child);
void *ngx_http_paylock_create_loc_conf(ngx_conf_t *cf);
char *ngx_http_paylock_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);


/* ngx_http_paylock_conf_redis.c */

char *ngx_http_paylock_conf_redis(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_paylock_conf_redis_init(ngx_conf_t *cf,
    ngx_http_paylock_redis_conf_t *redis);


/* ngx_http_paylock_conf_redis_ssl.c */

char *ngx_http_paylock_conf_redis_ssl_init(ngx_conf_t *cf,
    ngx_http_paylock_redis_conf_t *redis);


/* ngx_http_paylock_exempt.c: paylock_exempt, and its default */

char *ngx_http_paylock_exempt(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
ngx_str_t *ngx_http_paylock_exempt_defaults(void);


/* ngx_http_paylock_pass_key.c */

char *ngx_http_paylock_pass_key(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


/*
 * ngx_http_paylock_signers.c: paylock_signers; tells the log whether signatures
 * decide
 */

char *ngx_http_paylock_signers(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
void ngx_http_paylock_signers_tell(ngx_http_paylock_main_conf_t *pmcf,
    ngx_log_t *log);


/* ngx_http_paylock_node_name.c */

char *ngx_http_paylock_node_name(ngx_conf_t *cf, void *post, void *data);
ngx_int_t ngx_http_paylock_node_name_init(ngx_conf_t *cf, ngx_str_t *name);


/*
 * ngx_http_paylock_secret.c: reads a file that holds a secret.  Its owner must
 * be root or who starts nginx, and nobody else may write or read it, but its
 * group may read it.  Returns how many bytes there are, at most size, or
 * NGX_ERROR, which was logged.  name is that of the directive or parameter;
 * maker, which may be empty, tells the log where such a file comes from.
 */

ssize_t ngx_http_paylock_secret_read(ngx_conf_t *cf, const char *name,
    ngx_str_t *file, const char *maker, u_char *data, size_t size);


#endif /* _NGX_HTTP_PAYLOCK_CONF_H_INCLUDED_ */
