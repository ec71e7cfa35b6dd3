
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>
#include <stdlib.h>

#include "paylock_resp.h"
#include "paylock_resp_scan.h"


#define PAYLOCK_RESP_KEPT  (512 * 1024)   /* bytes of a buffer that is empty */


struct paylock_resp_s {
    redisReader          *reader;
    paylock_resp_scan_t   scan;
    unsigned              held:1;      /* a length that hiredis waits for */
};


static void paylock_resp_give(paylock_resp_t *resp, const char *from,
    const char *to);
static void paylock_resp_length(paylock_resp_t *resp);


paylock_resp_t *
paylock_resp_create(void)
{
    paylock_resp_t  *resp;

    resp = calloc(1, sizeof(paylock_resp_t));

    if (resp == NULL) {
        return NULL;
    }

    resp->reader = redisReaderCreate();

    if (resp->reader == NULL) {
        free(resp);
        return NULL;
    }

    /* a new buffer for each large reply costs more than to read it */

    resp->reader->maxbuf = PAYLOCK_RESP_KEPT;

    resp->scan.max_elements = PAYLOCK_RESP_ELEMENTS;
    resp->scan.max_bytes = PAYLOCK_RESP_BYTES;

    return resp;
}


void
paylock_resp_expect(paylock_resp_t *resp, size_t elements, size_t bytes)
{
    if (elements > resp->scan.max_elements) {
        resp->scan.max_elements = elements;
    }

    if (bytes > resp->scan.max_bytes) {
        resp->scan.max_bytes = bytes;
    }
}


void
paylock_resp_free(paylock_resp_t *resp)
{
    if (resp == NULL) {
        return;
    }

    redisReaderFree(resp->reader);
    free(resp);
}


void
paylock_resp_trim(paylock_resp_t *resp, size_t max)
{
    resp->scan.max = max;
}


/* Where a string is cut, hiredis is told another length than Redis told. */

const char *
paylock_resp_feed(paylock_resp_t *resp, const char *data, size_t len)
{
    const char           *p, *from, *end;
    paylock_resp_scan_t  *scan;

    p = data;
    from = data;
    end = data + len;
    scan = &resp->scan;

    while (p < end && scan->why == NULL) {

        if (scan->state == PAYLOCK_RESP_CUT) {
            p += paylock_resp_scan_body(scan, (size_t) (end - p));
            from = p;
            continue;
        }

        if (scan->state == PAYLOCK_RESP_BODY) {
            p += paylock_resp_scan_body(scan, (size_t) (end - p));

            if (scan->state == PAYLOCK_RESP_CUT) {
                paylock_resp_give(resp, from, p);
                from = p;
            }

            continue;
        }

        if (scan->max && scan->state == PAYLOCK_RESP_TYPE && *p == '$') {
            paylock_resp_give(resp, from, p);
            resp->held = 1;
        }

        paylock_resp_scan(scan, *p++);

        if (resp->held) {
            from = p;

            if (scan->state != PAYLOCK_RESP_IN_LINE
                && scan->state != PAYLOCK_RESP_LINE_LF)
            {
                paylock_resp_length(resp);
            }
        }
    }

    paylock_resp_give(resp, from, end);

    return scan->why;
}


static void
paylock_resp_give(paylock_resp_t *resp, const char *from, const char *to)
{
    if (resp->scan.why == NULL && from < to
        && redisReaderFeed(resp->reader, from, (size_t) (to - from))
           != REDIS_OK)
    {
        resp->scan.why = resp->reader->errstr;
    }
}


/* Gives hiredis the length that was held back, as it is after the cut. */

static void
paylock_resp_length(paylock_resp_t *resp)
{
    int   n;
    char  line[PAYLOCK_RESP_DIGITS + 8];

    resp->held = 0;

    n = resp->scan.state == PAYLOCK_RESP_TYPE
        ? snprintf(line, sizeof(line), "$-1\r\n")
        : snprintf(line, sizeof(line), "$%zu\r\n", resp->scan.body);

    paylock_resp_give(resp, line, line + n);
}


const char *
paylock_resp_next(paylock_resp_t *resp, redisReply **reply)
{
    void                 *object;
    paylock_resp_scan_t  *scan;

    scan = &resp->scan;
    *reply = NULL;

    if (scan->why || !scan->fresh) {
        return scan->why;
    }

    if (redisReaderGetReply(resp->reader, &object) != REDIS_OK) {
        scan->why = resp->reader->errstr;
        return scan->why;
    }

    if ((object != NULL) != (scan->whole != 0)) {
        freeReplyObject(object);
        scan->why = "hiredis sees the end of a reply elsewhere than paylock";
        return scan->why;
    }

    if (object == NULL) {
        scan->fresh = 0;
        return NULL;
    }

    scan->whole--;
    *reply = object;

    return NULL;
}


int
paylock_resp_pending(const paylock_resp_t *resp)
{
    return resp->scan.whole != 0 || resp->scan.bytes != 0;
}
