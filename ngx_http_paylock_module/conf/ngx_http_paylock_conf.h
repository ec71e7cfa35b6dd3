
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What the directives set.  The other rooms hang what they have there: see their
 * headers for these types.
 */


#ifndef _NGX_HTTP_PAYLOCK_CONF_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_CONF_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_table.h"
#include "paylock_pass.h"
#include "paylock_state.h"


extern ngx_module_t  ngx_http_paylock_module;


typedef struct ngx_http_paylock_answer_s  ngx_http_paylock_answer_t;
typedef struct ngx_http_paylock_template_s  ngx_http_paylock_template_t;
typedef struct ngx_http_paylock_strictest_s  ngx_http_paylock_strictest_t;
typedef struct ngx_http_paylock_census_s  ngx_http_paylock_census_t;
typedef struct ngx_http_paylock_count_s  ngx_http_paylock_count_t;
typedef struct ngx_http_paylock_node_sh_s  ngx_http_paylock_node_sh_t;
typedef struct ngx_http_paylock_saver_s  ngx_http_paylock_saver_t;
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


/* ngx_http_paylock_conf.c */

void *ngx_http_paylock_create_main_conf(ngx_conf_t *cf);
char *ngx_http_paylock_init_main_conf(ngx_conf_t *cf, void *conf);
void *ngx_http_paylock_create_srv_conf(ngx_conf_t *cf);
char *ngx_http_paylock_merge_srv_conf(ngx_conf_t *cf, void *parent,
    void *child);
void *ngx_http_paylock_create_loc_conf(ngx_conf_t *cf);
char *ngx_http_paylock_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);


/* ngx_http_paylock_redis.c */

char *ngx_http_paylock_redis(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_paylock_redis_init(ngx_conf_t *cf,
    ngx_http_paylock_redis_t *redis);


/* ngx_http_paylock_redis_ssl.c */

char *ngx_http_paylock_redis_ssl_init(ngx_conf_t *cf,
    ngx_http_paylock_redis_t *redis);


/* ngx_http_paylock_exempt.c: what is exempt unless a directive says else */

char *ngx_http_paylock_exempt(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
ngx_str_t *ngx_http_paylock_exempt_defaults(void);


/* ngx_http_paylock_pass_key.c */

char *ngx_http_paylock_pass_key(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


/* ngx_http_paylock_node_name.c */

char *ngx_http_paylock_node_name(ngx_conf_t *cf, void *post, void *data);
ngx_int_t ngx_http_paylock_node_name_init(ngx_conf_t *cf, ngx_str_t *name);


/*
 * ngx_http_paylock_secret.c: what is in a file that nobody may read or change
 * who is neither root nor who starts nginx, but that its group may read it;
 * how much, or NGX_ERROR, which was logged.  The name is that of a directive
 * or of a parameter; maker may say where such a file comes from.
 */

ssize_t ngx_http_paylock_secret_read(ngx_conf_t *cf, const char *name,
    ngx_str_t *file, const char *maker, u_char *data, size_t size);


#endif /* _NGX_HTTP_PAYLOCK_CONF_H_INCLUDED_ */
