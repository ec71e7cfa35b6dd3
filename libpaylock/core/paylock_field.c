
/*
 * Copyright (C) 2026 paylock contributors
 */


#include "paylock_field.h"


#define paylock_number(n)       paylock_number_text(n)
#define paylock_number_text(n)  #n


/* what is wrong with a record or an entry whose value is not of the type */

#define PAYLOCK_WHY_TIME(name, limit)                                         \
    "has a time, \"" name "\", that is not an integer from 0 to 4294967295"
#define PAYLOCK_WHY_MILLISECONDS(name, limit)                                 \
    "has no \"" name "\" in Unix milliseconds"
#define PAYLOCK_WHY_HEX(name, limit)                                          \
    "has no \"" name "\" of " paylock_number(limit) " lower-case hex digits"
#define PAYLOCK_WHY_HEX_OR_NONE(name, limit)                                  \
    "has a \"" name "\" other than " paylock_number(limit)                    \
    " lower-case hex digits"
#define PAYLOCK_WHY_NUMBER(name, limit)                                       \
    "has a \"" name "\" that is no decimal number"
#define PAYLOCK_WHY_SEQ(name, limit)       NULL
#define PAYLOCK_WHY_MARK(name, limit)      NULL
#define PAYLOCK_WHY_REF(name, limit)       NULL
#define PAYLOCK_WHY_TEXT(name, limit)      NULL
#define PAYLOCK_WHY_AMOUNT(name, limit)    NULL
#define PAYLOCK_WHY_CURRENCY(name, limit)  NULL
#define PAYLOCK_WHY_DAY(name, limit)       NULL
#define PAYLOCK_WHY_WORD(name, limit)      NULL
#define PAYLOCK_WHY_RECORD(name, limit)    NULL


#define paylock_field(name, type, limit, flags, entry, label, value, help)    \
    { name, sizeof(name) - 1, PAYLOCK_FIELD_##type, limit, flags, entry,      \
      label, value, help, PAYLOCK_WHY_##type(name, limit) }

#define paylock_record_row(id, name, type, limit, flags, label, value, help)  \
    paylock_field(name, type, limit, flags, -1, label, value, help),
#define paylock_entry_row(id, name, type, limit, flags, label, value, help)   \
    paylock_field(name, type, limit, flags, PAYLOCK_AUDIT_##id,               \
                  label, value, help),

#define paylock_own_id(id, ...)     PAYLOCK_OWN_##id,
#define paylock_own_field(id, ...)  &paylock_own_fields[PAYLOCK_OWN_##id],
#define paylock_entry_field(id, ...)                                          \
    &paylock_entry_fields[PAYLOCK_AUDIT_##id],


#define paylock_field_name(id, name, ...)  name,


const char *const  paylock_time_names[PAYLOCK_TIMES] = {
    PAYLOCK_TIME_FIELDS(paylock_field_name)
};


/* the fields that only a record has */

enum {
    PAYLOCK_TIME_FIELDS(paylock_own_id)
    PAYLOCK_HOST_FIELDS(paylock_own_id)
    PAYLOCK_OWN_FIELDS
};


static const paylock_field_t  paylock_own_fields[PAYLOCK_OWN_FIELDS] = {
    PAYLOCK_TIME_FIELDS(paylock_record_row)
    PAYLOCK_HOST_FIELDS(paylock_record_row)
};


const paylock_field_t  paylock_entry_fields[PAYLOCK_AUDIT_FIELDS] = {
    PAYLOCK_ENTRY_FIELDS(paylock_entry_row)
};


const paylock_field_t *const  paylock_record_fields[] = {
    PAYLOCK_TIME_FIELDS(paylock_own_field)
    PAYLOCK_HOST_FIELDS(paylock_own_field)
    PAYLOCK_CASE_FIELDS(paylock_entry_field)
    &paylock_entry_fields[PAYLOCK_AUDIT_ACTOR],
    NULL
};
