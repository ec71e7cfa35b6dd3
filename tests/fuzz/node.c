
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Reports of nodes: anybody with rights on the hash may have written them.
 * What is read of one is what is read of it when it was written again.
 */


#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "paylock_node.h"


static void
must(int ok)
{
    if (!ok) {
        abort();
    }
}


static void
check_text(const char text[PAYLOCK_NODE_TEXT])
{
    must(memchr(text, '\0', PAYLOCK_NODE_TEXT) != NULL);
}


static void
check_head(const paylock_node_head_t *head)
{
    must(head->seq < INT64_MAX);
    must(head->chain[0] == '\0' || strlen(head->chain) == PAYLOCK_CHAIN_LEN);
    must(head->hash[0] == '\0' || strlen(head->hash) == PAYLOCK_HASH_LEN);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char            *copy, text[PAYLOCK_NODE_MAX];
    size_t           len;
    const char      *why;
    paylock_node_t   node, again;

    /* what is read beyond the end is to be seen */

    copy = malloc(size ? size : 1);
    must(copy != NULL);
    memcpy(copy, data, size);

    why = paylock_node_read(copy, size, &node);

    free(copy);

    if (why) {
        must(*why != '\0');
        return 0;
    }

    check_text(node.version);
    check_text(node.state);
    check_head(&node.applied);
    check_head(&node.furthest);

    /* what an nginx says of itself needs no escapes */

    memcpy(node.version, "0.1.0", sizeof("0.1.0"));
    memcpy(node.state, "live", sizeof("live"));

    len = paylock_node_write(&node, text);
    must(len < sizeof(text) && len == strlen(text));
    must(paylock_node_read(text, len, &again) == NULL);

    must(memcmp(&node.applied, &again.applied, sizeof(node.applied)) == 0);
    must(memcmp(&node.furthest, &again.furthest, sizeof(node.furthest)) == 0);
    must(node.records == again.records && node.held == again.held
         && node.dry_run == again.dry_run && node.time == again.time && node.ahead == again.ahead);

    return 0;
}
