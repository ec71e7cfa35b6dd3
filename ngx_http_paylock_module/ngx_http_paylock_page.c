
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_module.h"


static void *ngx_http_paylock_page_alloc(void *pool, size_t size);
static ngx_int_t ngx_http_paylock_page_build(ngx_conf_t *cf,
    ngx_http_paylock_answer_t *answer);
static paylock_format_e ngx_http_paylock_page_format(ngx_http_request_t *r);
static ngx_uint_t ngx_http_paylock_page_language(ngx_http_request_t *r,
    ngx_http_paylock_answer_t *answer);
static ngx_str_t *ngx_http_paylock_page_request_header(ngx_http_request_t *r,
    const char *name, size_t len);
static ngx_int_t ngx_http_paylock_page_set(ngx_http_request_t *r,
    const char *key, const char *value);
static ngx_int_t ngx_http_paylock_page_retry_after(ngx_http_request_t *r,
    ngx_http_paylock_verdict_t *verdict);
static ngx_int_t ngx_http_paylock_page_body(ngx_http_request_t *r,
    paylock_page_t *page, ngx_http_paylock_verdict_t *verdict,
    ngx_chain_t **body);
static ngx_buf_t *ngx_http_paylock_page_buf(ngx_http_request_t *r,
    ngx_chain_t ***last);


static ngx_str_t  ngx_http_paylock_types[] = {
    ngx_string("text/html"),
    ngx_string("application/problem+json"),
    ngx_string("text/plain")
};


static paylock_page_t  ngx_http_paylock_no_page;


/* Locations that answer alike share one set of pages. */

ngx_http_paylock_answer_t *
ngx_http_paylock_page_answer(ngx_conf_t *cf,
    ngx_http_paylock_main_conf_t *pmcf, ngx_http_paylock_loc_conf_t *plcf)
{
    ngx_uint_t                   i;
    ngx_http_paylock_answer_t   *answer, **known;

    known = pmcf->answers.elts;

    for (i = 0; i < pmcf->answers.nelts; i++) {
        if (known[i]->status == plcf->status
            && known[i]->discreet == plcf->discreet
            && known[i]->contact.len == plcf->contact.len
            && ngx_memcmp(known[i]->contact.data, plcf->contact.data,
                          plcf->contact.len)
               == 0)
        {
            return known[i];
        }
    }

    known = ngx_array_push(&pmcf->answers);
    if (known == NULL) {
        return NULL;
    }

    answer = ngx_pcalloc(cf->pool, sizeof(ngx_http_paylock_answer_t));
    if (answer == NULL) {
        return NULL;
    }

    *known = answer;

    answer->status = plcf->status;
    answer->discreet = plcf->discreet;
    answer->contact = plcf->contact;

    if (ngx_http_paylock_page_build(cf, answer) != NGX_OK) {
        return NULL;
    }

    return answer;
}


