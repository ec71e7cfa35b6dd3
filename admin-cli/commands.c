
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/suggest.h"
#include "commands.h"


#define COMMAND_OPTION  256            /* getopt's value of the first option */


static int command_options(admin_t *a, int argc, char **argv,
    uint64_t options);
static int command_bad_option(admin_t *a, int c, char **argv,
    uint64_t options);
static int command_count(admin_t *a);


const option_t  admin_options[OPT_N] = {
    [OPT_REDIS] = { "redis", "URL",
        "redis[s]://[user@]host[:port][/db], unix:/path[?db=N]" },
    [OPT_PREFIX] = { "prefix", "P", "of the keys in Redis" },
    [OPT_PASSWORD_FILE] = { "password-file", "FILE",
        "whose first line is the password of Redis" },
    [OPT_TLS_CA] = { "tls-ca", "FILE",
        "authorities for rediss://; the system's if not given" },
    [OPT_TLS_CERT] = { "tls-cert", "FILE", "certificate to show to Redis" },
    [OPT_TLS_KEY] = { "tls-key", "FILE", "its key, without a passphrase" },
    [OPT_TLS_NAME] = { "tls-name", "NAME",
        "in the certificate of Redis, if not the host" },
    [OPT_KEY] = { "key", "FILE", "your private key, which signs" },
    [OPT_PASSPHRASE_FILE] = { "passphrase-file", "FILE",
        "whose first line is the passphrase of that key" },
    [OPT_CONFIG] = { "config", "FILE",
        "read instead of the user's and the machine's" },
    [OPT_JSON] = { "json", NULL, "print JSON, errors as well" },
    [OPT_QUIET] = { "quiet", NULL, "print nothing but errors" },
    [OPT_DRY_RUN] = { "dry-run", NULL,
        "say what would change, change nothing" },
    [OPT_HELP] = { "help", NULL, "print help and do nothing" },
    [OPT_AT] = { "at", "TIME", "when to lock; now if not given" },
    [OPT_UNTIL] = { "until", "TIME", "when that ends; the last to be listed" },
    [OPT_NOTICE] = { "notice", "TIME",
        "from when on $paylock_state is \"notice\"" },
    [OPT_READONLY] = { "readonly", "TIME",
        "from when on only GET, HEAD and OPTIONS pass" },
    [OPT_REASON] = { "reason", "TEXT",
        "for the record, never shown in public" },
    [OPT_INVOICE] = { "invoice", "ID",
        "for the record, never shown in public" },
    [OPT_REF] = { "ref", "TEXT",
        "shown in public, or made up; of a notice: its number" },
    [OPT_HELD] = { "held", NULL,
        "those that Redis shows open, and the audit trail closed" },
    [OPT_REQUEST_ID] = { "request-id", "ID",
        "given again with the same, nothing is done twice" },
    [OPT_STAGE] = { "stage", "STAGE",
        "open, notice, readonly, locked or default" },
    [OPT_MATCH] = { "match", "GLOB", "hosts that a pattern such as \"*.fr\" "
        "fits" },
    [OPT_YES] = { "yes", NULL, "do not ask" },
    [OPT_ACL] = { "acl", NULL, "print the users for Redis, do nothing else" },
    [OPT_PASSPHRASE] = { "passphrase", NULL,
        "ask for a passphrase, which the key will need" },
    [OPT_CHECKPOINT] = { "checkpoint", "FILE",
        "that was kept; may be given more than once" },
    [OPT_TRUST] = { "trust", "KEY",
        "the public key that began to sign: digits, or a file" },
    [OPT_HOST] = { "host", "HOST", "show the entries of this one only" },
    [OPT_OUTPUT] = { "output", "FILE", "write there; the same as -o" },
    [OPT_AMOUNT] = { "amount", "NUMBER", "what is owed, such as 1200.00" },
    [OPT_CURRENCY] = { "currency", "CODE", "of the amount, such as EUR" },
    [OPT_DUE] = { "due", "DAY", "when it was to be paid" },
    [OPT_CHANNEL] = { "channel", "TEXT", "how it was sent, such as letter" },
    [OPT_SENT] = { "sent", "DAY", "when it was sent; today if not given" },
    [OPT_FILE] = { "file", "FILE", "what was sent: its SHA-256 is noted" },
    [OPT_SINCE] = { "since", "TIME", "nothing that was done before" },
    [OPT_ACTOR] = { "actor", "NAME", "only what this one did" },
    [OPT_FOLLOW] = { "follow", NULL, "go on with what is done from now on" },
    [OPT_MAN] = { "man", NULL, "print the manual page, for man(1)" },
    [OPT_PROBE] = { "probe", "URL",
        "ask there what the site really answers" },
    [OPT_WAIT] = { "wait", "SECONDS",
        "until all nodes of nginx have it; 10 if not given", 1 },
    [OPT_PASS] = { "pass", "FILE",
        "make or rotate the keys of passes there instead" },
    [OPT_TTL] = { "ttl", "TIME", "how long the pass is good, such as 7d" },
    [OPT_PASS_KEY] = { "key", "FILE", "that \"keygen --pass\" made" },
    [OPT_PATH] = { "path", "PATH", "where the link leads; / if not given" }
};


