
/*
 * Copyright (C) 2026 paylock contributors
 *
 * An operator's own page: HTML with variables, whose values are escaped.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_page.h"
#include "paylock_escape.h"
#include "paylock_utf8.h"


/* a variable, or a text as it is */

typedef struct {
    ngx_str_t                       text;      /* the name of a variable */
    ngx_int_t                       index;     /* NGX_ERROR for a text */
    ngx_uint_t                      line;
    ngx_uint_t                      column;
} ngx_http_paylock_template_part_t;


struct ngx_http_paylock_template_s {
    ngx_str_t                       file;
    ngx_array_t                     parts;
};


/* where the reading is */

typedef struct {
    ngx_conf_t                     *cf;
    ngx_http_paylock_template_t    *template;
    u_char                         *pos;
    u_char                         *last;
    ngx_uint_t                      line;
    ngx_uint_t                      column;
} ngx_http_paylock_reader_t;


static ngx_http_paylock_template_t *ngx_http_paylock_template_get(
    ngx_conf_t *cf, ngx_str_t *file);
static ngx_int_t ngx_http_paylock_template_compile(
    ngx_http_paylock_reader_t *in);
static ngx_int_t ngx_http_paylock_template_variable(
    ngx_http_paylock_reader_t *in);
static ngx_int_t ngx_http_paylock_template_advance(
    ngx_http_paylock_reader_t *in);
static ngx_int_t ngx_http_paylock_template_part(ngx_http_paylock_reader_t *in,
    ngx_str_t *text, ngx_int_t index);
static ngx_int_t ngx_http_paylock_template_error(
    ngx_http_paylock_reader_t *in, const char *what);
static ngx_uint_t ngx_http_paylock_template_known(
    ngx_http_core_main_conf_t *cmcf, ngx_str_t *name);


/* paylock_page FILE | discreet */

char *
ngx_http_paylock_template(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_paylock_loc_conf_t  *plcf = conf;

    ngx_str_t  *value;

    if (plcf->discreet != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "discreet") == 0) {
        plcf->discreet = 1;
        return NGX_CONF_OK;
    }

    plcf->discreet = 0;
    plcf->template = ngx_http_paylock_template_get(cf, &value[1]);

    return plcf->template ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* A file is read once, however many sites show it. */

static ngx_http_paylock_template_t *
ngx_http_paylock_template_get(ngx_conf_t *cf, ngx_str_t *file)
{
    ngx_str_t                       text;
    ngx_uint_t                      i;
    ngx_http_paylock_reader_t       in;
    ngx_http_paylock_main_conf_t   *pmcf;
    ngx_http_paylock_template_t    *template, **known;

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_paylock_module);

    if (ngx_conf_full_name(cf->cycle, file, 1) != NGX_OK) {
        return NULL;
    }

    known = pmcf->templates.elts;

    for (i = 0; i < pmcf->templates.nelts; i++) {
        if (known[i]->file.len == file->len
            && ngx_memcmp(known[i]->file.data, file->data, file->len) == 0)
        {
            return known[i];
        }
    }

    if (ngx_http_paylock_template_read(cf, file, &text) != NGX_OK) {
        return NULL;
    }

    template = ngx_palloc(cf->pool, sizeof(ngx_http_paylock_template_t));
    known = ngx_array_push(&pmcf->templates);

    if (template == NULL || known == NULL
        || ngx_array_init(&template->parts, cf->pool, 8,
                          sizeof(ngx_http_paylock_template_part_t))
           != NGX_OK)
    {
        return NULL;
    }

    *known = template;
    template->file = *file;

    in.cf = cf;
    in.template = template;
    in.pos = text.data;
    in.last = text.data + text.len;
    in.line = 1;
    in.column = 1;

    return ngx_http_paylock_template_compile(&in) == NGX_OK ? template : NULL;
}


