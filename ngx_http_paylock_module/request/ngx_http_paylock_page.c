
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_page.h"
#include "ngx_http_paylock_request.h"


#define NGX_HTTP_PAYLOCK_HEADERS    4
#define NGX_HTTP_PAYLOCK_PREFS     3
#define NGX_HTTP_PAYLOCK_PREFLIGHT_PREFS  3


/* what the client asks of the answer; NULL where it does not */

typedef struct {
    ngx_str_t                    *accept;
    ngx_str_t                    *language;
    ngx_str_t                    *dest;
    ngx_str_t                    *origin;
    ngx_str_t                    *method;
    ngx_str_t                    *headers;
} ngx_http_paylock_request_prefs_t;


typedef struct {
    ngx_str_t                     name;
    size_t                        offset;
} ngx_http_paylock_request_pref_t;


static void ngx_http_paylock_page_prefs(ngx_http_request_t *r,
    ngx_http_paylock_request_prefs_t *prefs);
static ngx_int_t ngx_http_paylock_page_preflight(ngx_http_request_t *r,
    ngx_http_paylock_request_prefs_t *prefs);
static ngx_int_t ngx_http_paylock_page_locked(ngx_http_request_t *r,
    ngx_http_paylock_verdict_t *verdict,
    ngx_http_paylock_request_prefs_t *prefs, ngx_http_paylock_body_t *body);
static ngx_int_t ngx_http_paylock_page_retry_after(ngx_http_request_t *r,
    uint32_t until);
static ngx_int_t ngx_http_paylock_page_body(ngx_http_request_t *r,
    paylock_page_t *page, ngx_str_t *contact,
    ngx_http_paylock_verdict_t *verdict, uint32_t until,
    ngx_http_paylock_body_t *body);


static ngx_str_t  ngx_http_paylock_types[] = {
    ngx_string("text/html"),
    ngx_string("application/problem+json"),
    ngx_string("text/plain")
};


/* X-Paylock, which a discreet answer goes without, is the last one */

static ngx_table_elt_t  ngx_http_paylock_headers[NGX_HTTP_PAYLOCK_HEADERS] = {

    { .hash = 1,
      .key = ngx_string("Cache-Control"),
      .value = ngx_string("no-store") },

    { .hash = 1,
      .key = ngx_string("Vary"),
      .value = ngx_string("Accept, Accept-Language, Sec-Fetch-Dest, Origin") },

    { .hash = 1,
      .key = ngx_string("Access-Control-Allow-Origin"),
      .value = ngx_string("*") },

    { .hash = 1,
      .key = ngx_string("X-Paylock"),
      .value = ngx_string("locked") }
};


/* first those of every request, then what a preflight asks for */

static ngx_http_paylock_request_pref_t  ngx_http_paylock_request_prefs[
    NGX_HTTP_PAYLOCK_PREFS + NGX_HTTP_PAYLOCK_PREFLIGHT_PREFS] = {

    { ngx_string("accept"),
      offsetof(ngx_http_paylock_request_prefs_t, accept) },

    { ngx_string("accept-language"),
      offsetof(ngx_http_paylock_request_prefs_t, language) },

    { ngx_string("sec-fetch-dest"),
      offsetof(ngx_http_paylock_request_prefs_t, dest) },

    { ngx_string("origin"),
      offsetof(ngx_http_paylock_request_prefs_t, origin) },

    { ngx_string("access-control-request-method"),
      offsetof(ngx_http_paylock_request_prefs_t, method) },

    { ngx_string("access-control-request-headers"),
      offsetof(ngx_http_paylock_request_prefs_t, headers) }
};


/* Sets the response's headers; *chain is what is to be sent. */