const command_t  admin_commands[] = {
    { "init", "", 0, 0, OPT_BIT(OPT_YES)|OPT_BIT(OPT_ACL),
      "Make the audit trail, or remember the one that is there",
      cmd_init },
    { "lock", "HOST...", 1, INT_MAX,
      OPT_BIT(OPT_AT)|OPT_BIT(OPT_UNTIL)|OPT_BIT(OPT_NOTICE)
      |OPT_BIT(OPT_READONLY)|OPT_BIT(OPT_REASON)|OPT_BIT(OPT_INVOICE)
      |OPT_BIT(OPT_AMOUNT)|OPT_BIT(OPT_CURRENCY)|OPT_BIT(OPT_DUE)
      |OPT_BIT(OPT_REF)|OPT_BIT(OPT_REQUEST_ID)|OPT_BIT(OPT_WAIT)
      |OPT_BIT(OPT_YES),
      "Close sites, now or at a time", cmd_lock },
    { "unlock", "HOST...", 1, INT_MAX,
      OPT_BIT(OPT_UNTIL)|OPT_BIT(OPT_REASON)|OPT_BIT(OPT_REQUEST_ID)
      |OPT_BIT(OPT_WAIT)|OPT_BIT(OPT_YES),
      "Open sites, whatever their server's default", cmd_unlock },
    { "reset", "HOST...", 1, INT_MAX,
      OPT_BIT(OPT_REQUEST_ID)|OPT_BIT(OPT_WAIT)|OPT_BIT(OPT_YES),
      "Remove records: back to the suffix or the server's default",
      cmd_reset },
    { "import", "FILE|-", 1, 1,
      OPT_BIT(OPT_REQUEST_ID)|OPT_BIT(OPT_WAIT)|OPT_BIT(OPT_YES),
      "Make many records what a file says, CSV or JSON lines", cmd_import },
    { "protect", "HOST...", 1, INT_MAX,
      OPT_BIT(OPT_REASON)|OPT_BIT(OPT_REQUEST_ID)|OPT_BIT(OPT_WAIT)
      |OPT_BIT(OPT_YES),
      "Mark sites that are never to be locked", cmd_protect },
    { "unprotect", "HOST...", 1, INT_MAX,
      OPT_BIT(OPT_REASON)|OPT_BIT(OPT_REQUEST_ID)|OPT_BIT(OPT_WAIT)
      |OPT_BIT(OPT_YES),
      "Take that mark away", cmd_unprotect },
    { "notice", "HOST", 1, 1,
      OPT_BIT(OPT_CHANNEL)|OPT_BIT(OPT_REF)|OPT_BIT(OPT_SENT)
      |OPT_BIT(OPT_FILE)|OPT_BIT(OPT_REASON)|OPT_BIT(OPT_INVOICE)
      |OPT_BIT(OPT_AMOUNT)|OPT_BIT(OPT_CURRENCY)|OPT_BIT(OPT_DUE)
      |OPT_BIT(OPT_REQUEST_ID),
      "Note that a notice was sent; no site changes", cmd_notice },
    { "status", "HOST...", 1, INT_MAX, OPT_BIT(OPT_PROBE),
      "What holds now, by which record, and what comes next",
      cmd_status },
    { "list", "", 0, 0,
      OPT_BIT(OPT_STAGE)|OPT_BIT(OPT_MATCH)|OPT_BIT(OPT_REF)
      |OPT_BIT(OPT_HELD),
      "All hosts that have a record", cmd_list },
    { "audit log", "[HOST]", 0, 1,
      OPT_BIT(OPT_SINCE)|OPT_BIT(OPT_UNTIL)|OPT_BIT(OPT_ACTOR)
      |OPT_BIT(OPT_FOLLOW),
      "Every change, the oldest first", cmd_audit_log },
    { "audit verify", "[FILE]", 0, 1,
      OPT_BIT(OPT_CHECKPOINT)|OPT_BIT(OPT_TRUST),
      "Verify the audit trail, or an export of it",
      cmd_audit_verify },
    { "audit checkpoint", "", 0, 0, OPT_BIT(OPT_OUTPUT)|OPT_BIT(OPT_YES),
      "Sign a note of the last entry, to keep elsewhere",
      cmd_audit_checkpoint },
    { "audit export", "", 0, 0,
      OPT_BIT(OPT_HOST)|OPT_BIT(OPT_OUTPUT)|OPT_BIT(OPT_YES),
      "Write the entries to a file, to verify them offline",
      cmd_audit_export },
    { "nodes forget", "NAME...", 1, INT_MAX, 0,
      "Remove the reports of nodes that are no more", cmd_nodes_forget },
    { "nodes", "", 0, 0, 0,
      "Which nodes of nginx have applied what", cmd_nodes },
    { "adopt", "", 0, 0, OPT_BIT(OPT_YES),
      "Take this Redis as the truth after a loss", cmd_adopt },
    { "doctor", "", 0, 0, 0,
      "What is wrong with this installation, and how to mend it",
      cmd_doctor },
    { "pass issue", "HOST", 1, 1,
      OPT_BIT(OPT_TTL)|OPT_BIT(OPT_PASS_KEY)|OPT_BIT(OPT_PATH)
      |OPT_BIT(OPT_REASON),
      "Print a link by which a client sees a locked site", cmd_pass_issue },
    { "pass revoke", "HOST...", 1, INT_MAX,
      OPT_BIT(OPT_REQUEST_ID)|OPT_BIT(OPT_YES),
      "Refuse the passes that were issued until now", cmd_pass_revoke },
    { "pass list", "[HOST]", 0, 1, 0,
      "Which passes were issued, and which are still good",
      cmd_pass_list },
    { "key add", "KEY", 1, 1, OPT_BIT(OPT_REASON),
      "Let another operator's key count from now on", cmd_key_add },
    { "key revoke", "KEY", 1, 1, OPT_BIT(OPT_REASON),
      "Let a key not count any more", cmd_key_revoke },
    { "key list", "", 0, 0, 0,
      "Which keys count, and which did", cmd_key_list },
    { "keygen", "[FILE]", 0, 1, OPT_BIT(OPT_PASSPHRASE)|OPT_BIT(OPT_PASS),
      "Make a key of your own, which signs what you do", cmd_keygen },
    { "version", "", 0, 0, 0, "Print the version", cmd_version },
    { "complete", "[WORD]...", 0, INT_MAX, 0,
      "Print how a command line can go on, which shells ask", cmd_complete },
    { "help", "[COMMAND]", 0, 2, OPT_BIT(OPT_MAN), "Print help", cmd_help },
    { NULL, NULL, 0, 0, 0, NULL, NULL }
};


