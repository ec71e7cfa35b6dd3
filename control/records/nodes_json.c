
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "base/text.h"
#include "base/time_text.h"
#include "records/nodes_json.h"


json_t *
nodes_json(const node_t *node, uint64_t last, const char *chain)
{
    char                   written[TIME_TEXT];
    uint64_t               lag;
    const paylock_node_t  *r;

    r = &node->report;
    time_utc((uint32_t) (r->time / 1000), written);

    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I,"
                     " s:s, s:I, s:I, s:b}",
                     "node", text_json(node->name, node->len),
                     "state", text_json(r->state, strlen(r->state)),
                     "version", text_json(r->version, strlen(r->version)),
                     "chain", text_json(r->applied.chain,
                                        strlen(r->applied.chain)),
                     "seq", number_json(r->applied.seq),
                     "hash", text_json(r->applied.hash,
                                       strlen(r->applied.hash)),
                     "lag", nodes_lag(node, last, chain, &lag)
                            ? json_integer((json_int_t) lag) : json_null(),
                     "records", (json_int_t) r->records,
                     "held", (json_int_t) r->held,
                     "unaudited", (json_int_t) r->unaudited,
                     "dry_run", (json_int_t) r->dry_run,
                     "written", written,
                     "age_ms", (json_int_t) node->age,
                     "ahead_ms", (json_int_t) r->ahead,
                     "silent", node->silent);
}


int
nodes_lag(const node_t *node, uint64_t last, const char *chain,
    uint64_t *lag)
{
    const paylock_node_head_t  *at;

    at = &node->report.applied;

    /* the node may have entries that came after the head was read */

    *lag = last > at->seq ? last - at->seq : 0;

    return last && (at->seq == 0 || strcmp(at->chain, chain) == 0);
}
