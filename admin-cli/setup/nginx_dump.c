
/*
 * Copyright (C) 2026 paylock contributors
 */


#define _GNU_SOURCE

#include <stdio.h>
#include <string.h>

#include "setup/nginx_dump.h"


static int nginx_dump_counts(const char *dump, const char *p, size_t len);


const char *
nginx_dump_find(const char *dump, const char *name, size_t *len)
{
    size_t       n;
    const char  *p;

    n = strlen(name);

    for (p = strstr(dump, name); p; p = strstr(p + n, name)) {
        if (nginx_dump_counts(dump, p, n)) {
            *len = strcspn(p, "\n");
            return p;
        }
    }

    return NULL;
}


/* Is it a word at the beginning of a directive, and in no comment? */

static int
nginx_dump_counts(const char *dump, const char *p, size_t len)
{
    const char  *line, *q;

    line = p;

    while (line > dump && line[-1] != '\n') {
        line--;
    }

    if (memchr(line, '#', (size_t) (p - line))
        || strchr(" \t\n", p[len]) == NULL)
    {
        return 0;
    }

    for (q = p; q > line && strchr(" \t", q[-1]); q--) { /* void */ }

    return q == line || strchr(";{}", q[-1]) != NULL;
}


int
nginx_dump_loads(const char *dump, const char *module)
{
    size_t       len;
    const char  *p;

    for (p = dump; (p = nginx_dump_find(p, "load_module", &len)); p += len) {
        if (memmem(p, len, module, strlen(module))) {
            return 1;
        }
    }

    return 0;
}


void
nginx_dump_error(const char *err, char text[512])
{
    size_t       i;
    const char  *p;

    p = strstr(err, "[emerg]");
    p = p ? p + sizeof("[emerg]") : err;

    (void) snprintf(text, 512, "%.*s", (int) strcspn(p, "\n"), p);

    for (i = 0; text[i]; i++) {
        if ((unsigned char) text[i] < ' ') {
            text[i] = ' ';
        }
    }
}
