
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "files/pass_file.h"
#include "files/user_file.h"


static int pass_file_load(error_info_t *error, const char *path, int fd,
    pass_file_t *f);


int
pass_file_read(error_info_t *error, const char *path, pass_file_t *f)
{
    int  fd, status;

    memset(f, 0, sizeof(pass_file_t));

    fd = open(path, O_RDONLY|O_CLOEXEC|O_NONBLOCK|O_NOCTTY);

    if (fd == -1) {
        return pass_file_failed(error, path, "read",
                                "\"paylock-admin keygen --pass FILE\" makes "
                                "one; nginx needs the same");
    }

    status = pass_file_load(error, path, fd, f);

    (void) close(fd);

    return status;
}


static int
pass_file_load(error_info_t *error, const char *path, int fd,
    pass_file_t *f)
{
    size_t       line;
    ssize_t      n;
    const char  *why;

    if (fstat(fd, &f->st) != 0 || !S_ISREG(f->st.st_mode)) {
        return error_set(error, STATUS_FAILED, "pass_key",
                         "name a file that \"paylock-admin keygen --pass\" "
                         "made", "\"%.1000s\" is not a file", path);
    }

    if (user_file_check_private(error, fd, path, "pass_key") != STATUS_DONE) {
        return error->status;
    }

    for (n = 1; n > 0 && f->len < sizeof(f->text); f->len += (size_t) n) {
        n = read(fd, f->text + f->len, sizeof(f->text) - f->len);

        if (n < 0) {
            return pass_file_failed(error, path, "read", NULL);
        }
    }

    why = paylock_pass_keys(f->text, f->len, &f->keys, &line);

    return why ? error_set(error, STATUS_FAILED, "pass_key",
                           "name a file that \"paylock-admin keygen --pass\" "
                           "made", "\"%.1000s\" holds no keys of passes: "
                           "line %zu %s", path, line, why)
               : STATUS_DONE;
}


int
pass_file_failed(error_info_t *error, const char *path, const char *what,
    const char *mend)
{
    return error_set(error, STATUS_FAILED, "pass_key", mend,
                     "cannot %s the keys of passes \"%.1000s\": %s", what,
                     path, strerror(errno));
}
