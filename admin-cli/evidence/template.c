
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "evidence/template.h"
#include "paylock_escape.h"


#define TEMPLATE_NAME  64              /* "{{/", a name, "}}" */


static int template_marker(paylock_str_t *s, paylock_str_t *before,
    paylock_str_t *name);
static int template_section(paylock_str_t *s, paylock_str_t name,
    paylock_str_t *in);
static const template_value_t *template_find(const template_t *t,
    paylock_str_t name);
static int template_put(const template_t *t, paylock_str_t value, FILE *f);


void
template_set(template_t *t, const char *name, paylock_str_t value)
{
    if (t->n < TEMPLATE_VALUES && value.len) {
        t->value[t->n].name = name;
        t->value[t->n].value = value;
        t->value[t->n].raw = 0;
        t->n++;
    }
}


void
template_print(template_t *t, const char *name, const char *fmt, ...)
{
    int            len;
    size_t         left;
    va_list        args;
    paylock_str_t  s;

    s.data = t->made + t->used;
    left = sizeof(t->made) - t->used;

    va_start(args, fmt);
    len = vsnprintf(t->made + t->used, left, fmt, args);
    va_end(args);

    if (len > 0 && (size_t) len < left) {
        s.len = (size_t) len;
        t->used += s.len;
        template_set(t, name, s);
    }
}


void
template_text(template_t *t, const char *name, const char *prefix,
    paylock_str_t text)
{
    size_t  n;

    n = t->n;
    template_set(t, name, paylock_messages_find(t->texts, prefix, text));

    if (t->n > n) {
        t->value[n].raw = 1;
    }
}


void
template_clear(template_t *t)
{
    t->n = 0;
    t->used = 0;
}


int
template_write(const template_t *t, paylock_str_t s, FILE *f)
{
    int                      rc, negated;
    paylock_str_t            text, name, in;
    const template_value_t  *value;

    rc = 0;

    while (rc == 0 && template_marker(&s, &text, &name)) {
        (void) fwrite(text.data, 1, text.len, f);

        if (name.data[0] == '#' || name.data[0] == '^') {
            negated = name.data[0] == '^';
            name.data++;
            name.len--;

            if (template_section(&s, name, &in)
                && (template_find(t, name) == NULL) == negated)
            {
                rc = template_write(t, in, f);
            }

            continue;
        }

        value = template_find(t, name);

        if (value && !value->raw) {
            rc = template_put(t, value->value, f);

        } else {
            rc = template_write(t, value ? value->value
                                   : paylock_messages_find(t->texts, "", name),
                                f);
        }
    }

    (void) fwrite(s.data, 1, s.len, f);

    return rc;
}


int
template_cut(paylock_str_t *s, const char *name, paylock_str_t *before,
    paylock_str_t *in)
{
    paylock_str_t  found, text;

    before->data = s->data;

    while (template_marker(s, &text, &found)) {
        before->len = (size_t) (text.data + text.len - before->data);

        if (found.len == strlen(name) + 1 && found.data[0] == '#'
            && memcmp(found.data + 1, name, found.len - 1) == 0)
        {
            found.data++;
            found.len--;

            return template_section(s, found, in);
        }
    }

    return 0;
}


/* Cuts off what stands before the next marker, and the marker. */

static int
template_marker(paylock_str_t *s, paylock_str_t *before, paylock_str_t *name)
{
    const char  *p, *end;

    p = memmem(s->data, s->len, "{{", 2);
    end = p ? memmem(p, s->len - (size_t) (p - s->data), "}}", 2) : NULL;

    if (end == NULL || end == p + 2) {
        return 0;
    }

    before->data = s->data;
    before->len = (size_t) (p - s->data);
    name->data = p + 2;
    name->len = (size_t) (end - name->data);

    s->len -= (size_t) (end + 2 - s->data);
    s->data = end + 2;

    return 1;
}


/* Cuts off what a section holds; its markers may have lines of their own. */

static int
template_section(paylock_str_t *s, paylock_str_t name, paylock_str_t *in)
{
    int          len;
    char         mark[TEMPLATE_NAME];
    const char  *end;

    len = snprintf(mark, sizeof(mark), "{{/%.*s}}", (int) name.len, name.data);
    end = memmem(s->data, s->len, mark, (size_t) len);

    if (end == NULL) {
        return 0;
    }

    in->data = s->data;
    in->len = (size_t) (end - s->data);

    if (in->len && in->data[0] == '\n') {
        in->data++;
        in->len--;
    }

    end += len;
    s->len -= (size_t) (end - s->data);
    s->data = end;

    if (s->len && s->data[0] == '\n') {
        s->data++;
        s->len--;
    }

    return 1;
}


static const template_value_t *
template_find(const template_t *t, paylock_str_t name)
{
    size_t  i;

    for (i = 0; i < t->n; i++) {
        if (strlen(t->value[i].name) == name.len
            && memcmp(t->value[i].name, name.data, name.len) == 0)
        {
            return &t->value[i];
        }
    }

    return NULL;
}


/* What would turn a line round is made visible before it is escaped. */

static int
template_put(const template_t *t, paylock_str_t value, FILE *f)
{
    char           *safe, *out;
    size_t          len;
    paylock_str_t   s;

    safe = text_safe(value.data, value.len);

    if (safe == NULL) {
        return -1;
    }

    s.data = safe;
    s.len = strlen(safe);

    len = paylock_escape(NULL, t->format, s);
    out = malloc(len);

    if (out) {
        (void) paylock_escape(out, t->format, s);
        (void) fwrite(out, 1, len, f);
    }

    free(safe);
    free(out);

    return out ? 0 : -1;
}
