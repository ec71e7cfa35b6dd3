
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What holds for a request, and for its subrequests as well.
 */


#ifndef _NGX_HTTP_PAYLOCK_JUDGE_H_INCLUDED_
#define _NGX_HTTP_PAYLOCK_JUDGE_H_INCLUDED_


#include "ngx_http_paylock_verdict.h"


/*
 * The verdict on a request, or its main one; NULL when out of memory.
 * judge_name() is for one that was not judged yet; a key with variables is
 * left to judge().
 */

ngx_http_paylock_verdict_t *ngx_http_paylock_judge(ngx_http_request_t *r);
ngx_http_paylock_verdict_t *ngx_http_paylock_judge_name(ngx_http_request_t *r);


#endif /* _NGX_HTTP_PAYLOCK_JUDGE_H_INCLUDED_ */
