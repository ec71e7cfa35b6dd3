
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files/secret.h"
#include "files/user_file.h"


#define SECRET_LINE  4096


int
secret_read(error_info_t *error, const char *path, const char *what,
    const char *thing, char **secret)
{
    int    status;
    char   line[SECRET_LINE];
    FILE  *f;

    f = fopen(path, "re");

    if (f == NULL) {
        return error_set(error, STATUS_FAILED, what,
                         "make it, readable for you alone, with one line",
                         "cannot read the %s file \"%s\": %s", thing, path,
                         strerror(errno));
    }

    setbuf(f, NULL);
    status = user_file_check_private(error, fileno(f), path, what);

    if (status == STATUS_DONE) {

        if (fgets(line, sizeof(line), f) == NULL
            || strcspn(line, "\r\n") == 0)
        {
            status = error_set(error, STATUS_FAILED, what,
                               "put what it is to hold into its first line",
                               "the %s file \"%s\" is empty", thing, path);
        } else {
            line[strcspn(line, "\r\n")] = '\0';
            *secret = strdup(line);
            status = *secret ? STATUS_DONE : error_no_memory(error);
        }

        explicit_bzero(line, sizeof(line));
    }

    (void) fclose(f);

    return status;
}


void
secret_free(char *secret)
{
    if (secret) {
        explicit_bzero(secret, strlen(secret));
        free(secret);
    }
}