static ngx_int_t
ngx_http_paylock_page_build(ngx_conf_t *cf, ngx_http_paylock_answer_t *answer)
{
    ngx_uint_t               format, language;
    paylock_page_options_t   options;

    answer->languages = paylock_page_languages(&answer->nlanguages,
                                               ngx_http_paylock_page_alloc,
                                               cf->pool);
    if (answer->languages == NULL) {
        return NGX_ERROR;
    }

    options.status = answer->status;
    options.discreet = answer->discreet;
    options.contact.data = (char *) answer->contact.data;
    options.contact.len = answer->contact.len;

    for (format = 0; format < PAYLOCK_FORMAT_NONE; format++) {

        answer->pages[format] = ngx_palloc(cf->pool, answer->nlanguages
                                                     * sizeof(paylock_page_t));
        if (answer->pages[format] == NULL) {
            return NGX_ERROR;
        }

        options.format = format;

        for (language = 0; language < answer->nlanguages; language++) {
            options.language = language;

            if (paylock_page_build(&answer->pages[format][language], &options,
                                   ngx_http_paylock_page_alloc, cf->pool)
                != 0)
            {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


static void *
ngx_http_paylock_page_alloc(void *pool, size_t size)
{
    return ngx_palloc(pool, size);
}


/* Sets the response's headers; *body is what is to be sent. */

ngx_int_t
ngx_http_paylock_page_header(ngx_http_request_t *r,
    ngx_http_paylock_verdict_t *verdict, ngx_chain_t **body)
{
    ngx_uint_t                    language;
    paylock_format_e              format;
    ngx_http_paylock_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_paylock_module);

    format = ngx_http_paylock_page_format(r);
    language = ngx_http_paylock_page_language(r, plcf->answer);

    r->headers_out.status = plcf->status;
    r->err_status = 0;

    if (ngx_http_paylock_page_set(r, "Cache-Control", "no-store") != NGX_OK
        || ngx_http_paylock_page_set(r, "Vary", "Accept, Accept-Language, "
                                     "Sec-Fetch-Dest, Origin") != NGX_OK
        || ngx_http_paylock_page_set(r, "Access-Control-Allow-Origin", "*")
           != NGX_OK
        || ngx_http_paylock_page_retry_after(r, verdict) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!plcf->discreet
        && ngx_http_paylock_page_set(r, "X-Paylock", "locked") != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (format == PAYLOCK_FORMAT_NONE) {
        return ngx_http_paylock_page_body(r, &ngx_http_paylock_no_page, verdict,
                                          body);
    }

    r->headers_out.content_type = ngx_http_paylock_types[format];
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    if (format != PAYLOCK_FORMAT_JSON) {
        ngx_str_set(&r->headers_out.charset, "utf-8");
    }

    if (ngx_http_paylock_page_set(r, "Content-Language",
                                  plcf->answer->languages[language])
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_paylock_page_body(r, &plcf->answer->pages[format][language],
                                      verdict, body);
}


static paylock_format_e
ngx_http_paylock_page_format(ngx_http_request_t *r)
{
    ngx_str_t  *accept, *dest;

    accept = ngx_http_paylock_page_request_header(r, "accept",
                                                  sizeof("accept") - 1);
    dest = ngx_http_paylock_page_request_header(r, "sec-fetch-dest",
                                                sizeof("sec-fetch-dest") - 1);

    return paylock_negotiate_format(accept ? (char *) accept->data : NULL,
                                    accept ? accept->len : 0,
                                    dest ? (char *) dest->data : NULL,
                                    dest ? dest->len : 0);
}


static ngx_uint_t
ngx_http_paylock_page_language(ngx_http_request_t *r,
    ngx_http_paylock_answer_t *answer)
{
    ngx_str_t  *field;

    field = ngx_http_paylock_page_request_header(r, "accept-language",
                                                sizeof("accept-language") - 1);

    return paylock_negotiate_language(field ? (char *) field->data : NULL,
                                      field ? field->len : 0,
                                      answer->languages, answer->nlanguages);
}


static ngx_str_t *
ngx_http_paylock_page_request_header(ngx_http_request_t *r, const char *name,
    size_t len)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        header = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (header[i].key.len == len
                && ngx_strncasecmp(header[i].key.data, (u_char *) name, len)
                   == 0)
            {
                return &header[i].value;
            }
        }
    }

    return NULL;
}


static ngx_int_t
ngx_http_paylock_page_set(ngx_http_request_t *r, const char *key,
    const char *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key.data = (u_char *) key;
    h->key.len = ngx_strlen(key);
    h->value.data = (u_char *) value;
    h->value.len = ngx_strlen(value);

    return NGX_OK;
}


/* Seconds to the record's next opening, if there is one. */

static ngx_int_t
ngx_http_paylock_page_retry_after(ngx_http_request_t *r,
    ngx_http_paylock_verdict_t *verdict)
{
    u_char                       *p;
    time_t                        after;
    uint32_t                      when;
    paylock_stage_e               stage;
    ngx_http_paylock_loc_conf_t  *plcf;

    plcf = ngx_http_get_module_loc_conf(r, ngx_http_paylock_module);

    after = plcf->retry_after;

    if (after == 0) {
        return NGX_OK;
    }

    if (verdict->found
        && paylock_timeline_next(&verdict->record, ngx_time(), verdict->def,
                                 &when, &stage)
        && stage < verdict->stage
        && (time_t) when > ngx_time())
    {
        after = when - ngx_time();
    }

    p = ngx_pnalloc(r->pool, NGX_TIME_T_LEN + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    *ngx_sprintf(p, "%T", after) = '\0';

    return ngx_http_paylock_page_set(r, "Retry-After", (char *) p);
}


static ngx_int_t
ngx_http_paylock_page_body(ngx_http_request_t *r, paylock_page_t *page,
    ngx_http_paylock_verdict_t *verdict, ngx_chain_t **body)
{
    size_t          i, len;
    ngx_str_t       ref;
    ngx_buf_t      *b;
    ngx_chain_t   **last;
    paylock_str_t   text;

    ref.len = verdict->found ? verdict->record.ref_len : 0;
    ref.data = (u_char *) verdict->record.ref;

    len = 0;
    last = body;

    for (i = 0; i < page->n; i++) {

        text = page->part[i].text;

        if (page->part[i].kind != PAYLOCK_PART_TEXT && ref.len == 0) {
            continue;
        }

        if (page->part[i].kind == PAYLOCK_PART_REF) {
            text.data = (char *) ref.data;
            text.len = ref.len;
        }

        b = ngx_http_paylock_page_buf(r, &last);
        if (b == NULL) {
            return NGX_ERROR;
        }

        b->memory = 1;
        b->pos = (u_char *) text.data;
        b->last = b->pos + text.len;
        len += text.len;
    }

    if (len == 0) {
        b = ngx_http_paylock_page_buf(r, &last);
        if (b == NULL) {
            return NGX_ERROR;
        }
    }

    b->last_buf = 1;
    b->last_in_chain = 1;

    r->headers_out.content_length_n = len;

    return NGX_OK;
}


static ngx_buf_t *
ngx_http_paylock_page_buf(ngx_http_request_t *r, ngx_chain_t ***last)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    b = ngx_calloc_buf(r->pool);
    cl = ngx_alloc_chain_link(r->pool);

    if (b == NULL || cl == NULL) {
        return NULL;
    }

    cl->buf = b;
    cl->next = NULL;

    **last = cl;
    *last = &cl->next;

    return b;
}
