
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What "nginx -T" prints: the text of all files of its configuration.
 */


#ifndef _NGINX_DUMP_H_INCLUDED_
#define _NGINX_DUMP_H_INCLUDED_


#include <stddef.h>


/*
 * The first directive with that name, up to the end of its line; NULL: there
 * is none, or it is in a comment.
 */

const char *nginx_dump_find(const char *dump, const char *name, size_t *len);

/* Is a module with that name loaded? */

int nginx_dump_loads(const char *dump, const char *module);

/* The first error that nginx wrote, without control characters. */

void nginx_dump_error(const char *err, char text[512]);


#endif /* _NGINX_DUMP_H_INCLUDED_ */