int
command_parse(admin_t *a, int argc, char **argv)
{
    int  status, used;

    /* up to the command; what is behind it depends on which it is */

    status = command_options(a, argc, argv, 0);

    if (status != STATUS_DONE) {
        return status;
    }

    argc -= optind;
    argv += optind;

    if (argc == 0) {
        return a->opt[OPT_HELP]
               ? STATUS_DONE
               : problem_set(&a->problem, STATUS_USAGE, "command",
                             "\"paylock-admin help\" lists them",
                             "there is no command");
    }

    a->command = command_find(argv, argc, &used);

    if (a->command == NULL) {
        return command_unknown(a, argv, argc);
    }

    /* getopt begins behind argv[0], here the last word of the command */

    argc -= used - 1;
    argv += used - 1;

    status = command_options(a, argc, argv, a->command->options);

    if (status != STATUS_DONE) {
        return status;
    }

    a->arg = argv + optind;
    a->n_args = argc - optind;

    return a->opt[OPT_HELP] ? STATUS_DONE : command_count(a);
}


/*
 * Finds "word" or "word word"; if there is none, *used says whether the
 * first word begins a command of two.
 */

const command_t *
command_find(char **words, int n, int *used)
{
    size_t            len;
    const char       *space;
    const command_t  *c;

    *used = 0;

    for (c = admin_commands; c->name; c++) {
        space = strchr(c->name, ' ');
        len = space ? (size_t) (space - c->name) : strlen(c->name);

        if (strlen(words[0]) != len || memcmp(words[0], c->name, len) != 0) {
            continue;
        }

        *used = 1;

        if (space == NULL) {
            return c;
        }

        if (n > 1 && strcmp(words[1], space + 1) == 0) {
            *used = 2;
            return c;
        }
    }

    return NULL;
}


