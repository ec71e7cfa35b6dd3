
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "paylock_audit.h"
#include "paylock_export.h"
#include "paylock_field.h"
#include "paylock_record.h"


#define DIGITS  "00112233445566778899aabbccddeeff"
#define LONG    DIGITS DIGITS DIGITS DIGITS


/* A value that a field of this type may have. */

static paylock_str_t
value(const paylock_field_t *field)
{
    switch (field->type) {

    case PAYLOCK_FIELD_HEX:
    case PAYLOCK_FIELD_HEX_OR_NONE:
        return (paylock_str_t) { LONG, field->limit };

    case PAYLOCK_FIELD_MILLISECONDS:
        return paylock_string("1793491200000");

    case PAYLOCK_FIELD_NUMBER:
        return paylock_string("12");

    default:
        return strcmp(field->name, "v") == 0
               ? paylock_string(PAYLOCK_AUDIT_VERSION)
               : (paylock_str_t) { field->name, field->len };
    }
}


static void
test_rows(void **state)
{
    size_t                  i, j;
    const paylock_field_t  *field;

    (void) state;

    for (i = 0; (field = paylock_record_fields[i]) != NULL; i++) {
        assert_int_equal(field->len, strlen(field->name));
        assert_int_equal(i < PAYLOCK_TIMES,
                         field->type == PAYLOCK_FIELD_TIME);
        assert_int_equal(strcmp(field->name, PAYLOCK_REF) == 0,
                         field->flags & PAYLOCK_FIELD_PUBLIC);

        for (j = 0; j < i; j++) {
            assert_string_not_equal(field->name,
                                    paylock_record_fields[j]->name);
        }

        assert_true(field->entry == -1
                    || field == &paylock_entry_fields[field->entry]);
    }

    /* a set of them is an unsigned */

    assert_true(i <= 32);

    for (i = 0; i < PAYLOCK_AUDIT_FIELDS; i++) {
        field = &paylock_entry_fields[i];

        assert_int_equal(field->entry, i);
        assert_int_equal(field->len, strlen(field->name));
        assert_false(field->flags & PAYLOCK_FIELD_PUBLIC);

        for (j = 0; j < i; j++) {
            assert_string_not_equal(field->name,
                                    paylock_entry_fields[j].name);
        }
    }
}


/* A record that has a field is read, with it and what is beside it. */

static void
test_record(void **state)
{
    int                     n;
    char                    text[128], *again;
    size_t                  i;
    json_t                 *json;
    const char             *why, *quote;
    paylock_record_t        rec;
    const paylock_field_t  *field;

    (void) state;

    for (i = 0; (field = paylock_record_fields[i]) != NULL; i++) {
        quote = field->type == PAYLOCK_FIELD_TIME
                || field->type == PAYLOCK_FIELD_MARK ? "" : "\"";
        n = snprintf(text, sizeof(text), "{\"%s\":%s%s%s}", field->name, quote,
                     field->type == PAYLOCK_FIELD_TIME ? "7"
                     : field->type == PAYLOCK_FIELD_MARK ? "true" : "x",
                     quote);

        assert_null(paylock_record_parse(text, n, &rec));
        assert_int_equal(rec.set, i < PAYLOCK_TIMES ? 1u << i : 0);
        assert_int_equal(rec.ref_len, field->type == PAYLOCK_FIELD_REF);

        json = paylock_record_load(text, n, &why);
        again = paylock_record_dump(json);
        assert_string_equal(again, text);

        free(again);
        json_decref(json);
    }

    for (i = 0; i < PAYLOCK_TIMES; i++) {
        n = snprintf(text, sizeof(text), "{\"%s\":-1}",
                     paylock_time_names[i]);
        why = paylock_record_parse(text, n, &rec);
        assert_ptr_equal(why, paylock_record_fields[i]->why);
        assert_non_null(strstr(why, paylock_time_names[i]));
    }
}


/* An entry that has them all is exported, read and hashed with them all. */

static void
test_entry(void **state)
{
    char              *line, *leaf, name[32];
    char               hash[PAYLOCK_HASH_LEN + 1], again[sizeof(hash)];
    size_t             i, len;
    json_t            *json;
    const char        *p, *found;
    paylock_entry_t    e;
    paylock_export_t   x;

    (void) state;

    memset(&e, 0, sizeof(paylock_entry_t));
    e.seq = 7;

    for (i = 0; i < PAYLOCK_AUDIT_FIELDS; i++) {
        e.field[i] = value(&paylock_entry_fields[i]);
    }

    assert_null(paylock_entry_check(&e));
    assert_int_equal(paylock_entry_hash(&e, hash), 0);

    /* as if it were read */

    for (i = 0; i < PAYLOCK_AUDIT_FIELDS; i++) {
        e.pair[i].name.data = paylock_entry_fields[i].name;
        e.pair[i].name.len = paylock_entry_fields[i].len;
        e.pair[i].value = e.field[i];
    }

    e.n = PAYLOCK_AUDIT_FIELDS;

    json = paylock_export_entry(&e);
    line = json_dumps(json, JSON_COMPACT);
    assert_null(paylock_export_read(line, strlen(line), &x));
    assert_int_equal(x.kind, PAYLOCK_EXPORT_ENTRY);

    for (i = 0; i < PAYLOCK_AUDIT_FIELDS; i++) {
        assert_int_equal(x.entry.field[i].len, e.field[i].len);
        assert_memory_equal(x.entry.field[i].data, e.field[i].data,
                            e.field[i].len);
    }

    assert_int_equal(paylock_entry_hash(&x.entry, again), 0);
    assert_string_equal(again, hash);

    leaf = paylock_entry_leaf_text(&e, &len);
    assert_non_null(leaf);
    leaf[len - 1] = '\0';
    p = leaf;

    for (i = PAYLOCK_AUDIT_TIME; i <= PAYLOCK_AUDIT_SALT; i++) {
        (void) snprintf(name, sizeof(name), "\n%s %zu ",
                        paylock_entry_fields[i].name, e.field[i].len);
        found = strstr(p, name);
        assert_non_null(found);
        p = found + 1;
    }

    free(leaf);
    free(line);
    json_decref(json);
    paylock_export_free(&x);
}


/* Whatever is checked of a field is told when it is not so. */

static void
test_bad(void **state)
{
    size_t                  i, j;
    paylock_entry_t         e;
    const paylock_field_t  *field;

    (void) state;

    for (i = 0; i < PAYLOCK_AUDIT_FIELDS; i++) {
        field = &paylock_entry_fields[i];

        for (j = 0; j < PAYLOCK_AUDIT_FIELDS; j++) {
            e.field[j] = value(&paylock_entry_fields[j]);
        }

        if (field->why) {
            e.field[i] = paylock_string("x");
            assert_ptr_equal(paylock_entry_check(&e), field->why);
            assert_non_null(strstr(field->why, field->name));

            e.field[i].len = 0;
            assert_ptr_equal(paylock_entry_check(&e),
                             field->type == PAYLOCK_FIELD_HEX_OR_NONE
                             || field->type == PAYLOCK_FIELD_NUMBER
                             ? NULL : field->why);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_record),
        cmocka_unit_test(test_entry),
        cmocka_unit_test(test_bad)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
