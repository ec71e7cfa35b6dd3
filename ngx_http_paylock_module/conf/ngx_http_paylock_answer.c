
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The pages that locations answer with, built when the configuration is read.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_answer.h"
#include "paylock_contact.h"


static ngx_http_paylock_pages_t *ngx_http_paylock_answer_pages(
    ngx_conf_t *cf, ngx_http_paylock_main_conf_t *pmcf,
    ngx_http_paylock_loc_conf_t *plcf);
static ngx_int_t ngx_http_paylock_answer_build(ngx_conf_t *cf,
    ngx_http_paylock_pages_t *pages);
static ngx_int_t ngx_http_paylock_answer_contacts(ngx_conf_t *cf,
    ngx_http_paylock_answer_t *answer);
static void *ngx_http_paylock_answer_alloc(void *pool, size_t size);


/* Locations that answer alike share one answer. */

ngx_http_paylock_answer_t *
ngx_http_paylock_answer_get(ngx_conf_t *cf,
    ngx_http_paylock_main_conf_t *pmcf, ngx_http_paylock_loc_conf_t *plcf)
{
    ngx_uint_t                   i;
    ngx_http_paylock_pages_t    *pages;
    ngx_http_paylock_answer_t   *answer, **known;

    pages = ngx_http_paylock_answer_pages(cf, pmcf, plcf);
    if (pages == NULL) {
        return NULL;
    }

    known = pmcf->answers.elts;

    for (i = 0; i < pmcf->answers.nelts; i++) {
        if (known[i]->pages == pages
            && known[i]->template == plcf->template
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

    answer->pages = pages;
    answer->template = plcf->template;
    answer->contact = plcf->contact;

    return ngx_http_paylock_answer_contacts(cf, answer) == NGX_OK ? answer
                                                                  : NULL;
}


static ngx_http_paylock_pages_t *
ngx_http_paylock_answer_pages(ngx_conf_t *cf,
    ngx_http_paylock_main_conf_t *pmcf, ngx_http_paylock_loc_conf_t *plcf)
{
    ngx_uint_t                  i, contact;
    ngx_http_paylock_pages_t  **known, *pages;

    contact = plcf->contact.len != 0;
    known = pmcf->pages.elts;

    for (i = 0; i < pmcf->pages.nelts; i++) {
        if (known[i]->status == plcf->status
            && known[i]->discreet == plcf->discreet
            && known[i]->contact == contact)
        {
            return known[i];
        }
    }

    known = ngx_array_push(&pmcf->pages);
    if (known == NULL) {
        return NULL;
    }

    pages = ngx_pcalloc(cf->pool, sizeof(ngx_http_paylock_pages_t));
    if (pages == NULL) {
        return NULL;
    }

    *known = pages;

    pages->status = plcf->status;
    pages->discreet = plcf->discreet;
    pages->contact = contact;

    return ngx_http_paylock_answer_build(cf, pages) == NGX_OK ? pages : NULL;
}


static ngx_int_t
ngx_http_paylock_answer_build(ngx_conf_t *cf, ngx_http_paylock_pages_t *pages)
{
    ngx_uint_t               format, language;
    paylock_page_options_t   options;

    pages->languages = paylock_page_languages(&pages->nlanguages,
                                              ngx_http_paylock_answer_alloc,
                                              cf->pool);
    if (pages->languages == NULL) {
        return NGX_ERROR;
    }

    options.status = pages->status;
    options.discreet = pages->discreet;
    options.contact = pages->contact;

    for (format = 0; format < PAYLOCK_FORMAT_NONE; format++) {

        pages->page[format] = ngx_palloc(cf->pool, pages->nlanguages
                                                   * sizeof(paylock_page_t));
        if (pages->page[format] == NULL) {
            return NGX_ERROR;
        }

        options.format = format;

        for (language = 0; language < pages->nlanguages; language++) {
            options.language = language;

            if (paylock_page_build(&pages->page[format][language], &options,
                                   ngx_http_paylock_answer_alloc, cf->pool)
                != 0)
            {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_paylock_answer_contacts(ngx_conf_t *cf,
    ngx_http_paylock_answer_t *answer)
{
    ngx_str_t      *text;
    ngx_uint_t      format;
    paylock_str_t   contact;

    contact.data = (char *) answer->contact.data;
    contact.len = answer->contact.len;

    for (format = 0; format < PAYLOCK_FORMAT_NONE; format++) {

        text = &answer->contacts[format];

        text->len = paylock_contact(NULL, format, contact);
        text->data = ngx_pnalloc(cf->pool, text->len + 1);
        if (text->data == NULL) {
            return NGX_ERROR;
        }

        (void) paylock_contact((char *) text->data, format, contact);
    }

    return NGX_OK;
}


static void *
ngx_http_paylock_answer_alloc(void *pool, size_t size)
{
    return ngx_palloc(pool, size);
}