ngx_int_t
ngx_http_paylock_page_header(ngx_http_request_t *r,
    ngx_http_paylock_verdict_t *verdict, ngx_chain_t **chain)
{
    ngx_int_t                         rc;
    ngx_uint_t                        i, n;
    ngx_table_elt_t                  *h;
    ngx_http_paylock_body_t           body;
    ngx_http_paylock_request_prefs_t  prefs;
    ngx_http_paylock_loc_conf_t      *plcf;

    static ngx_str_t  no_referrer = ngx_string("no-referrer");

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_paylock_module);

    if (ngx_http_paylock_disable_filters(r) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_paylock_page_prefs(r, &prefs);

    r->err_status = 0;

    body.chain = NULL;
    body.last = &body.chain;
    body.buf = NULL;
    body.len = 0;

    n = NGX_HTTP_PAYLOCK_HEADERS - plcf->discreet;

    for (i = 0; i < n; i++) {
        h = ngx_list_push(&r->headers_out.headers);
        if (h == NULL) {
            return NGX_ERROR;
        }

        *h = ngx_http_paylock_headers[i];
    }

    /* the address that the client shows has a pass, which may be of use */

    if (r->args.len
        && paylock_pass_strip_mask((char *) r->args.data, r->args.len, NULL)
        && ngx_http_paylock_headers_add(r, "Referrer-Policy", &no_referrer)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (r->method == NGX_HTTP_OPTIONS && prefs.origin && prefs.method) {
        verdict->counters->n[NGX_HTTP_PAYLOCK_COUNTER_PREFLIGHTS]++;
        rc = ngx_http_paylock_page_preflight(r, &prefs);

    } else {
        rc = ngx_http_paylock_page_locked(r, verdict, &prefs, &body);
    }

    if (rc != NGX_OK
        || (body.buf == NULL
            && ngx_http_paylock_body_add(r, &body, NULL, 0) != NGX_OK))
    {
        return NGX_ERROR;
    }

    body.buf->last_buf = 1;
    body.buf->last_in_chain = 1;

    r->headers_out.content_length_n = body.len;
    *chain = body.chain;

    return NGX_OK;
}


static void
ngx_http_paylock_page_prefs(ngx_http_request_t *r,
    ngx_http_paylock_request_prefs_t *prefs)
{
    ngx_str_t                       **field;
    ngx_uint_t                        i, j, n;
    ngx_list_part_t                  *part;
    ngx_table_elt_t                  *header;
    ngx_http_paylock_request_pref_t  *pref;

    ngx_memzero(prefs, sizeof(ngx_http_paylock_request_prefs_t));

    n = NGX_HTTP_PAYLOCK_PREFS;

    if (r->method == NGX_HTTP_OPTIONS) {
        n += NGX_HTTP_PAYLOCK_PREFLIGHT_PREFS;
    }

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        header = part->elts;

        for (i = 0; i < part->nelts; i++) {

            for (j = 0; j < n; j++) {
                pref = &ngx_http_paylock_request_prefs[j];

                if (pref->name.len != header[i].key.len
                    || ngx_memcmp(pref->name.data, header[i].lowcase_key,
                                  pref->name.len)
                       != 0)
                {
                    continue;
                }

                field = (ngx_str_t **) ((char *) prefs + pref->offset);

                if (*field == NULL) {
                    *field = &header[i].value;
                }
            }
        }
    }
}


/* Whatever a script of another site is about to ask, it may: for the page. */

