
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "change/change_input.h"
#include "cli/admin.h"
#include "cli/arguments.h"
#include "records/host_name.h"


int
arguments_hosts(admin_t *a, char ***names, size_t *n)
{
    int      i, status;
    char    *name;
    json_t  *seen;

    status = STATUS_DONE;
    *n = 0;
    *names = calloc((size_t) a->n_args + 1, sizeof(char *));
    seen = json_object();

    if (*names == NULL || seen == NULL) {
        status = error_no_memory(&a->ctl->error);
        goto done;
    }

    for (i = 0; i < a->n_args; i++) {
        status = host_name_read(&a->ctl->error, a->arg[i], &name);

        if (status != STATUS_DONE) {
            break;
        }

        if (json_object_get(seen, name)) {
            free(name);
            continue;
        }

        (*names)[(*n)++] = name;

        if (json_object_set_new(seen, name, json_true()) != 0) {
            status = error_no_memory(&a->ctl->error);
            break;
        }
    }

done:

    json_decref(seen);

    if (status != STATUS_DONE) {
        host_names_free(*names, *n);
        *names = NULL;
        *n = 0;
    }

    return status;
}


int
arguments_time(admin_t *a, option_e option, uint32_t now, uint32_t *when)
{
    return input_time(&a->ctl->error, admin_options[option].name,
                      a->opt[option], now, when);
}
