
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "base/text.h"
#include "base/time_text.h"
#include "trail/verify_json.h"


static json_t *verify_json_keys(const verify_t *c);
static json_t *verify_json_given_up(const verify_t *c);
static json_t *verify_json_lists(const verify_t *c, json_t *o);


json_t *
verify_json(const verify_t *c, const paylock_export_header_t *header)
{
    char                     from[TIME_TEXT], to[TIME_TEXT];
    json_t                  *o;
    const paylock_verify_t  *v;

    v = &c->trail;

    time_utc(verify_seconds(v->time_first), from);
    time_utc(verify_seconds(v->time_last), to);

    o = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:o, s:o, "
                  "s:b, s:o, s:o, s:o}",
                  "chain", v->chain,
                  "host", header ? text_json(header->host.data,
                                             header->host.len) : json_null(),
                  "first", number_json(v->first),
                  "seq", number_json(v->seq),
                  "hash", v->seq ? json_string(v->hash) : json_null(),
                  "before", number_json(c->since.before.head.seq),
                  "entries", (json_int_t) v->entries,
                  "leaves", (json_int_t) v->bare,
                  "unsigned", (json_int_t) v->plain,
                  "from", v->entries ? json_string(from) : json_null(),
                  "to", v->entries ? json_string(to) : json_null(),
                  "signers", c->signers != NULL,
                  "keys", verify_json_keys(c),
                  "given_up", verify_json_given_up(c),
                  "records", c->compared
                             ? json_integer((json_int_t) c->records)
                             : json_null());

    return o ? verify_json_lists(c, o) : NULL;
}


static json_t *
verify_json_keys(const verify_t *c)
{
    size_t                i;
    json_t               *keys;
    const paylock_key_t  *key;

    keys = json_array();

    for (i = 0; i < c->trail.ring.n; i++) {
        key = &c->trail.ring.key[i];

        (void) json_array_append_new(keys,
                   json_pack("{s:s, s:s?, s:I, s:I}", "key", key->hex,
                             "signer", key->signer ? key->signer->name : NULL,
                             "first", (json_int_t) key->first,
                             "entries", (json_int_t) key->entries));
    }

    return keys;
}


static json_t *
verify_json_given_up(const verify_t *c)
{
    size_t                     i;
    json_t                    *list;
    const paylock_given_up_t  *g;

    list = json_array();

    for (i = 0; i < c->trail.n_given_up; i++) {
        g = &c->trail.given_up[i];

        (void) json_array_append_new(list,
                   json_pack("{s:I, s:s?, s:s, s:o, s:o}",
                             "adopt", (json_int_t) g->seq,
                             "signer", g->signer ? g->signer->name : NULL,
                             "chain", g->adopt.chain,
                             "first", number_json(g->adopt.first),
                             "last", number_json(g->adopt.last)));
    }

    return list;
}


static json_t *
verify_json_lists(const verify_t *c, json_t *o)
{
    size_t                    i;
    json_t                   *witnesses, *hosts, *faults;
    const paylock_fault_t    *fault;
    const paylock_witness_t  *w;

    static const char *const  states[] = {
        "missing", "fits", "differs", "given up", "archived"
    };

    witnesses = json_array();
    hosts = json_array();
    faults = json_array();

    for (i = 0; i < c->n_witnesses; i++) {
        w = &c->witness[i];

        if (c->whole || i < c->trail.next
            || w->state == PAYLOCK_WITNESS_DIFFERS)
        {
            (void) json_array_append_new(witnesses,
                       json_pack("{s:o, s:I, s:s}",
                                 "name", text_json(w->name, strlen(w->name)),
                                 "seq", (json_int_t) w->seq,
                                 "state", states[w->state]));
        }
    }

    for (i = 0; i < VERIFY_HOSTS && c->host[i]; i++) {
        (void) json_array_append_new(hosts, text_json(c->host[i],
                                                      strlen(c->host[i])));
    }

    for (i = 0; i < c->n_faults; i++) {
        fault = &c->fault[i];

        (void) json_array_append_new(faults,
                   json_pack("{s:s, s:o, s:o}",
                             "kind", paylock_fault_names[fault->kind],
                             "seq", number_json(fault->seq),
                             "message", text_json(fault->text,
                                                  strlen(fault->text))));
    }

    if (json_object_set_new(o, "witnesses", witnesses) != 0
        || json_object_set_new(o, "differ",
                               json_integer((json_int_t) c->differ)) != 0
        || json_object_set_new(o, "hosts", hosts) != 0
        || json_object_set_new(o, "faults", faults) != 0)
    {
        json_decref(o);
        return NULL;
    }

    return o;
}


uint32_t
verify_seconds(uint64_t ms)
{
    return ms / 1000 < UINT32_MAX ? (uint32_t) (ms / 1000) : UINT32_MAX;
}
