
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>
#include <string.h>

#include "paylock_escape.h"
#include "paylock_messages.h"
#include "paylock_page.h"
#include "paylock_record.h"
#include "paylock_page_files.h"
#include "paylock_template.h"


typedef struct {
    const paylock_page_options_t  *options;
    paylock_page_t                *page;
    paylock_str_t                  lang;
    paylock_str_t                  texts;     /* of the language */
    char                          *buf;       /* NULL while measuring */
    size_t                         len;
    size_t                         start;     /* of the part begun */
    paylock_part_e                 kind;      /* of the text of the part */
} paylock_draft_t;


static int paylock_page_make(paylock_draft_t *d, paylock_str_t template);
static int paylock_page_expand(paylock_draft_t *d, paylock_str_t template);
static int paylock_page_section(paylock_draft_t *d, paylock_str_t name,
    int wanted, paylock_str_t in);
static int paylock_page_has(paylock_draft_t *d, paylock_str_t name);
static paylock_part_e paylock_page_kind(paylock_str_t name);
static int paylock_page_value(paylock_draft_t *d, paylock_str_t name);
static int paylock_page_insert(paylock_draft_t *d, paylock_part_e kind);
static int paylock_page_end_part(paylock_draft_t *d);
static int paylock_page_add_part(paylock_draft_t *d, paylock_part_e kind);
static void paylock_page_put(paylock_draft_t *d, paylock_str_t s);
static char *paylock_page_end(paylock_draft_t *d);


const char *const *
paylock_page_languages(size_t *n, void *(*alloc)(void *ctx, size_t size),
    void *ctx)
{
    char           *p;
    size_t          i, size;
    const char    **tags;
    paylock_str_t   file, tag, texts;

    size = 0;
    file = paylock_texts_txt;

    for (i = 0; paylock_messages_language(file, i, &tag, &texts); i++) {
        size += sizeof(char *) + tag.len + 1;
    }

    if (i == 0 || i > PAYLOCK_PAGE_LANGUAGES) {
        return NULL;
    }

    tags = alloc(ctx, size);
    if (tags == NULL) {
        return NULL;
    }

    *n = i;
    p = (char *) &tags[i];

    for (i = 0; paylock_messages_language(file, i, &tag, &texts); i++) {
        tags[i] = p;
        memcpy(p, tag.data, tag.len);
        p[tag.len] = '\0';
        p += tag.len + 1;
    }

    return tags;
}


int
paylock_page_build(paylock_page_t *page,
    const paylock_page_options_t *options,
    void *(*alloc)(void *ctx, size_t size), void *ctx)
{
    paylock_str_t    template;
    paylock_draft_t  d;

    page->n = 0;

    switch (options->format) {

    case PAYLOCK_FORMAT_HTML:
        template = paylock_page_html;
        break;

    case PAYLOCK_FORMAT_JSON:
        template = paylock_page_json;
        break;

    case PAYLOCK_FORMAT_TEXT:
        template = paylock_page_txt;
        break;

    default:
        return 0;
    }

    memset(&d, 0, sizeof(paylock_draft_t));
    d.options = options;
    d.page = page;

    if (!paylock_messages_language(paylock_texts_txt,
                                   options->language, &d.lang, &d.texts)
        || paylock_page_date_read(&page->date, d.texts) != 0
        || paylock_page_make(&d, template) != 0)
    {
        return -1;
    }

    page->date.rfc3339 = options->format == PAYLOCK_FORMAT_JSON;

    d.buf = alloc(ctx, d.len);
    if (d.buf == NULL) {
        return -1;
    }

    return paylock_page_make(&d, template);
}


static int
paylock_page_make(paylock_draft_t *d, paylock_str_t template)
{
    d->page->n = 0;
    d->page->size = 0;
    d->len = 0;
    d->start = 0;

    return paylock_page_expand(d, template) == 0 ? paylock_page_end_part(d)
                                                 : -1;
}


static int
paylock_page_expand(paylock_draft_t *d, paylock_str_t template)
{
    int               rc, found;
    paylock_str_t     in;
    paylock_marker_t  m;

    do {
        found = paylock_template_next(&template, &m);
        paylock_page_put(d, m.text);

        if (found != 1) {
            return found;
        }

        if (m.kind == '\0') {
            rc = paylock_page_value(d, m.name);

        } else if (m.kind == '/'
                   || paylock_template_section(&template, m.name, &in) != 0)
        {
            rc = -1;

        } else {
            rc = paylock_page_section(d, m.name, m.kind == '#', in);
        }

    } while (rc == 0);

    return -1;
}


