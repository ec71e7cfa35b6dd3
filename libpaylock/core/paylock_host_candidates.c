
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "paylock_host_candidates.h"


/* what paylock_host_next() lists next */

enum {
    PAYLOCK_HOST_STEP_OWN = 0,
    PAYLOCK_HOST_STEP_WWW,
    PAYLOCK_HOST_STEP_FROM,            /* ".x" of the host itself */
    PAYLOCK_HOST_STEP_BELOW,
    PAYLOCK_HOST_STEP_UP               /* ".x" of the next shorter suffix */
};


paylock_host_kind_e
paylock_host_kind(const char *name, size_t len)
{
    static const paylock_host_kind_e  kinds[] = {
        PAYLOCK_HOST_EXACT, PAYLOCK_HOST_FROM, PAYLOCK_HOST_BELOW
    };

    return kinds[paylock_host_suffix(name, len)];
}


void
paylock_host_candidates(paylock_host_candidate_t *c, const char *host,
    size_t len, paylock_host_kind_e kind, int www)
{
    c->host = host;
    c->end = host + len;
    c->step = kind == PAYLOCK_HOST_EXACT ? PAYLOCK_HOST_STEP_OWN
                                         : PAYLOCK_HOST_STEP_FROM;
    c->www = www != 0;
    c->below = kind == PAYLOCK_HOST_BELOW;
}


int
paylock_host_next(paylock_host_candidate_t *c)
{
    static const char  www[] = { 'w', 'w', 'w', '.' };

    switch (c->step) {

    case PAYLOCK_HOST_STEP_OWN:
        c->name = c->host;
        c->kind = PAYLOCK_HOST_EXACT;
        c->step = PAYLOCK_HOST_STEP_WWW;
        break;

    case PAYLOCK_HOST_STEP_WWW:

        if (c->www && (size_t) (c->end - c->host) > sizeof(www)
            && memcmp(c->host, www, sizeof(www)) == 0)
        {
            c->name = c->host + sizeof(www);
            c->step = PAYLOCK_HOST_STEP_FROM;
            break;
        }

        /* fall through */

    case PAYLOCK_HOST_STEP_FROM:
        c->name = c->host;
        c->kind = PAYLOCK_HOST_FROM;
        c->step = c->below ? PAYLOCK_HOST_STEP_BELOW : PAYLOCK_HOST_STEP_UP;
        break;

    case PAYLOCK_HOST_STEP_BELOW:
        c->kind = PAYLOCK_HOST_BELOW;
        c->step = PAYLOCK_HOST_STEP_UP;
        break;

    default:
        c->name = memchr(c->host, '.', c->end - c->host);

        if (c->name == NULL) {
            return 0;
        }

        c->name++;
        c->host = c->name;
        c->kind = PAYLOCK_HOST_FROM;
        c->below = 1;
        c->step = PAYLOCK_HOST_STEP_BELOW;
    }

    c->len = c->end - c->name;

    return 1;
}
