
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The table of options, for the parser, help and completion.
 */


#ifndef _OPTIONS_H_INCLUDED_
#define _OPTIONS_H_INCLUDED_


#include <stdint.h>

#include "paylock_field.h"


/*
 * Global options up to OPT_HELP, then those of commands.  OPT_AT to OPT_REF and
 * the fields of a notice, are in the order of change_input_e.
 */

#define option_id(id, ...)  OPT_##id,

typedef enum {
    OPT_REDIS = 0,
    OPT_PREFIX,
    OPT_PASSWORD_FILE,
    OPT_KEY,
    OPT_PASSPHRASE_FILE,
    OPT_SIGNERS,
    OPT_REALM,
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
    PAYLOCK_CASE_FIELDS(option_id)
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
    OPT_FULL,
    OPT_KNOWN,
    OPT_DROP,
    OPT_HOST,
    OPT_OUTPUT,
    PAYLOCK_NOTICE_FIELDS(option_id)
    OPT_FILE,
    OPT_SINCE,
    OPT_BEFORE,
    OPT_ARCHIVE,
    OPT_ACTOR,
    OPT_FOLLOW,
    OPT_WAIT,
    OPT_PROBE,
    OPT_PASS,
    OPT_TTL,
    OPT_PASS_KEY,
    OPT_PATH,
    OPT_UNDO,
    OPT_CONTACT,
    OPT_NGINX,
    OPT_NGINX_CONF,
    OPT_ALLOW,
    OPT_HOLD,
    OPT_HOSTS,
    OPT_IP,
    OPT_EXPIRES,
    OPT_ROLE,
    OPT_URL,
    OPT_N
} option_e;


/* in the set of those that a command takes; global ones are in none */

#define OPT_BIT(o)   (1ull << ((o) - OPT_AT))

_Static_assert(OPT_N - OPT_AT <= 64, "more options than bits");

#define option_bit(id, ...)  |OPT_BIT(OPT_##id)
#define OPT_CASE     (0ull PAYLOCK_CASE_FIELDS(option_bit))

typedef struct {
    const char  *name;
    const char  *value;                /* placeholder; NULL: no value */
    const char  *help;
    int          optional;             /* value optional: --name=value */
} option_t;


/* indexed by option_e */

extern const option_t  admin_options[OPT_N];


/*
 * Is it an option of a command with these ones, or a global one?  --key is
 * global only if the command has no --key itself.
 */

int option_is_taken(uint64_t options, option_e o);


#endif /* _OPTIONS_H_INCLUDED_ */
