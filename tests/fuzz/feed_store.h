/*
 * Copyright (C) 2026 paylock contributors
 *
 * Before the writer of the table makes anything visible, the fuzzer looks at
 * what readers see, or kills it.
 */


#ifndef _FEED_STORE_H_INCLUDED_
#define _FEED_STORE_H_INCLUDED_


void feed_store(void);

#define ngx_http_paylock_store(p, v)                                          \
    (feed_store(), __atomic_store_n(p, v, __ATOMIC_RELEASE))


#endif /* _FEED_STORE_H_INCLUDED_ */
