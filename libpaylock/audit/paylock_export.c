
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "paylock_export.h"
#include "paylock_sign.h"


#define PAYLOCK_EXPORT_FIRST  "{\"format\":"


static const char *paylock_export_load_header(const json_t *json,
    paylock_export_header_t *h);
static const char *paylock_export_load_entry(const json_t *json,
    paylock_entry_t *e);
static const char *paylock_export_load_leaf(const json_t *json,
    paylock_leaf_t *l);
static int paylock_export_seq(const json_t *json, uint64_t *seq);
static int paylock_export_string(const json_t *json, const char *name,
    paylock_str_t *s);
static int paylock_export_hex(const json_t *json, const char *name,
    size_t len, paylock_str_t *s);
static json_t *paylock_export_text(const paylock_str_t *s);


const char *
paylock_export_read(const char *line, size_t len, paylock_export_t *x)
{
    paylock_str_t  text;

    memset(x, 0, sizeof(paylock_export_t));

    x->json = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);

    if (!json_is_object(x->json)) {
        return "is no JSON object";
    }

    if (json_object_get(x->json, "format")) {
        x->kind = PAYLOCK_EXPORT_HEADER;
        return paylock_export_load_header(x->json, &x->header);
    }

    if (json_object_get(x->json, "checkpoint")) {
        x->kind = PAYLOCK_EXPORT_CHECKPOINT;

        return paylock_export_string(x->json, "checkpoint", &text)
               ? paylock_checkpoint_read(text.data, text.len, &x->checkpoint)
               : "has a checkpoint that is no text";
    }

    if (json_object_get(x->json, "leaf")) {
        x->kind = PAYLOCK_EXPORT_LEAF;
        return paylock_export_load_leaf(x->json, &x->leaf);
    }

    x->kind = PAYLOCK_EXPORT_ENTRY;

    return paylock_export_load_entry(x->json, &x->entry);
}


void
paylock_export_free(paylock_export_t *x)
{
    json_decref(x->json);
    x->json = NULL;
}


int
paylock_export_begins(const char *line, size_t len)
{
    return len > sizeof(PAYLOCK_EXPORT_FIRST)
           && memcmp(line, PAYLOCK_EXPORT_FIRST,
                     sizeof(PAYLOCK_EXPORT_FIRST) - 1) == 0;
}


json_t *
paylock_export_header(const paylock_export_header_t *h)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:I, s:o}",
                     "format", PAYLOCK_EXPORT_FORMAT,
                     "realm", paylock_export_text(&h->realm),
                     "chain", paylock_export_text(&h->chain),
                     "host", paylock_export_text(&h->host),
                     "seq", (json_int_t) h->seq,
                     "hash", paylock_export_text(&h->hash));
}


json_t *
paylock_export_entry(const paylock_entry_t *e)
{
    size_t                 i;
    json_t                *json;
    const paylock_pair_t  *pair;

    json = json_pack("{s:I}", "seq", (json_int_t) e->seq);

    /* the leaf covers the fields in this order */

    for (i = 0; json && i < e->n; i++) {
        pair = &e->pair[i];

        if (pair->value.len
            && json_object_set_new(json, pair->name.data,
                                   paylock_export_text(&pair->value)) != 0)
        {
            json_decref(json);
            return NULL;
        }
    }

    return json;
}


json_t *
paylock_export_leaf(const paylock_leaf_t *l)
{
    return l->sig.len
           ? json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o}",
                       "seq", (json_int_t) l->seq,
                       "leaf", paylock_export_text(&l->leaf),
                       "prev", paylock_export_text(&l->prev),
                       "skip", paylock_export_text(&l->skip),
                       "key", paylock_export_text(&l->key),
                       "root", paylock_export_text(&l->root),
                       "sig", paylock_export_text(&l->sig))
           : json_pack("{s:I, s:o, s:o, s:o}", "seq", (json_int_t) l->seq,
                       "leaf", paylock_export_text(&l->leaf),
                       "prev", paylock_export_text(&l->prev),
                       "skip", paylock_export_text(&l->skip));
}