/* A section about the ref or the date becomes parts, shown by the request. */

static int
paylock_page_section(paylock_draft_t *d, paylock_str_t name, int wanted,
    paylock_str_t in)
{
    int             has;
    paylock_part_e  kind;

    has = paylock_page_has(d, name);
    kind = paylock_page_kind(name);

    if (has == -1
        || (kind != PAYLOCK_PART_TEXT
            && (!wanted || d->kind != PAYLOCK_PART_TEXT)))
    {
        return -1;
    }

    if (has != wanted) {
        return 0;
    }

    if (kind == PAYLOCK_PART_TEXT) {
        return paylock_page_expand(d, in);
    }

    if (paylock_page_end_part(d) != 0) {
        return -1;
    }

    d->kind = kind;

    if (paylock_page_expand(d, in) != 0 || paylock_page_end_part(d) != 0) {
        return -1;
    }

    d->kind = PAYLOCK_PART_TEXT;

    return 0;
}


/* Can the page have a value of this name?  -1: there is no such name. */

static int
paylock_page_has(paylock_draft_t *d, paylock_str_t name)
{
    if (paylock_str_is(name, "discreet")) {
        return d->options->discreet;
    }

    if (paylock_str_is(name, "contact")) {
        return !d->options->discreet && d->options->contact;
    }

    return paylock_page_kind(name) != PAYLOCK_PART_TEXT
           ? !d->options->discreet : -1;
}


/* The kind of the parts in a section of this name. */

static paylock_part_e
paylock_page_kind(paylock_str_t name)
{
    return paylock_str_is(name, "ref") ? PAYLOCK_PART_REF_TEXT
           : paylock_str_is(name, "until") ? PAYLOCK_PART_UNTIL_TEXT
           : PAYLOCK_PART_TEXT;
}


static int
paylock_page_value(paylock_draft_t *d, paylock_str_t name)
{
    int            n;
    char           status[16];
    paylock_str_t  text;

    if (paylock_str_is(name, "ref")) {
        return d->kind == PAYLOCK_PART_REF_TEXT
               ? paylock_page_insert(d, PAYLOCK_PART_REF) : -1;
    }

    if (paylock_str_is(name, "until")) {
        return d->kind == PAYLOCK_PART_UNTIL_TEXT
               ? paylock_page_insert(d, PAYLOCK_PART_UNTIL) : -1;
    }

    if (paylock_str_is(name, "contact")) {
        return paylock_page_insert(d, PAYLOCK_PART_CONTACT);
    }

    if (paylock_str_is(name, "lang")) {
        paylock_page_put(d, d->lang);
        return 0;
    }

    if (paylock_str_is(name, "status")) {
        n = snprintf(status, sizeof(status), "%u", d->options->status);
        paylock_page_put(d, (paylock_str_t) { status, n });
        return 0;
    }

    /* a discreet page has texts of its own: it cannot say too much */

    text = paylock_messages_find(d->texts,
                                 d->options->discreet ? "discreet_" : "",
                                 name);
    d->len += paylock_escape(paylock_page_end(d), d->options->format, text);

    return text.len ? 0 : -1;
}


/* A part that the request fills in. */

static int
paylock_page_insert(paylock_draft_t *d, paylock_part_e kind)
{
    return paylock_page_end_part(d) == 0 ? paylock_page_add_part(d, kind) : -1;
}


/* Ends the part under way, unless it is empty. */

static int
paylock_page_end_part(paylock_draft_t *d)
{
    return d->len == d->start ? 0 : paylock_page_add_part(d, d->kind);
}


static int
paylock_page_add_part(paylock_draft_t *d, paylock_part_e kind)
{
    paylock_part_t  *part;

    if (d->page->n == PAYLOCK_PAGE_PARTS) {
        return -1;
    }

    part = &d->page->part[d->page->n++];

    part->kind = kind;
    part->text.data = d->buf ? d->buf + d->start : NULL;
    part->text.len = d->len - d->start;

    d->start = d->len;

    d->page->size += kind == PAYLOCK_PART_REF ? PAYLOCK_REF_MAX
                     : kind == PAYLOCK_PART_UNTIL ? PAYLOCK_PAGE_DATE
                     : part->text.len;

    return 0;
}


static void
paylock_page_put(paylock_draft_t *d, paylock_str_t s)
{
    if (d->buf) {
        memcpy(d->buf + d->len, s.data, s.len);
    }

    d->len += s.len;
}


/* Where to write; NULL while measuring. */

static char *
paylock_page_end(paylock_draft_t *d)
{
    return d->buf ? d->buf + d->len : NULL;
}
