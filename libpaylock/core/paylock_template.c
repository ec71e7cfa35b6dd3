
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE

#include <string.h>

#include "paylock_template.h"


static void paylock_template_skip(paylock_str_t *s, size_t n);
static int paylock_template_same(paylock_str_t one, paylock_str_t two);


int
paylock_template_next(paylock_str_t *s, paylock_marker_t *m)
{
    const char  *p, *end;

    m->text = *s;
    p = memmem(s->data, s->len, "{{", 2);

    if (p == NULL) {
        paylock_template_skip(s, s->len);
        return 0;
    }

    m->text.len = (size_t) (p - s->data);
    paylock_template_skip(s, m->text.len + 2);

    end = memmem(s->data, s->len, "}}", 2);

    if (end == NULL || end == s->data) {
        return -1;
    }

    m->name.data = s->data;
    m->name.len = (size_t) (end - s->data);
    m->kind = '\0';

    paylock_template_skip(s, m->name.len + 2);

    if (memchr("#^/", m->name.data[0], 3)) {
        m->kind = m->name.data[0];
        paylock_template_skip(&m->name, 1);

        if (s->len && s->data[0] == '\n') {
            paylock_template_skip(s, 1);
        }
    }

    return m->name.len ? 1 : -1;
}


int
paylock_template_section(paylock_str_t *s, paylock_str_t name,
    paylock_str_t *in)
{
    size_t            depth;
    paylock_marker_t  m;

    in->data = s->data;
    depth = 1;

    while (paylock_template_next(s, &m) == 1) {

        if (m.kind == '\0' || !paylock_template_same(m.name, name)) {
            continue;
        }

        depth += m.kind == '/' ? -1 : 1;

        if (depth == 0) {
            in->len = (size_t) (m.text.data + m.text.len - in->data);
            return 0;
        }
    }

    return -1;
}


static void
paylock_template_skip(paylock_str_t *s, size_t n)
{
    s->data += n;
    s->len -= n;
}


static int
paylock_template_same(paylock_str_t one, paylock_str_t two)
{
    return one.len == two.len && memcmp(one.data, two.data, one.len) == 0;
}