static ngx_int_t
ngx_http_paylock_page_preflight(ngx_http_request_t *r,
    ngx_http_paylock_request_prefs_t *prefs)
{
    r->headers_out.status = NGX_HTTP_NO_CONTENT;

    if (ngx_http_paylock_headers_add(r, "Access-Control-Allow-Methods",
                                  prefs->method)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (prefs->headers == NULL) {
        return NGX_OK;
    }

    return ngx_http_paylock_headers_add(r, "Access-Control-Allow-Headers",
                                     prefs->headers);
}


static ngx_int_t
ngx_http_paylock_page_locked(ngx_http_request_t *r,
    ngx_http_paylock_verdict_t *verdict,
    ngx_http_paylock_request_prefs_t *prefs, ngx_http_paylock_body_t *body)
{
    uint32_t                      until;
    ngx_str_t                    *accept, *dest, *field, tag;
    ngx_uint_t                    language;
    paylock_format_e              format;
    ngx_http_paylock_pages_t     *pages;
    ngx_http_paylock_answer_t    *answer;
    ngx_http_paylock_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_paylock_module);
    answer = plcf->answer;

    r->headers_out.status = plcf->status;

    until = ngx_http_paylock_page_until(verdict);

    if (ngx_http_paylock_page_retry_after(r, until) != NGX_OK) {
        return NGX_ERROR;
    }

    accept = prefs->accept;
    dest = prefs->dest;

    format = paylock_negotiate_format(accept ? (char *) accept->data : NULL,
                                      accept ? accept->len : 0,
                                      dest ? (char *) dest->data : NULL,
                                      dest ? dest->len : 0);

    verdict->counters->n[NGX_HTTP_PAYLOCK_COUNTER_ANSWERS + format]++;

    if (format == PAYLOCK_FORMAT_NONE) {
        return NGX_OK;
    }

    r->headers_out.content_type = ngx_http_paylock_types[format];
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    if (format != PAYLOCK_FORMAT_JSON) {
        ngx_str_set(&r->headers_out.charset, "utf-8");
    }

    /* the language of a template is its author's */

    if (format == PAYLOCK_FORMAT_HTML && plcf->template) {
        return ngx_http_paylock_template_body(r, plcf->template, body);
    }

    field = prefs->language;

    pages = answer->pages;

    language = paylock_negotiate_language(field ? (char *) field->data : NULL,
                                          field ? field->len : 0,
                                          pages->languages, pages->nlanguages);

    tag.data = (u_char *) pages->languages[language];
    tag.len = ngx_strlen(tag.data);

    if (ngx_http_paylock_headers_add(r, "Content-Language", &tag) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_paylock_page_body(r, &pages->page[format][language],
                                      &answer->contacts[format], verdict,
                                      until, body);
}


/* When the record opens the host next; 0 if that is not planned. */

uint32_t
ngx_http_paylock_page_until(ngx_http_paylock_verdict_t *verdict)
{
    uint32_t         when;
    paylock_stage_e  stage;

    /* nothing but this opens, and few records have it */

    if (!verdict->found
        || !paylock_record_has(&verdict->record, PAYLOCK_OPEN_AT))
    {
        return 0;
    }

    if (paylock_timeline_next(&verdict->record, ngx_time(), verdict->def,
                              &when, &stage)
        && stage < verdict->stage
        && (time_t) when > ngx_time())
    {
        return when;
    }

    return 0;
}


static ngx_int_t
ngx_http_paylock_page_retry_after(ngx_http_request_t *r, uint32_t until)
{
    ngx_str_t                     value;
    ngx_http_paylock_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_paylock_module);

    if (plcf->retry_after == 0) {
        return NGX_OK;
    }

    value.data = ngx_pnalloc(r->pool, NGX_TIME_T_LEN);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    value.len = ngx_sprintf(value.data, "%T",
                            until ? (time_t) (until - ngx_time())
                                  : plcf->retry_after)
                - value.data;

    return ngx_http_paylock_headers_add(r, "Retry-After", &value);
}


/* One buffer costs less than a chain of them, even though it is filled. */

static ngx_int_t
ngx_http_paylock_page_body(ngx_http_request_t *r, paylock_page_t *page,
    ngx_str_t *contact, ngx_http_paylock_verdict_t *verdict, uint32_t until,
    ngx_http_paylock_body_t *body)
{
    u_char          *buf, *p;
    size_t           i, ref;
    paylock_part_t  *part;

    ref = verdict->found ? verdict->record.ref_len : 0;

    buf = ngx_pnalloc(r->pool, page->size + contact->len);
    if (buf == NULL) {
        return NGX_ERROR;
    }

    p = buf;

    for (i = 0; i < page->n; i++) {

        part = &page->part[i];

        switch (part->kind) {

        case PAYLOCK_PART_TEXT:
            break;

        case PAYLOCK_PART_REF_TEXT:
            if (ref == 0) {
                continue;
            }

            break;

        case PAYLOCK_PART_REF:
            p = ngx_cpymem(p, verdict->record.ref, ref);
            break;

        case PAYLOCK_PART_UNTIL_TEXT:
            if (until == 0) {
                continue;
            }

            break;

        case PAYLOCK_PART_UNTIL:
            if (until) {
                p += paylock_page_date((char *) p, &page->date, until);
            }

            break;

        case PAYLOCK_PART_CONTACT:
            p = ngx_cpymem(p, contact->data, contact->len);
            break;
        }

        p = ngx_cpymem(p, part->text.data, part->text.len);
    }

    return ngx_http_paylock_body_add(r, body, buf, p - buf);
}
