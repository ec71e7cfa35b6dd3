
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_http_paylock_log.h"


void
ngx_http_paylock_printable(u_char dst[NGX_HTTP_PAYLOCK_PRINTABLE * 4 + 1],
    const char *data, size_t len)
{
    size_t  i;

    for (i = 0; i < ngx_min(len, NGX_HTTP_PAYLOCK_PRINTABLE); i++) {

        if (data[i] >= 0x20 && data[i] < 0x7f) {
            *dst++ = data[i];

        } else {
            dst = ngx_sprintf(dst, "\\x%02Xd", (u_char) data[i]);
        }
    }

    *dst = '\0';
}
