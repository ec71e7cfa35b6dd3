
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "change/change_answer.h"


static void answer_hosts(FILE *f, const change_batch_t *b, int changed);


change_sum_t
change_sum(const change_batch_t *b)
{
    size_t                  i;
    change_sum_t            sum;
    const change_result_t  *d;

    memset(&sum, 0, sizeof(change_sum_t));

    for (i = 0; i < b->done; i++) {
        d = &b->result[i];
        sum.changed += d->changed;

        if (d->seq) {
            sum.first = sum.first && sum.first < d->seq ? sum.first : d->seq;
            sum.last = d->seq > sum.last ? d->seq : sum.last;
        }
    }

    if (sum.first == 0 && b->repeated) {
        sum.first = b->idempotency.used.seq;
        sum.last = b->idempotency.used.last;
    }

    return sum;
}


void
change_answer_write(FILE *f, const change_batch_t *b, json_t *nodes)
{
    char          *rest;
    json_t        *o;
    change_sum_t   sum;

    sum = change_sum(b);
    o = json_pack("{s:o, s:o, s:s}", "first_seq", number_json(sum.first),
                  "last_seq", number_json(sum.last), "request_id", b->request);

    if (b->ctl->dry_run) {
        (void) json_object_set_new(o, "dry_run", json_true());
    }

    if (nodes) {
        (void) json_object_set(o, "nodes", nodes);
    }

    rest = json_dumps(o, JSON_COMPACT|JSON_ENSURE_ASCII);
    json_decref(o);

    (void) fprintf(f, "{\"changed\":[");
    answer_hosts(f, b, 1);
    (void) fprintf(f, "],\"unchanged\":[");
    answer_hosts(f, b, 0);
    (void) fprintf(f, "],%s\n", rest ? rest + 1 : "");

    free(rest);
}


static void
answer_hosts(FILE *f, const change_batch_t *b, int changed)
{
    size_t       i;
    const char  *comma;

    comma = "";

    for (i = 0; i < b->done; i++) {
        if (b->result[i].changed == changed) {
            (void) fprintf(f, "%s\"%s\"", comma, b->host[i]);
            comma = ",";
        }
    }
}
