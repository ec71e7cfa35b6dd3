
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The fields of records and of audit entries, one row each: what reads, checks,
 * writes, shows or imports them goes by this table.  The formats are written
 * down in docs/redis.md and docs/audit-format.md.
 */


#ifndef _PAYLOCK_FIELD_H_INCLUDED_
#define _PAYLOCK_FIELD_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define PAYLOCK_ENTRY      "entry"
#define PAYLOCK_PROTECTED  "protected"
#define PAYLOCK_REF        "ref"

#define PAYLOCK_REF_MAX    16
#define PAYLOCK_CHAIN_LEN  32          /* hex digits of 16 bytes */
#define PAYLOCK_SALT_LEN   32
#define PAYLOCK_HASH_LEN   64          /* hex digits of a SHA-256 */
#define PAYLOCK_KEY_LEN    64          /* ... of an Ed25519 public key */
#define PAYLOCK_SIG_LEN    128         /* ... of an Ed25519 signature */


/*
 * A row is _(id, name, type, limit, flags, label, value, help): the columns are
 * explained at paylock_field_t.  To add a text that is said of a case, add a
 * row to PAYLOCK_CASE_FIELDS: it becomes an option of lock and notice, a member
 * of the record and a field of the entry, and is shown and imported as its
 * flags say.  A test names the documents that have to tell of it.
 *
 * PAYLOCK_MORE_FIELDS(_) is empty.  A test builds with one row there, to see
 * that a row is enough.
 */

#ifndef PAYLOCK_MORE_FIELDS
#define PAYLOCK_MORE_FIELDS(_)
#endif


/* the times of a record, in Unix seconds */

#define PAYLOCK_TIME_FIELDS(_)                                                \
    _(AT, "at", TIME, 0, 0, NULL, NULL, NULL)                                 \
    _(OPEN_AT, "open_at", TIME, 0, PAYLOCK_FIELD_IMPORT, NULL, NULL, NULL)    \
    _(NOTICE_AT, "notice_at", TIME, 0, PAYLOCK_FIELD_IMPORT,                  \
      NULL, NULL, NULL)                                                       \
    _(READONLY_AT, "readonly_at", TIME, 0, PAYLOCK_FIELD_IMPORT,              \
      NULL, NULL, NULL)                                                       \
    _(LOCK_AT, "lock_at", TIME, 0, PAYLOCK_FIELD_IMPORT, NULL, NULL, NULL)    \
    _(PASS_AFTER, "pass_after", TIME, 0, 0, NULL, NULL, NULL)

/* what a record says of its host */

#define PAYLOCK_HOST_FIELDS(_)                                                \
    _(ENTRY, PAYLOCK_ENTRY, SEQ, 0, 0, NULL, NULL, NULL)                      \
    _(PROTECTED, PAYLOCK_PROTECTED, MARK, 0, 0, "protected", NULL, NULL)      \
    _(REF, PAYLOCK_REF, REF, PAYLOCK_REF_MAX,                                 \
      PAYLOCK_FIELD_PUBLIC|PAYLOCK_FIELD_IMPORT|PAYLOCK_FIELD_LIST,           \
      "ref", NULL, NULL)

/*
 * What is said of a case, which goes from the notice to the payment: in the
 * record and in the entries.
 */

#define PAYLOCK_CASE_FIELDS(_)                                                \
    _(REASON, "reason", TEXT, 1000, PAYLOCK_FIELD_IMPORT|PAYLOCK_FIELD_LIST,  \
      "reason", "TEXT", "for the record, never shown in public")              \
    _(INVOICE, "invoice", TEXT, 200, PAYLOCK_FIELD_IMPORT|PAYLOCK_FIELD_LIST, \
      "invoice", "ID", "for the record, never shown in public")               \
    _(AMOUNT, "amount", AMOUNT, 20, 0,                                        \
      "amount", "NUMBER", "what is owed, such as 1200.00")                    \
    _(CURRENCY, "currency", CURRENCY, 3, 0,                                   \
      "", "CODE", "of the amount, such as EUR")                               \
    _(DUE, "due", DAY, 10, 0, "due", "DAY", "when it was to be paid")         \
    PAYLOCK_MORE_FIELDS(_)

/* what is said of a notice that was sent */

#define PAYLOCK_NOTICE_FIELDS(_)                                              \
    _(CHANNEL, "channel", TEXT, 40, 0,                                        \
      "by", "TEXT", "how it was sent, such as letter")                        \
    _(SENT, "sent", DAY, 10, 0,                                               \
      "sent", "DAY", "when it was sent; today if not given")

/* the fields of an entry, in the order of its leaf: time to salt */

