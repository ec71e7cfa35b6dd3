
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/output.h"
#include "commands.h"


static void admin_descriptors(void);
static int admin_wants_json(int argc, char **argv);


int
main(int argc, char **argv)
{
    int      status, json;
    admin_t  a;

    admin_descriptors();
    memset(&a, 0, sizeof(admin_t));
    a.sigpipe = signal(SIGPIPE, SIG_IGN) == SIG_IGN;
    tzset();

    status = command_parse(&a, argc, argv);

    /* an error in the command line comes before the --json behind it */

    json = a.opt[OPT_JSON] != NULL || admin_wants_json(argc, argv);

    if (status == STATUS_DONE) {
        status = a.opt[OPT_HELP] ? cmd_help(&a) : a.command->run(&a);
    }

    link_close(a.link);
    signer_free(&a.signer);
    paylock_verify_free(&a.trust);
    settings_free(&a.settings);

    status = output_end(&a, status);

    if (status != STATUS_DONE) {
        problem_print(&a.problem, "error", json, stderr);
    }

    return status;
}


/*
 * No file or socket opened later may be taken for a standard one; what is
 * printed on one that was closed fails.
 */

static void
admin_descriptors(void)
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
admin_wants_json(int argc, char **argv)
{
    int  i;

    for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            return 1;
        }
    }

    return 0;
}
