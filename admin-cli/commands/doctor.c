
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/output.h"
#include "commands.h"
#include "doctor/doctor.h"


static int doctor_report(admin_t *a, doctor_t *d);
static void doctor_print(const json_t *finding);


int
cmd_doctor(admin_t *a)
{
    int        status;
    doctor_t   d;

    memset(&d, 0, sizeof(doctor_t));
    d.ctl = a->ctl;
    d.findings = json_array();

    if (d.findings == NULL) {
        return control_no_memory(a->ctl);
    }

    if (settings_load(a) != STATUS_DONE) {
        doctor_failed(&d, "settings");

    } else {
        doctor_check(&d);
    }

    status = doctor_report(a, &d);

    if (status != STATUS_DONE || d.problems == 0) {
        return status;
    }

    return error_set(&a->ctl->error, STATUS_FAILED, "doctor", NULL,
                     "%zu problem%s found", d.problems,
                     d.problems == 1 ? " was" : "s were");
}


static int
doctor_report(admin_t *a, doctor_t *d)
{
    size_t   i;
    json_t  *finding;

    if (output_is_text(a)) {
        json_array_foreach(d->findings, i, finding) {
            doctor_print(finding);
        }
    }

    return output_print_json(a, d->findings);
}


static void
doctor_print(const json_t *finding)
{
    const json_t  *message, *mend;

    message = json_object_get(finding, "message");
    mend = json_object_get(finding, "mend");

    (void) printf("%-8s %s: ",
                  json_string_value(json_object_get(finding, "result")),
                  json_string_value(json_object_get(finding, "check")));
    text_print(stdout, json_string_value(message),
               json_string_length(message));

    if (json_is_string(mend)) {
        (void) printf("\n         mend: ");
        text_print(stdout, json_string_value(mend), json_string_length(mend));
    }

    (void) putchar('\n');
}
