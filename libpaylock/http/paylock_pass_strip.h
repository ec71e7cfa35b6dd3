
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Removes passes from what a client sends, and from what is logged and passed
 * on; and from answers the permission for caches to share them.
 */


#ifndef _PAYLOCK_PASS_STRIP_H_INCLUDED_
#define _PAYLOCK_PASS_STRIP_H_INCLUDED_


#include <stddef.h>


/* called for each token that is found */

typedef void (*paylock_pass_found_pt)(void *data, const char *token,
    size_t len);


/*
 * Removes our cookies from the value of a Cookie header, in place; all others
 * stay byte for byte.  Returns the new length; a value that became shorter ends
 * with a zero.
 */

size_t paylock_pass_strip_cookie(char *value, size_t len,
    paylock_pass_found_pt found, void *data);

/*
 * Writes a query (what stands behind "?") to dst without our argument.  dst
 * has room for len bytes and may be args itself.  Returns the new length.
 */

size_t paylock_pass_strip_query(const char *args, size_t len, char *dst,
    paylock_pass_found_pt found, void *data);

/*
 * Writes a request line, or any text, to dst with "***" in the place of each
 * token; dst takes PAYLOCK_PASS_STRIP_MASKED(len) bytes.  Returns the new
 * length, or 0 if there is nothing to mask; dst may be NULL to find that out.
 */

#define PAYLOCK_PASS_STRIP_MASKED(len)  ((len) + (len) / 4 + 4)

size_t paylock_pass_strip_mask(const char *text, size_t len, char *dst);

/*
 * Writes the path of a request to dst (3 * len + 3 bytes) as a reference that
 * every client resolves to the same path of the same site.  Returns the
 * length.
 */

size_t paylock_pass_strip_path(const char *path, size_t len, char *dst);

/*
 * Removes from the value of a Cache-Control header, in place, what lets a cache
 * share the answer, and "private".  Returns the new length.
 */

size_t paylock_pass_strip_public(char *value, size_t len);


#endif /* _PAYLOCK_PASS_STRIP_H_INCLUDED_ */
