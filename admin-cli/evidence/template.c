
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "evidence/template.h"
#include "paylock_escape.h"
#include "paylock_messages.h"
#include "paylock_template.h"


static int template_section(const template_t *t, const paylock_marker_t *m,
    paylock_str_t *s, FILE *f);
static int template_value(const template_t *t, paylock_str_t name, FILE *f);
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
    int               rc, found;
    paylock_marker_t  m;

    do {
        found = paylock_template_next(&s, &m);
        (void) fwrite(m.text.data, 1, m.text.len, f);

        if (found != 1) {
            return found;
        }

        rc = m.kind ? template_section(t, &m, &s, f)
                    : template_value(t, m.name, f);

    } while (rc == 0);

    return -1;
}


static int
template_section(const template_t *t, const paylock_marker_t *m,
    paylock_str_t *s, FILE *f)
{
    paylock_str_t  in;

    if (m->kind == '/' || paylock_template_section(s, m->name, &in) != 0) {
        return -1;
    }

    return (template_find(t, m->name) != NULL) == (m->kind == '#')
           ? template_write(t, in, f) : 0;
}


/* Writes a value, or a text of the language, which may have markers. */

static int
template_value(const template_t *t, paylock_str_t name, FILE *f)
{
    const template_value_t  *value;

    value = template_find(t, name);

    if (value == NULL) {
        return template_write(t, paylock_messages_find(t->texts, "", name), f);
    }

    return value->raw ? template_write(t, value->value, f)
                      : template_put(t, value->value, f);
}


int
template_cut(paylock_str_t *s, const char *name, paylock_str_t *before,
    paylock_str_t *in)
{
    paylock_marker_t  m;

    before->data = s->data;

    while (paylock_template_next(s, &m) == 1) {
        before->len = (size_t) (m.text.data + m.text.len - before->data);

        if (m.kind == '#' && paylock_str_is(m.name, name)) {
            return paylock_template_section(s, m.name, in) == 0;
        }
    }

    return 0;
}


static const template_value_t *
template_find(const template_t *t, paylock_str_t name)
{
    size_t  i;

    for (i = 0; i < t->n; i++) {
        if (paylock_str_is(name, t->value[i].name)) {
            return &t->value[i];
        }
    }

    return NULL;
}


/* Writes a value, after characters that change direction are escaped. */

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