static ngx_int_t
ngx_http_paylock_template_compile(ngx_http_paylock_reader_t *in)
{
    ngx_str_t  text;

    while (in->pos < in->last) {
        text.data = in->pos;

        while (in->pos < in->last && *in->pos != '$') {
            if (ngx_http_paylock_template_advance(in) != NGX_OK) {
                return NGX_ERROR;
            }
        }

        text.len = in->pos - text.data;

        if (ngx_http_paylock_template_part(in, &text, NGX_ERROR) != NGX_OK) {
            return NGX_ERROR;
        }

        if (in->pos < in->last
            && ngx_http_paylock_template_variable(in) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* "$name", "${name}", or "$$" for a dollar. */

static ngx_int_t
ngx_http_paylock_template_variable(ngx_http_paylock_reader_t *in)
{
    u_char      *p;
    ngx_int_t    index;
    ngx_str_t    name;
    ngx_uint_t   braced;

    p = in->pos + 1;

    if (p < in->last && *p == '$') {
        name.data = p;
        name.len = 1;
        in->pos += 2;
        in->column += 2;

        return ngx_http_paylock_template_part(in, &name, NGX_ERROR);
    }

    braced = p < in->last && *p == '{';
    p += braced;
    name.data = p;

    while (p < in->last
           && ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')
               || (*p >= '0' && *p <= '9') || *p == '_'))
    {
        p++;
    }

    name.len = p - name.data;

    if (name.len == 0) {
        return ngx_http_paylock_template_error(in, "a \"$\" begins no name: "
                                               "for a dollar write \"$$\"");
    }

    if (braced && (p == in->last || *p++ != '}')) {
        return ngx_http_paylock_template_error(in, "\"${\" without \"}\"");
    }

    index = ngx_http_get_variable_index(in->cf, &name);

    if (index == NGX_ERROR
        || ngx_http_paylock_template_part(in, &name, index) != NGX_OK)
    {
        return NGX_ERROR;
    }

    in->column += p - in->pos;
    in->pos = p;

    return NGX_OK;
}


/* Past a character. */

static ngx_int_t
ngx_http_paylock_template_advance(ngx_http_paylock_reader_t *in)
{
    size_t  n;

    n = paylock_utf8(in->pos, in->last - in->pos, NULL);

    if (n == 0) {
        return ngx_http_paylock_template_error(in, "a byte that is no UTF-8");
    }

    in->column++;

    if (*in->pos == '\n') {
        in->line++;
        in->column = 1;
    }

    in->pos += n;

    return NGX_OK;
}


static ngx_int_t
ngx_http_paylock_template_part(ngx_http_paylock_reader_t *in, ngx_str_t *text,
    ngx_int_t index)
{
    ngx_http_paylock_template_part_t  *part;

    if (text->len == 0) {
        return NGX_OK;
    }

    part = ngx_array_push(&in->template->parts);
    if (part == NULL) {
        return NGX_ERROR;
    }

    part->text = *text;
    part->index = index;
    part->line = in->line;
    part->column = in->column;

    return NGX_OK;
}


static ngx_int_t
ngx_http_paylock_template_error(ngx_http_paylock_reader_t *in,
    const char *what)
{
    ngx_conf_log_error(NGX_LOG_EMERG, in->cf, 0,
                       "\"paylock_page\" cannot use \"%V\": "
                       "line %ui, column %ui: %s",
                       &in->template->file, in->line, in->column, what);

    return NGX_ERROR;
}


/*
 * A variable may be defined behind the directive: only when all has been
 * read it is known which there are.
 */

ngx_int_t
ngx_http_paylock_template_check(ngx_conf_t *cf,
    ngx_http_paylock_main_conf_t *pmcf)
{
    ngx_uint_t                          i, j;
    ngx_http_core_main_conf_t          *cmcf;
    ngx_http_paylock_template_t       **template;
    ngx_http_paylock_template_part_t   *part;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    template = pmcf->templates.elts;

    for (i = 0; i < pmcf->templates.nelts; i++) {
        part = template[i]->parts.elts;

        for (j = 0; j < template[i]->parts.nelts; j++) {

            if (part[j].index == NGX_ERROR
                || ngx_http_paylock_template_known(cmcf, &part[j].text))
            {
                continue;
            }

            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "\"paylock_page\" cannot use \"%V\": line %ui, "
                          "column %ui: there is no variable \"$%V\"; "
                          "for a dollar write \"$$\"", &template[i]->file,
                          part[j].line, part[j].column, &part[j].text);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_paylock_template_known(ngx_http_core_main_conf_t *cmcf,
    ngx_str_t *name)
{
    ngx_uint_t            i;
    ngx_hash_key_t       *key;
    ngx_http_variable_t  *prefix;

    key = cmcf->variables_keys->keys.elts;

    for (i = 0; i < cmcf->variables_keys->keys.nelts; i++) {
        if (key[i].key.len == name->len
            && ngx_strncasecmp(key[i].key.data, name->data, name->len) == 0)
        {
            return 1;
        }
    }

    prefix = cmcf->prefix_variables.elts;

    for (i = 0; i < cmcf->prefix_variables.nelts; i++) {
        if (prefix[i].name.len < name->len
            && ngx_strncasecmp(prefix[i].name.data, name->data,
                               prefix[i].name.len)
               == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* A variable that fails is empty. */

ngx_int_t
ngx_http_paylock_template_body(ngx_http_request_t *r,
    ngx_http_paylock_template_t *template, ngx_http_paylock_body_t *body)
{
    ngx_str_t                          text;
    ngx_uint_t                         i;
    paylock_str_t                      value;
    ngx_http_variable_value_t         *v;
    ngx_http_paylock_template_part_t  *part;

    part = template->parts.elts;

    for (i = 0; i < template->parts.nelts; i++) {

        text = part[i].text;

        if (part[i].index != NGX_ERROR) {
            v = ngx_http_get_flushed_variable(r, part[i].index);

            if (v == NULL || v->not_found || v->len == 0) {
                continue;
            }

            value.data = (char *) v->data;
            value.len = v->len;

            text.len = paylock_escape(NULL, PAYLOCK_FORMAT_HTML, value);
            text.data = ngx_pnalloc(r->pool, text.len);
            if (text.data == NULL) {
                return NGX_ERROR;
            }

            (void) paylock_escape((char *) text.data, PAYLOCK_FORMAT_HTML,
                                  value);
        }

        if (ngx_http_paylock_body_add(r, body, text.data, text.len)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}
