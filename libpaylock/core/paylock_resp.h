
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Capped RESP2 decoding: hiredis' reader behind a scanner, which refuses a
 * reply over the limits below as soon as its announcement has been read.
 * https://redis.io/docs/reference/protocol-spec/
 */


#ifndef _PAYLOCK_RESP_H_INCLUDED_
#define _PAYLOCK_RESP_H_INCLUDED_


#include <stddef.h>

#include <hiredis/hiredis.h>


/* of one reply, nested elements counted, where no more is expected */

#define PAYLOCK_RESP_ELEMENTS  65536
#define PAYLOCK_RESP_BYTES     (16 * 1024 * 1024)


typedef struct paylock_resp_s  paylock_resp_t;


/* Returns NULL when out of memory. */

paylock_resp_t *paylock_resp_create(void);
void paylock_resp_free(paylock_resp_t *resp);

/* From now on a reply may have so many elements and bytes, if that is more. */

void paylock_resp_expect(paylock_resp_t *resp, size_t elements, size_t bytes);

/*
 * From here on a string of more than max bytes is cut there, and what is cut
 * off counts for nothing; 0: none is.  Between two replies only.
 */

void paylock_resp_trim(paylock_resp_t *resp, size_t max);

/*
 * Takes in bytes as they were received; take out the whole replies before
 * the next ones come.  Returns NULL, or why the stream of replies cannot go
 * on, as a text that lives as long as resp; replies not yet taken are lost.
 */

const char *paylock_resp_feed(paylock_resp_t *resp, const char *data,
    size_t len);

/*
 * The next whole reply, which the caller frees with freeReplyObject(), in
 * *reply; NULL there if more bytes are needed.  Returns as above.
 */

const char *paylock_resp_next(paylock_resp_t *resp, redisReply **reply);

/* Are there bytes that belong to no reply handed out so far? */

int paylock_resp_pending(const paylock_resp_t *resp);


#endif /* _PAYLOCK_RESP_H_INCLUDED_ */
