
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Scans the bytes of RESP2 replies before hiredis decodes them: it knows where
 * each reply ends, and refuses what hiredis would wait or spin for.  It depends
 * on nothing inside hiredis, which differs between 0.14 and 1.x.
 */


#ifndef _PAYLOCK_RESP_SCAN_H_INCLUDED_
#define _PAYLOCK_RESP_SCAN_H_INCLUDED_


#include <stddef.h>


#define PAYLOCK_RESP_DEPTH   7         /* hiredis 0.14 takes no more */
#define PAYLOCK_RESP_DIGITS  20        /* of INT64_MIN with its sign */


typedef enum {
    PAYLOCK_RESP_TYPE = 0,
    PAYLOCK_RESP_IN_LINE,
    PAYLOCK_RESP_LINE_LF,
    PAYLOCK_RESP_BODY,
    PAYLOCK_RESP_CUT,                  /* what hiredis is not given of it */
    PAYLOCK_RESP_BODY_CR,
    PAYLOCK_RESP_BODY_LF
} paylock_resp_state_e;


/* Zeroes are a good beginning, but for the limits of a reply. */

typedef struct {
    const char            *why;        /* the stream is bad from here on */
    char                   text[128];  /* ... if that is made */

    paylock_resp_state_e   state;
    char                   type;
    char                   number[PAYLOCK_RESP_DIGITS];
    size_t                 line;       /* its bytes so far */
    size_t                 body;       /* bytes of the string to come */
    size_t                 cut;        /* ... and those behind, to cut off */
    size_t                 max;        /* bytes of a string; 0: no limit */

    size_t                 max_elements;
    size_t                 max_bytes;
    size_t                 left[PAYLOCK_RESP_DEPTH];   /* elements to come */
    size_t                 depth;
    size_t                 elements;   /* of the reply under way */
    size_t                 bytes;

    size_t                 whole;      /* replies not handed out yet */
    unsigned               fresh:1;    /* an item has become complete */
} paylock_resp_scan_t;


/* Takes a byte, in any state but PAYLOCK_RESP_BODY and PAYLOCK_RESP_CUT. */

void paylock_resp_scan(paylock_resp_scan_t *scan, char c);

/* Takes bytes in these two: returns how many of len belong to the state. */

size_t paylock_resp_scan_body(paylock_resp_scan_t *scan, size_t len);


#endif /* _PAYLOCK_RESP_SCAN_H_INCLUDED_ */
