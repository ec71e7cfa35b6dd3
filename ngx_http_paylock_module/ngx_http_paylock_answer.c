
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The pages that locations answer with, put together with the configuration.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_paylock_answer.h"


static void *ngx_http_paylock_answer_alloc(void *pool, size_t size);
static ngx_int_t ngx_http_paylock_answer_build(ngx_conf_t *cf,
    ngx_http_paylock_answer_t *answer);


/* Locations that answer alike share one set of pages. */

ngx_http_paylock_answer_t *
ngx_http_paylock_answer_get(ngx_conf_t *cf,
    ngx_http_paylock_main_conf_t *pmcf, ngx_http_paylock_loc_conf_t *plcf)
{
    ngx_uint_t                   i;
    ngx_http_paylock_answer_t   *answer, **known;

    known = pmcf->answers.elts;

    for (i = 0; i < pmcf->answers.nelts; i++) {
        if (known[i]->status == plcf->status
            && known[i]->discreet == plcf->discreet
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

    answer->status = plcf->status;
    answer->discreet = plcf->discreet;
    answer->template = plcf->template;
    answer->contact = plcf->contact;

    if (ngx_http_paylock_answer_build(cf, answer) != NGX_OK) {
        return NULL;
    }

    return answer;
}


static ngx_int_t
ngx_http_paylock_answer_build(ngx_conf_t *cf, ngx_http_paylock_answer_t *answer)
{
    ngx_uint_t               format, language;
    paylock_page_options_t   options;

    answer->languages = paylock_page_languages(&answer->nlanguages,
                                               ngx_http_paylock_answer_alloc,
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
                                   ngx_http_paylock_answer_alloc, cf->pool)
                != 0)
            {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


static void *
ngx_http_paylock_answer_alloc(void *pool, size_t size)
{
    return ngx_palloc(pool, size);
}
