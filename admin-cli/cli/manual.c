
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "cli/manual.h"
#include "paylock_version.h"


static void manual_commands(FILE *f, const command_t *commands);
static void manual_options(FILE *f, uint64_t options);
static void manual_settings(FILE *f);
static void manual_statuses(FILE *f);
static void manual_item(FILE *f, const char *name, const char *value,
    const char *text);
static void manual_text(FILE *f, const char *text);


static const struct {
    int          status;
    const char  *text;
} manual_status[] = {
    { STATUS_DONE, "Done; also if nothing had to be changed." },
    { STATUS_FAILED, "Failed; nothing is changed." },
    { STATUS_USAGE, "The command line is wrong; nothing is changed." },
    { STATUS_PARTLY, "Done in part; the message says what is, and what is "
      "not." },
    { STATUS_UNKNOWN, "Not known: the connection was lost in the middle, and "
      "Redis cannot be asked.  Run the same command again." },
    { STATUS_TAMPERED, "audit verify: the trail was tampered with." },
    { STATUS_INCOMPLETE, "audit verify: the trail is incomplete." },
    { STATUS_FLAGS, "audit verify: records in Redis are not what the trail "
      "says." }
};


void
manual_print(FILE *f, const command_t *commands)
{
    (void) fprintf(f, ".TH PAYLOCK\\-ADMIN 1 %s \"paylock %s\"\n",
                   PAYLOCK_DATE, PAYLOCK_VERSION);
    (void) fputs(".nr HY 0\n"
                 ".hy 0\n"
                 ".ad l\n"
                 ".SH NAME\n"
                 "paylock\\-admin \\- close web sites that are not paid, and "
                 "open them again\n"
                 ".SH SYNOPSIS\n"
                 ".B paylock\\-admin\n"
                 "[\\fIOPTION\\fR]... \\fICOMMAND\\fR [\\fIARGUMENT\\fR]...\n"
                 ".SH DESCRIPTION\n"
                 ".B paylock\\-admin\n"
                 "writes to Redis which sites are closed, and from when on, "
                 "with an entry in the audit trail for every change.\n"
                 "nginx with its module paylock follows that.\n"
                 "Options may stand before and behind the command.\n"
                 "Text goes to standard output, errors and warnings to "
                 "standard error.\n", f);

    (void) fputs(".SH COMMANDS\n", f);
    manual_commands(f, commands);

    (void) fputs(".SH OPTIONS\n"
                 "These are options of all commands.\n", f);
    manual_options(f, OPT_GLOBAL);

    (void) fputs(".PP\n"
                 "These are options of the commands that name them above.\n",
                 f);
    manual_options(f, ~OPT_GLOBAL);

    (void) fputs(".SH EXIT STATUS\n", f);
    manual_statuses(f);

    (void) fputs(".SH ENVIRONMENT\n"
                 "What the command line sets comes first, then the "
                 "environment, then the files.\n", f);
    manual_settings(f);

    (void) fputs(".SH FILES\n", f);
    manual_item(f, "$XDG_CONFIG_HOME/paylock/config", NULL,
                "Settings, one \"key = value\" a line; by default "
                "~/.config/paylock/config.");
    manual_item(f, SETTINGS_FILE, NULL, "The same for the machine.");
    manual_item(f, "$XDG_CONFIG_HOME/" SIGNER_FILE, NULL,
                "The private key that signs what you do.");
    manual_item(f, "$XDG_STATE_HOME/paylock/", NULL,
                "What is remembered of audit trails; by default "
                "~/.local/state/paylock/.");

    (void) fputs(".SH SEE ALSO\n"
                 ".BR ngx_http_paylock_module (8),\n"
                 ".BR nginx (8),\n"
                 ".BR redis\\-server (1)\n", f);
}


static void
manual_commands(FILE *f, const command_t *commands)
{
    size_t            i;
    const option_t   *o;
    const command_t  *c;

    for (c = commands; c->name; c++) {
        (void) fputs(".TP\n.B ", f);
        manual_text(f, c->name);
        (void) fputs("\\fR", f);

        if (*c->args) {
            (void) fputc(' ', f);
            manual_text(f, c->args);
        }

        for (i = 0; i < OPT_N; i++) {

            if (!(c->options & OPT_BIT(i))) {
                continue;
            }

            o = &admin_options[i];
            (void) fputs(" [\\fB\\-\\-", f);
            manual_text(f, o->name);
            (void) fputs("\\fR", f);

            if (o->value) {
                (void) fputs(o->optional ? "[=\\fI" : "\\ \\fI", f);
                manual_text(f, o->value);
                (void) fputs(o->optional ? "\\fR]" : "\\fR", f);
            }

            (void) fputc(']', f);
        }

        (void) fputc('\n', f);
        manual_text(f, c->help);
        (void) fputs(".\n", f);
    }
}


static void
manual_options(FILE *f, uint64_t options)
{
    char             name[64];
    size_t           i;
    const option_t  *o;

    for (i = 0; i < OPT_N; i++) {

        if (options & OPT_BIT(i)) {
            o = &admin_options[i];
            (void) snprintf(name, sizeof(name), "--%s%s%s%s", o->name,
                            o->optional ? "[=" : "",
                            o->optional ? o->value : "",
                            o->optional ? "]" : "");
            manual_item(f, name, o->optional ? NULL : o->value, o->help);
        }
    }
}


static void
manual_settings(FILE *f)
{
    int        n;
    char       text[128];
    setting_e  s;

    for (s = 0; s < SET_N; s++) {
        n = snprintf(text, sizeof(text), "The setting \"%s\" of the files",
                     settings_names[s].name);

        (void) snprintf(text + n, sizeof(text) - (size_t) n,
                        settings_names[s].option == -1 ? "." : ", and --%s.",
                        settings_names[s].option == -1
                        ? "" : admin_options[settings_names[s].option].name);

        manual_item(f, settings_names[s].environment, NULL, text);
    }

    manual_item(f, "PAYLOCK_CONFIG", NULL, "The same as --config.");
    manual_item(f, "NO_COLOR", NULL, "If set, nothing is coloured.");
}


static void
manual_statuses(FILE *f)
{
    char    number[16];
    size_t  i;

    for (i = 0; i < sizeof(manual_status) / sizeof(manual_status[0]); i++) {
        (void) snprintf(number, sizeof(number), "%d", manual_status[i].status);
        manual_item(f, number, NULL, manual_status[i].text);
    }
}


static void
manual_item(FILE *f, const char *name, const char *value, const char *text)
{
    (void) fputs(".TP\n.B ", f);
    manual_text(f, name);

    if (value) {
        (void) fputs("\\fI\\ ", f);
        manual_text(f, value);
    }

    (void) fputc('\n', f);
    manual_text(f, text);
    (void) fputc('\n', f);
}


static void
manual_text(FILE *f, const char *text)
{
    if (*text == '.' || *text == '\'') {
        (void) fputs("\\&", f);
    }

    for ( /* void */ ; *text; text++) {

        if (*text == '\\') {
            (void) fputs("\\e", f);

        } else if (*text == '~') {
            (void) fputs("\\(ti", f);

        } else {
            (void) fprintf(f, *text == '-' ? "\\%c" : "%c", *text);
        }
    }
}
