
/*
 * Copyright (C) 2026 paylock contributors
 *
 * "notice": records in the audit trail that a notice was sent.
 */


#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


#include "cli/change_run.h"
#include "commands.h"
#include "files/digest.h"


static int notice_document(admin_t *a, char document[PAYLOCK_HASH_LEN + 1]);


int
cmd_notice(admin_t *a)
{
    char  document[PAYLOCK_HASH_LEN + 1];

    if (a->opt[OPT_FILE] == NULL) {
        return change_run_action(a, NULL);
    }

    return notice_document(a, document) == STATUS_DONE
           ? change_run_action(a, document) : a->ctl->error.status;
}


static int
notice_document(admin_t *a, char document[PAYLOCK_HASH_LEN + 1])
{
    int          fd, ok;
    struct stat  st;

    fd = open(a->opt[OPT_FILE], O_RDONLY|O_CLOEXEC|O_NONBLOCK);

    if (fd != -1 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)
                     || st.st_size == 0))
    {
        (void) close(fd);
        return error_set(&a->ctl->error, STATUS_FAILED, "file",
                         "name the document that was sent",
                         "\"%.1000s\" is not a file, or is empty",
                         a->opt[OPT_FILE]);
    }

    ok = fd != -1 && digest_file(fd, document) == 0;

    if (!ok) {
        (void) error_set(&a->ctl->error, STATUS_FAILED, "file",
                         "name the document that was sent",
                         "cannot read \"%.1000s\": %s", a->opt[OPT_FILE],
                         strerror(errno));
    }

    if (fd != -1) {
        (void) close(fd);
    }

    return ok ? STATUS_DONE : a->ctl->error.status;
}