json_t *
paylock_export_checkpoint(const char *text, size_t len)
{
    return json_pack("{s:s%}", "checkpoint", text, len);
}


static const char *
paylock_export_load_header(const json_t *json, paylock_export_header_t *h)
{
    const char  *format;

    format = json_string_value(json_object_get(json, "format"));

    if (format == NULL || strcmp(format, PAYLOCK_EXPORT_FORMAT) != 0) {
        return "is of another format than \"" PAYLOCK_EXPORT_FORMAT "\"";
    }

    return paylock_export_seq(json, &h->seq)
           && paylock_export_hex(json, "chain", PAYLOCK_CHAIN_LEN, &h->chain)
           && paylock_export_hex(json, "hash", PAYLOCK_HASH_LEN, &h->hash)
           && paylock_export_string(json, "realm", &h->realm)
           && paylock_realm_check(h->realm.data)
           && paylock_export_string(json, "host", &h->host)
           ? NULL : "lacks what the first line of an export tells";
}


static const char *
paylock_export_load_entry(const json_t *json, paylock_entry_t *e)
{
    const char     *name, *why;
    const json_t   *value;
    paylock_str_t   n, v;

    if (!paylock_export_seq(json, &e->seq)) {
        return "has no \"seq\" from 1";
    }

    json_object_foreach((json_t *) json, name, value) {

        if (strcmp(name, "seq") == 0) {
            continue;
        }

        if (!json_is_string(value)) {
            return "has a field that is no text";
        }

        n.data = name;
        n.len = strlen(name);
        v.data = json_string_value(value);
        v.len = json_string_length(value);

        why = paylock_entry_take(e, n, v);

        if (why) {
            return why;
        }
    }

    return paylock_entry_check(e);
}


static const char *
paylock_export_load_leaf(const json_t *json, paylock_leaf_t *l)
{
    if (!paylock_export_seq(json, &l->seq)) {
        return "has no \"seq\" from 1";
    }

    if (!paylock_export_hex(json, "leaf", PAYLOCK_HASH_LEN, &l->leaf)
        || !paylock_export_hex(json, "prev", PAYLOCK_HASH_LEN, &l->prev)
        || !paylock_export_hex(json, "skip", PAYLOCK_HASH_LEN, &l->skip))
    {
        return "has a \"leaf\", \"prev\" or \"skip\" other than 64 "
               "lower-case hex digits";
    }

    if (!json_object_get(json, "key") && !json_object_get(json, "root")
        && !json_object_get(json, "sig"))
    {
        return NULL;
    }

    return paylock_export_hex(json, "key", PAYLOCK_KEY_LEN, &l->key)
           && paylock_export_hex(json, "root", PAYLOCK_HASH_LEN, &l->root)
           && paylock_export_hex(json, "sig", PAYLOCK_SIG_LEN, &l->sig)
           ? NULL : "has no key, root and signature in lower-case hex digits";
}


static int
paylock_export_seq(const json_t *json, uint64_t *seq)
{
    json_int_t  n;

    n = json_integer_value(json_object_get(json, "seq"));
    *seq = n > 0 ? (uint64_t) n : 0;

    return n > 0;
}


static int
paylock_export_string(const json_t *json, const char *name, paylock_str_t *s)
{
    const json_t  *value;

    value = json_object_get(json, name);
    s->data = json_string_value(value);
    s->len = json_string_length(value);

    return json_is_string(value);
}


static int
paylock_export_hex(const json_t *json, const char *name, size_t len,
    paylock_str_t *s)
{
    return paylock_export_string(json, name, s) && paylock_hex_check(s, len);
}


static json_t *
paylock_export_text(const paylock_str_t *s)
{
    return json_stringn(s->data ? s->data : "", s->len);
}
