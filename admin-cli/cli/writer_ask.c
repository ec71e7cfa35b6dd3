
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/writer_ask.h"
#include "wire/wire.h"


#define WRITER_SOCKET  "/run/paylock/writer.sock"


static int writer_answer(admin_t *a, const json_t *answer, json_t **body);
static int writer_unreached(admin_t *a, const char *path);


int
writer_ask(admin_t *a, json_t *command, json_t **body)
{
    int          fd, status;
    json_t      *answer;
    const char  *path;

    if (command == NULL) {
        return control_no_memory(a->ctl);
    }

    path = a->ctl->settings.value[SET_WRITER];
    path = path ? path : WRITER_SOCKET;
    fd = wire_connect(path);

    if (fd == -1) {
        json_decref(command);
        return writer_unreached(a, path);
    }

    answer = wire_write(fd, command) == 0 ? wire_read(fd) : NULL;
    json_decref(command);
    (void) close(fd);

    status = answer ? writer_answer(a, answer, body)
             : error_set(&a->ctl->error, STATUS_FAILED, "writer",
                         "run this as root",
                         "paylock-writer at \"%.200s\" does not listen to you",
                         path);
    json_decref(answer);

    return status;
}


/* Codes of errors are constants: that of the writer is left out. */

static int
writer_answer(admin_t *a, const json_t *answer, json_t **body)
{
    const char    *message, *mend;
    const json_t  *error;

    error = json_object_get(answer, "error");

    if (error == NULL) {
        *body = json_incref(json_object_get(answer, "body"));
        return STATUS_DONE;
    }

    message = json_string_value(json_object_get(error, "message"));
    mend = json_string_value(json_object_get(error, "mend"));

    return error_set(&a->ctl->error, STATUS_FAILED, "writer", mend,
                     "paylock-writer says: %.1000s", message ? message : "");
}


static int
writer_unreached(admin_t *a, const char *path)
{
    return error_set(&a->ctl->error, STATUS_FAILED, "writer",
                     errno == EACCES ? "run this as root"
                     : "run this where paylock-writer runs; \"systemctl start "
                       "paylock-writer\" starts it, and the setting "
                       "\"writer\" names another socket",
                     "cannot reach paylock-writer at \"%.200s\": %s", path,
                     strerror(errno));
}
