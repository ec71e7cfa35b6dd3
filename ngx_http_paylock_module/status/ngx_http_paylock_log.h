
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Text for the log.
 */


#ifndef _NGX_HTTP_PAYLOCK_LOG_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_LOG_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * ngx_http_paylock_log.c: writes up to NGX_HTTP_PAYLOCK_PRINTABLE bytes of
 * foreign data as printable text, 0-terminated, to dst
 */

#define NGX_HTTP_PAYLOCK_PRINTABLE  128

void ngx_http_paylock_printable(u_char dst[NGX_HTTP_PAYLOCK_PRINTABLE * 4 + 1],
    const char *data, size_t len);


#endif /* _NGX_HTTP_PAYLOCK_LOG_H_INCLUDED_ */
