
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/error_print.h"
#include "cli/output.h"
#include "context/secret_memory.h"
#include "cli/secret_prompt.h"
#include "cli/prepare.h"
#include "commands.h"


static void main_descriptors(void);
static int main_wants_json(int argc, char **argv);
static int main_run(admin_t *a);
static void main_calls(admin_t *a);
static void main_warn(void *data, const error_info_t *warning);
static int main_passphrase(void *data, const char *path, char **secret);
static void main_progress(void *data, const char *what, size_t done, size_t n);
static int main_interrupted(void *data);


int
main(int argc, char **argv)
{
    int        status, json;
    admin_t    a;
    control_t  ctl;

    main_descriptors();
    secret_memory_begin();

    memset(&a, 0, sizeof(admin_t));
    memset(&ctl, 0, sizeof(control_t));

    a.commands = admin_commands;
    a.ctl = &ctl;
    a.sigpipe = signal(SIGPIPE, SIG_IGN) == SIG_IGN;
    ctl.program = "paylock-admin";
    tzset();

    status = command_parse(&a, argc, argv);

    /* after a parse error, --json may stand behind the error */

    json = a.opt[OPT_JSON] != NULL || main_wants_json(argc, argv);

    if (status == STATUS_DONE) {
        main_calls(&a);
        status = a.opt[OPT_HELP] ? cmd_help(&a) : main_run(&a);
    }

    prepare_free(&a);

    status = output_end(&a, status);

    if (status != STATUS_DONE) {
        error_print(&ctl.error, "error", json, stderr);
    }

    return status;
}


static int
main_run(admin_t *a)
{
    int  status;

    status = prepare_command(a);

    return status == STATUS_DONE ? a->command->run(a) : status;
}


/* Sets the callbacks of the library that make sense for this command line. */

static void
main_calls(admin_t *a)
{
    control_calls_t  *calls;

    calls = &a->ctl->calls;

    a->ctl->dry_run = a->opt[OPT_DRY_RUN] != NULL;

    calls->data = a;
    calls->warn = a->opt[OPT_QUIET] ? NULL : main_warn;
    calls->passphrase = isatty(STDIN_FILENO) ? main_passphrase : NULL;
    calls->progress = main_progress;
    calls->interrupted = main_interrupted;
}


static void
main_warn(void *data, const error_info_t *warning)
{
    admin_t  *a;

    a = data;

    progress_end(&a->progress);
    error_print(warning, "warning", a->opt[OPT_JSON] != NULL, stderr);
}


static int
main_passphrase(void *data, const char *path, char **secret)
{
    char      question[1024 + sizeof("passphrase of \"\"")];
    admin_t  *a;

    a = data;

    (void) snprintf(question, sizeof(question), "passphrase of \"%.1000s\"",
                    path);

    return secret_prompt(&a->ctl->error, question, secret);
}


static void
main_progress(void *data, const char *what, size_t done, size_t n)
{
    admin_t  *a;

    a = data;

    progress(&a->progress, what, done, n);
}


static int
main_interrupted(void *data)
{
    admin_t  *a;

    a = data;

    return interrupt_came(&a->interrupt);
}


/*
 * Opens descriptors 0 to 2 if they are closed, so that no file or socket gets
 * them; writing to such a one fails.
 */

static void
main_descriptors(void)
{
    int  fd;

    do {
        fd = open("/dev/null", O_RDONLY);
    } while (fd >= 0 && fd <= STDERR_FILENO);

    if (fd > STDERR_FILENO) {
        (void) close(fd);
    }
}


static int
main_wants_json(int argc, char **argv)
{
    int  i;

    for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            return 1;
        }
    }

    return 0;
}