#define PAYLOCK_ENTRY_FIELDS(_)                                               \
    _(V, "v", WORD, 0, 0, NULL, NULL, NULL)                                   \
    _(CHAIN, "chain", HEX, PAYLOCK_CHAIN_LEN, 0, NULL, NULL, NULL)            \
    _(TIME, "time", MILLISECONDS, 0, 0, NULL, NULL, NULL)                     \
    _(ACTOR, "actor", WORD, 0, PAYLOCK_FIELD_LIST, "by", NULL, NULL)          \
    _(MACHINE, "machine", WORD, 0, 0, NULL, NULL, NULL)                       \
    _(ACTION, "action", WORD, 0, 0, NULL, NULL, NULL)                         \
    _(HOST, "host", WORD, 0, 0, NULL, NULL, NULL)                             \
    _(PRIOR, "prior", NUMBER, 0, 0, NULL, NULL, NULL)                         \
    _(BEFORE, "before", RECORD, 0, 0, NULL, NULL, NULL)                       \
    _(AFTER, "after", RECORD, 0, 0, NULL, NULL, NULL)                         \
    PAYLOCK_CASE_FIELDS(_)                                                    \
    PAYLOCK_NOTICE_FIELDS(_)                                                  \
    _(REFERENCE, "reference", TEXT, 200, 0, "reference", NULL, NULL)          \
    _(DOCUMENT, "document", HEX_OR_NONE, PAYLOCK_HASH_LEN, 0,                 \
      "document", NULL, NULL)                                                 \
    _(LOST, "lost", WORD, 0, 0, NULL, NULL, NULL)                             \
    _(RESUMES, "resumes", WORD, 0, 0, NULL, NULL, NULL)                       \
    _(ARCHIVED, "archived", WORD, 0, 0, "archived", NULL, NULL)               \
    _(PEAKS, "peaks", WORD, 0, 0, NULL, NULL, NULL)                           \
    _(REQUEST, "request", WORD, 0, 0, NULL, NULL, NULL)                       \
    _(KEY, "key", HEX_OR_NONE, PAYLOCK_KEY_LEN, 0, NULL, NULL, NULL)          \
    _(SALT, "salt", HEX, PAYLOCK_SALT_LEN, 0, NULL, NULL, NULL)               \
    _(PREV, "prev", HEX, PAYLOCK_HASH_LEN, 0, NULL, NULL, NULL)               \
    _(SKIP, "skip", HEX, PAYLOCK_HASH_LEN, 0, NULL, NULL, NULL)               \
    _(HASH, "hash", HEX, PAYLOCK_HASH_LEN, 0, NULL, NULL, NULL)               \
    _(ROOT, "root", HEX_OR_NONE, PAYLOCK_HASH_LEN, 0, NULL, NULL, NULL)       \
    _(SIG, "sig", HEX_OR_NONE, PAYLOCK_SIG_LEN, 0, NULL, NULL, NULL)


typedef enum {
    PAYLOCK_FIELD_TIME = 0,            /* Unix seconds, a number */
    PAYLOCK_FIELD_MILLISECONDS,        /* Unix milliseconds, decimal */
    PAYLOCK_FIELD_SEQ,                 /* the entry that wrote it, a number */
    PAYLOCK_FIELD_NUMBER,              /* decimal, or empty */
    PAYLOCK_FIELD_MARK,                /* true, or not there */
    PAYLOCK_FIELD_REF,                 /* see paylock_ref_check() */
    PAYLOCK_FIELD_TEXT,                /* a line that a person wrote */
    PAYLOCK_FIELD_AMOUNT,              /* decimal: 1200.00 */
    PAYLOCK_FIELD_CURRENCY,            /* ISO 4217 */
    PAYLOCK_FIELD_DAY,                 /* YYYY-MM-DD */
    PAYLOCK_FIELD_WORD,                /* a text that paylock made */
    PAYLOCK_FIELD_RECORD,              /* one as JSON, or empty */
    PAYLOCK_FIELD_HEX,                 /* limit lower-case hex digits */
    PAYLOCK_FIELD_HEX_OR_NONE
} paylock_field_type_e;


#define PAYLOCK_FIELD_PUBLIC  0x01     /* visitors may see it; others never */
#define PAYLOCK_FIELD_IMPORT  0x02     /* a column of an import */
#define PAYLOCK_FIELD_LIST    0x04     /* shown by status and list */


typedef struct {
    const char            *name;       /* in JSON and in the stream */
    size_t                 len;        /* ... of the name */
    paylock_field_type_e   type;
    size_t                 limit;      /* bytes of a text; 0: no own limit */
    unsigned               flags;
    int                    entry;      /* paylock_audit_field_e, or -1 */

    /* for people; NULL where there is none */

    const char            *label;      /* before the value; "": none */
    const char            *value;      /* what an option of that name takes */
    const char            *help;       /* ... and what it is for */

    const char            *why;        /* a value that is none is bad */
} paylock_field_t;


#define paylock_field_id(id, ...)   PAYLOCK_##id,
#define paylock_audit_id(id, ...)   PAYLOCK_AUDIT_##id,
#define paylock_record_id(id, ...)  PAYLOCK_RECORD_##id,


typedef enum {
    PAYLOCK_TIME_FIELDS(paylock_field_id)
    PAYLOCK_TIMES
} paylock_time_e;


typedef enum {
    PAYLOCK_ENTRY_FIELDS(paylock_audit_id)
    PAYLOCK_AUDIT_FIELDS
} paylock_audit_field_e;


/* the fields of a record by their place in it, times as above */

typedef enum {
    PAYLOCK_TIME_FIELDS(paylock_record_id)
    PAYLOCK_HOST_FIELDS(paylock_record_id)
    PAYLOCK_CASE_FIELDS(paylock_record_id)
    PAYLOCK_RECORD_ACTOR
} paylock_record_field_e;


/* those of a case among the fields of an entry */

#define PAYLOCK_CASE_FIRST  PAYLOCK_AUDIT_REASON
#define PAYLOCK_CASE_END    PAYLOCK_AUDIT_CHANNEL


/* the names of the times of a record */

extern const char *const  paylock_time_names[PAYLOCK_TIMES];

/* the fields of an entry, by paylock_audit_field_e */

extern const paylock_field_t  paylock_entry_fields[PAYLOCK_AUDIT_FIELDS];

/*
 * The fields of a record in the order in which they are written, by
 * paylock_record_field_e.  NULL ends them.
 */

extern const paylock_field_t *const  paylock_record_fields[];

#define PAYLOCK_RECORD_FIELDS  (PAYLOCK_RECORD_ACTOR + 1)


#endif /* _PAYLOCK_FIELD_H_INCLUDED_ */
