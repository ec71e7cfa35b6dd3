
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The options as data: parser, help, manual page and completion read one
 * table.
 */


#ifndef _OPTIONS_H_INCLUDED_
#define _OPTIONS_H_INCLUDED_


#include <stdint.h>


/* global ones up to OPT_HELP, then those of commands */

typedef enum {
    OPT_REDIS = 0,
    OPT_PREFIX,
    OPT_PASSWORD_FILE,
    OPT_KEY,
    OPT_PASSPHRASE_FILE,
    OPT_TLS_CA,
    OPT_TLS_CERT,
    OPT_TLS_KEY,
    OPT_TLS_NAME,
    OPT_CONFIG,
    OPT_JSON,
    OPT_QUIET,
    OPT_DRY_RUN,
    OPT_HELP,
    OPT_AT,
    OPT_UNTIL,
    OPT_NOTICE,
    OPT_READONLY,
    OPT_REASON,
    OPT_INVOICE,
    OPT_REF,
    OPT_HELD,
    OPT_REQUEST_ID,
    OPT_STAGE,
    OPT_MATCH,
    OPT_YES,
    OPT_ACL,
    OPT_PASSPHRASE,
    OPT_CHECKPOINT,
    OPT_TRUST,
    OPT_HOST,
    OPT_OUTPUT,
    OPT_AMOUNT,
    OPT_CURRENCY,
    OPT_DUE,
    OPT_CHANNEL,
    OPT_SENT,
    OPT_FILE,
    OPT_SINCE,
    OPT_ACTOR,
    OPT_FOLLOW,
    OPT_WAIT,
    OPT_MAN,
    OPT_PROBE,
    OPT_PASS,
    OPT_TTL,
    OPT_PASS_KEY,
    OPT_PATH,
    OPT_N
} option_e;


#define OPT_GLOBAL   (OPT_BIT(OPT_HELP + 1) - 1)
#define OPT_BIT(o)   (1ull << (o))

/* those and the global ones; a command may have a "--key" of its own */

#define OPT_WITH(own)                                                         \
    (((own) & OPT_BIT(OPT_PASS_KEY) ? OPT_GLOBAL & ~OPT_BIT(OPT_KEY)          \
                                    : OPT_GLOBAL) | (own))


typedef struct {
    const char  *name;
    const char  *value;                /* what it takes; NULL: nothing */
    const char  *help;
    int          optional;             /* the value, then behind "=" */
} option_t;


/* by option_e */

extern const option_t  admin_options[OPT_N];


#endif /* _OPTIONS_H_INCLUDED_ */
