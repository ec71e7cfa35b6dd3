
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The commands and options as data: the tables in command.c are the
 * dispatcher, the parser and the help at once.
 */


#ifndef _COMMANDS_H_INCLUDED_
#define _COMMANDS_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>

#include "cli/settings.h"
#include "error.h"
#include "paylock_verify.h"
#include "redis/redis_conn.h"
#include "trail/signer.h"


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


#define CHECKPOINTS  16                /* options of that name, at most */


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


typedef struct admin_s  admin_t;


typedef struct {
    const char  *name;                 /* one word or two */
    const char  *args;                 /* as in the synopsis */
    int          least;                /* number of arguments */
    int          most;
    uint64_t     options;              /* OPT_BIT() each, without global ones */
    const char  *help;                 /* one line */
    int        (*run)(admin_t *a);     /* returns a status */
} command_t;


/* What a command works on. */

struct admin_s {
    const command_t  *command;
    const char       *opt[OPT_N];      /* as given; NULL: not given */
    const char       *checkpoint[CHECKPOINTS];
    int               n_checkpoints;
    char            **arg;
    int               n_args;

    settings_t        settings;
    link_t           *link;
    signer_t          signer;
    paylock_verify_t  trust;           /* see trust.h */

    problem_t         problem;         /* printed when the status is not 0 */
    const char       *done;            /* what stays done; NULL: nothing */
    unsigned          sigpipe:1;       /* was ignored by who started us */
};


/* by option_e; ended by a command without a name */

extern const option_t   admin_options[OPT_N];
extern const command_t  admin_commands[];


/*
 * Reads the command line: options before and behind the command, the command
 * itself, its arguments.  Returns a status.
 */

int command_parse(admin_t *a, int argc, char **argv);

/* The command called words[0] or "words[0] words[1]"; *used words of n. */

const command_t *command_find(char **words, int n, int *used);

/* Notes that there is none, and which may be meant; returns the status. */

int command_unknown(admin_t *a, char **words, int n);

/* Notes that memory ran out; returns the status. */

int admin_memory(admin_t *a);

/* Prints a warning at once, unless --quiet. */

void admin_warn(const admin_t *a, const char *code, const char *host,
    const char *mend, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

int cmd_adopt(admin_t *a);
int cmd_audit_checkpoint(admin_t *a);
int cmd_audit_export(admin_t *a);
int cmd_audit_log(admin_t *a);
int cmd_audit_verify(admin_t *a);
int cmd_complete(admin_t *a);
int cmd_doctor(admin_t *a);
int cmd_help(admin_t *a);
int cmd_import(admin_t *a);
int cmd_init(admin_t *a);
int cmd_key_add(admin_t *a);
int cmd_key_list(admin_t *a);
int cmd_key_revoke(admin_t *a);
int cmd_keygen(admin_t *a);
int cmd_list(admin_t *a);
int cmd_lock(admin_t *a);
int cmd_nodes(admin_t *a);
int cmd_nodes_forget(admin_t *a);
int cmd_notice(admin_t *a);
int cmd_pass_issue(admin_t *a);
int cmd_pass_list(admin_t *a);
int cmd_pass_revoke(admin_t *a);
int cmd_protect(admin_t *a);
int cmd_reset(admin_t *a);
int cmd_status(admin_t *a);
int cmd_unlock(admin_t *a);
int cmd_unprotect(admin_t *a);
int cmd_version(admin_t *a);


#endif /* _COMMANDS_H_INCLUDED_ */
