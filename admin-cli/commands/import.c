
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Records become what a file says.
 */


#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "change/change_ops.h"
#include "import/import_record.h"


#define IMPORT_BAD   20                /* lines that are told */
#define IMPORT_READ  65536
#define IMPORT_MAX   (256u * 1024 * 1024)


typedef struct {
    const admin_t  *admin;
    size_t          told;
} import_t;


static int import_desires(admin_t *a, desires_t *ds);
static int import_file(admin_t *a, char **text, size_t *len);
static int import_read(admin_t *a, int fd, char **text, size_t *len);
static int import_failed(admin_t *a, const char *why);
static void import_tell(void *data, const problem_t *p);
static int import_change(flips_t *fs, flip_t *f, uint32_t now);
static void import_times(flip_t *f, const desire_t *d);
static int import_texts(flips_t *fs, flip_t *f, const desire_t *d,
    uint32_t now);


int
cmd_import(admin_t *a)
{
    int          status;
    desires_t    ds;
    flip_kind_t  kind = {
        .action = "import", .change = import_change, .data = &ds, .bulk = 1
    };

    memset(&ds, 0, sizeof(desires_t));

    status = import_desires(a, &ds);

    if (status == STATUS_DONE) {
        status = flips_hosts(a, &kind, ds.host, ds.n);
    }

    desires_free(&ds);

    return status;
}


static int
import_desires(admin_t *a, desires_t *ds)
{
    int        status;
    char      *text;
    size_t     len, bad;
    import_t   import;

    status = import_file(a, &text, &len);

    if (status != STATUS_DONE) {
        return status;
    }

    import.admin = a;
    import.told = 0;

    status = desires_read(ds, text, len, &bad, import_tell, &import,
                          &a->problem);
    free(text);

    if (status != STATUS_DONE || bad == 0) {
        return status;
    }

    return problem_set(&a->problem, STATUS_USAGE, "lines", "correct what is "
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
                return admin_memory(a);
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
    return problem_set(&a->problem, STATUS_FAILED, "file", "name a file of "
                       "CSV or JSON lines, or \"-\" for standard input",
                       "cannot read \"%.1000s\": %s", a->arg[0], why);
}


static void
import_tell(void *data, const problem_t *p)
{
    import_t  *import;

    import = data;

    if (import->told++ < IMPORT_BAD) {
        problem_print(p, "error", import->admin->opt[OPT_JSON] != NULL,
                      stderr);
    }
}


static int
import_change(flips_t *fs, flip_t *f, uint32_t now)
{
    int               opens, status;
    const desire_t   *d;
    paylock_record_t  before, after;

    d = &((const desires_t *) fs->kind->data)->desire[f->i];

    opens = d->set == 1u << PAYLOCK_OPEN_AT
            && d->time[PAYLOCK_OPEN_AT] <= now;

    status = opens ? STATUS_DONE : change_guarded(fs, f);

    if (status != STATUS_DONE
        || (status = change_begin(fs, f, f->record, now)) != STATUS_DONE)
    {
        return status;
    }

    import_times(f, d);

    status = import_texts(fs, f, d, now);

    if (status != STATUS_DONE
        || (status = change_end(fs, f, 0)) != STATUS_DONE)
    {
        return status;
    }

    before = change_times(f->record);
    after = change_times(f->after);

    return paylock_record_has(&after, PAYLOCK_LOCK_AT)
           && !change_ended(&after, PAYLOCK_LOCK_AT, now)
           ? change_passes(fs, f, &before, now) : STATUS_DONE;
}


/* A time that is there already stays what change_begin() has made of it. */

static void
import_times(flip_t *f, const desire_t *d)
{
    paylock_time_e    t;
    paylock_record_t  rec;

    rec = change_times(f->record);

    for (t = PAYLOCK_OPEN_AT; t <= PAYLOCK_LOCK_AT; t++) {

        if (!desire_has(d, t)) {
            change_drop(f, paylock_time_names[t]);

        } else if (!paylock_record_has(&rec, t)
                   || rec.time[t] != d->time[t])
        {
            change_time(f, t, d->time[t]);
        }
    }
}


/* What is owed belongs to a case, and is kept as long as that goes on. */

static int
import_texts(flips_t *fs, flip_t *f, const desire_t *d, uint32_t now)
{
    int               before, after;
    paylock_record_t  rec;

    rec = change_times(f->record);
    before = change_case(&rec, now);

    rec = change_times(f->after);
    after = change_case(&rec, now);

    if (!before || !after) {
        change_settled(f);
    }

    change_text(f, "reason", d->reason ? d->reason : "");
    change_text(f, "invoice", d->invoice ? d->invoice : "");
    change_text(f, "ref", d->ref);

    return json_object_get(f->after, "ref") || !after ? STATUS_DONE
                                                      : change_ref(fs, f);
}