int
command_unknown(admin_t *a, char **words, int n)
{
    int   two, used;
    char  mend[SUGGEST_TEXT];

    (void) command_find(words, n, &used);
    two = used && n > 1;

    suggest_command(words, n, mend);

    return problem_set(&a->problem, STATUS_USAGE, "command", mend,
                       "there is no command \"%.100s%s%.100s\"", words[0],
                       two ? " " : "", two ? words[1] : "");
}


int
admin_memory(admin_t *a)
{
    return problem_memory(&a->problem);
}


void
admin_warn(const admin_t *a, const char *code, const char *host,
    const char *mend, const char *fmt, ...)
{
    char       message[1024];
    va_list    args;
    problem_t  p;

    if (a->opt[OPT_QUIET]) {
        return;
    }

    va_start(args, fmt);
    (void) vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);

    (void) problem_set(&p, STATUS_DONE, code, mend, "%s", message);
    (void) problem_about(&p, host);

    problem_print(&p, "warning", a->opt[OPT_JSON] != NULL, stderr);
}


static int
command_options(admin_t *a, int argc, char **argv, uint64_t options)
{
    int            c;
    size_t         i, n;
    struct option  table[OPT_N + 1];

    memset(table, 0, sizeof(table));

    for (i = 0, n = 0; i < OPT_N; i++) {

        if (OPT_WITH(options) & OPT_BIT(i)) {
            table[n].name = admin_options[i].name;
            table[n].has_arg = admin_options[i].optional ? optional_argument
                               : admin_options[i].value ? required_argument
                                                        : no_argument;
            table[n].val = COMMAND_OPTION + (int) i;
            n++;
        }
    }

    opterr = 0;
    optind = 0;

    for ( ;; ) {
        c = getopt_long(argc, argv, a->command == NULL ? "+:"
                        : options & OPT_BIT(OPT_OUTPUT) ? ":o:" : ":", table,
                        NULL);

        if (c == -1) {
            return STATUS_DONE;
        }

        if (c == 'o') {
            c = COMMAND_OPTION + OPT_OUTPUT;
        }

        if (c < COMMAND_OPTION) {
            return command_bad_option(a, c, argv, OPT_WITH(options));
        }

        if (c == COMMAND_OPTION + OPT_CHECKPOINT) {

            if (a->n_checkpoints == CHECKPOINTS) {
                return problem_set(&a->problem, STATUS_USAGE, "option",
                                   "give the latest ones",
                                   "there are more than %d checkpoints",
                                   CHECKPOINTS);
            }

            a->checkpoint[a->n_checkpoints++] = optarg;
        }

        a->opt[c - COMMAND_OPTION] = optarg ? optarg : "";
    }
}


static int
command_bad_option(admin_t *a, int c, char **argv, uint64_t options)
{
    char         mend[SUGGEST_TEXT];
    const char  *given;

    given = argv[optind - 1];

    if (c == ':') {
        return problem_set(&a->problem, STATUS_USAGE, "option",
                           "give its value", "the option \"%.100s\" has no "
                           "value", given);
    }

    if (optopt >= COMMAND_OPTION) {
        return problem_set(&a->problem, STATUS_USAGE, "option",
                           "give it without \"=\"",
                           "the option \"%.100s\" takes no value", given);
    }

    /* of "-x.example" getopt is still at the second letter */

    if (optopt && argv[optind] && argv[optind][0] == '-'
        && argv[optind][1] == optopt)
    {
        given = argv[optind];
    }

    suggest_option(given, options, mend);

    return problem_set(&a->problem, STATUS_USAGE, "option",
                       given[0] == '-' && given[1] != '-' && strchr(given, '.')
                       ? "a label of a host name begins and ends with a "
                         "letter or a digit" : mend,
                       "there is no option \"%.100s\"", given);
}


static int
command_count(admin_t *a)
{
    const command_t  *c;

    c = a->command;

    if (a->n_args < c->least) {
        return problem_set(&a->problem, STATUS_USAGE, "arguments",
                           c->most == c->least ? "give it"
                                               : "give one or more",
                           "\"%s\" needs %s", c->name, c->args);
    }

    if (a->n_args > c->most) {
        return problem_set(&a->problem, STATUS_USAGE, "arguments",
                           "take it away", "\"%s\" takes no \"%.100s\"",
                           c->name, a->arg[c->most]);
    }

    return STATUS_DONE;
}
