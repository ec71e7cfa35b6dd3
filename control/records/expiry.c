
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>
#include <string.h>

#include "records/expiry.h"


#define EXPIRY_WORDS  4                /* before the names */


static int expiry_slice(control_t *ctl, const char *const *host, size_t n,
    int64_t *left, int *known);


int
expiry_find(control_t *ctl, const char *const *host, size_t n, int64_t *left,
    int *known)
{
    int     said;
    size_t  i, slice;

    said = 1;

    for (i = 0; i < n; i++) {
        left[i] = -1;
    }

    for (i = 0; i < n && said; i += slice) {
        slice = n - i < EXPIRY_SLICE ? n - i : EXPIRY_SLICE;

        if (expiry_slice(ctl, host + i, slice, left + i, &said)
            != STATUS_DONE)
        {
            return ctl->error.status;
        }
    }

    if (known) {
        *known = said;
    }

    return STATUS_DONE;
}


static int
expiry_slice(control_t *ctl, const char *const *host, size_t n, int64_t *left,
    int *known)
{
    char         count[32];
    size_t       i;
    redisReply  *reply;
    const char  *word[EXPIRY_SLICE + EXPIRY_WORDS + 1];

    (void) snprintf(count, sizeof(count), "%zu", n);

    word[0] = "HPTTL";
    word[1] = ctl->settings.locks;
    word[2] = "FIELDS";
    word[3] = count;

    memcpy(word + EXPIRY_WORDS, host, n * sizeof(char *));

    reply = redis_queue_argv(ctl->redis, n + EXPIRY_WORDS, word, NULL) == 0
            && redis_send(ctl->redis) == 0
            ? redis_reply(ctl->redis) : NULL;

    if (reply == NULL) {
        return ctl->error.status;
    }

    *known = reply->type == REDIS_REPLY_ARRAY && reply->elements == n;

    for (i = 0; *known && i < n; i++) {
        if (reply->element[i]->type == REDIS_REPLY_INTEGER
            && reply->element[i]->integer >= 0)
        {
            left[i] = reply->element[i]->integer;
        }
    }

    freeReplyObject(reply);

    return STATUS_DONE;
}
