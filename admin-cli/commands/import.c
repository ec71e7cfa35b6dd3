
/*
 * Copyright (C) 2026 paylock contributors
 *
 * "import": gives each host the record that a file has for it.
 */


#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "change/import.h"
#include "cli/change_run.h"
#include "cli/error_print.h"
#include "commands.h"
#include "files/digest.h"
#include "import/import_record.h"


#define IMPORT_BAD   20                /* bad lines shown, at most */
#define IMPORT_READ  65536
#define IMPORT_MAX   (256u * 1024 * 1024)


typedef struct {
    const admin_t  *admin;
    size_t          told;
} import_t;


static int import_read_list(admin_t *a, import_list_t *list,
    char digest[PAYLOCK_HASH_LEN + 1]);
static int import_file(admin_t *a, char **text, size_t *len);
static int import_read(admin_t *a, int fd, char **text, size_t *len);
static int import_failed(admin_t *a, const char *why);
static void import_tell(void *data, const error_info_t *p);


int
cmd_import(admin_t *a)
{
    int            status;
    change_run_t   run = { .a = a, .kind = &change_import, .many = 1 };
    char           digest[PAYLOCK_HASH_LEN + 1];
    import_list_t  list;

    memset(&list, 0, sizeof(import_list_t));

    status = import_read_list(a, &list, digest);
    run.args = list.record;
    run.in.content = digest;

    if (status == STATUS_DONE) {
        status = change_run_hosts(&run, list.host, list.n);
    }

    import_list_free(&list);

    return status;
}


/* Also sets the digest of the file, which tells a request from another. */

static int
import_read_list(admin_t *a, import_list_t *list,
    char digest[PAYLOCK_HASH_LEN + 1])
{
    int        status;
    char      *text;
    size_t     len, bad;
    import_t   import;

    status = import_file(a, &text, &len);

    if (status != STATUS_DONE) {
        return status;
    }

    if (digest_text(text, len, digest) != 0) {
        free(text);
        return control_no_memory(a->ctl);
    }

    import.admin = a;
    import.told = 0;

    status = import_list_read(list, text, len, &bad, import_tell, &import,
                              &a->ctl->error);
    free(text);

    if (status != STATUS_DONE || bad == 0) {
        return status;
    }

    return error_set(&a->ctl->error, STATUS_USAGE, "lines", "correct what is "
                     "bad and run the command again",
                     "%zu %s of \"%.1000s\" %s "
                     "bad%s; nothing is changed", bad,
                     bad == 1 ? "line" : "lines", a->arg[0],
                     bad == 1 ? "is" : "are",
                     bad > IMPORT_BAD ? ", the first of which are named"
                     : "");
}


static int
import_file(admin_t *a, char **text, size_t *len)
{
    int          fd, status;
    struct stat  st;

    if (strcmp(a->arg[0], "-") == 0) {
        return import_read(a, STDIN_FILENO, text, len);
    }

    fd = open(a->arg[0], O_RDONLY|O_CLOEXEC);

    if (fd == -1) {
        return import_failed(a, strerror(errno));
    }

    status = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)
             ? import_failed(a, strerror(EISDIR))
             : import_read(a, fd, text, len);

    (void) close(fd);

    return status;
}


static int
import_read(admin_t *a, int fd, char **text, size_t *len)
{
    char        *room;
    size_t       size;
    ssize_t      n;
    const char  *why;

    *text = NULL;
    *len = 0;
    size = 0;
    why = NULL;

    while (why == NULL) {

        if (size - *len < IMPORT_READ) {
            size = 2 * size + IMPORT_READ;
            room = realloc(*text, size);

            if (room == NULL) {
                free(*text);
                return control_no_memory(a->ctl);
            }

            *text = room;
        }

        n = read(fd, *text + *len, size - *len);

        if (n == 0) {
            return STATUS_DONE;
        }

        if (n > 0) {
            *len += (size_t) n;
            why = *len > IMPORT_MAX ? "it is larger than 256 MB" : NULL;

        } else if (errno != EINTR) {
            why = strerror(errno);
        }
    }

    free(*text);

    return import_failed(a, why);
}


static int
import_failed(admin_t *a, const char *why)
{
    return error_set(&a->ctl->error, STATUS_FAILED, "file", "name a file of "
                     "CSV or JSON lines, or \"-\" for standard input",
                     "cannot read \"%.1000s\": %s", a->arg[0], why);
}


static void
import_tell(void *data, const error_info_t *p)
{
    import_t  *import;

    import = data;

    if (import->told++ < IMPORT_BAD) {
        error_print(p, "error", import->admin->opt[OPT_JSON] != NULL,
                    stderr);
    }
}
