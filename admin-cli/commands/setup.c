
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "cli/confirm.h"
#include "cli/output.h"
#include "commands.h"
#include "paylock_record.h"
#include "records/effective_state.h"
#include "records/records.h"
#include "setup/setup.h"


static int setup_run(setup_t *s);
static int setup_confirm(setup_t *s);
static int setup_count(void *data, const paylock_str_t *host,
    const paylock_str_t *value);
static void setup_print_plan(const setup_t *s);
static void setup_print_step(setup_t *s, const char *name);
static int setup_print_by_hand(setup_t *s);
static void setup_print_end(const setup_t *s);
static int setup_report(setup_t *s, int done);


typedef struct {
    size_t    closed;
    uint32_t  now;
} setup_count_t;


int
cmd_setup(admin_t *a)
{
    int      status;
    setup_t  s;

    a->new_config = 1;

    if (settings_load(a) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    status = setup_begin(&s, a);

    if (status == STATUS_DONE) {
        status = setup_run(&s);
    }

    setup_end(&s);

    return status;
}


static int
setup_run(setup_t *s)
{
    int       status;
    admin_t  *a;

    a = s->admin;

    if (output_is_text(a)) {
        setup_print_plan(s);
    }

    if (setup_is_done(s) || a->opt[OPT_DRY_RUN]) {
        return setup_report(s, 0);
    }

    if (setup_confirm(s) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    if (setup_hold(s) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    status = setup_apply(s, setup_print_step);

    if (status != STATUS_DONE) {
        if (strcmp(a->ctl->error.code, "redis_keep") == 0) {
            return setup_print_by_hand(s);
        }

        return status;
    }

    a->done = "the change is made";

    if (output_is_text(a)) {
        setup_print_end(s);
    }

    return setup_report(s, 1);
}


/* Nobody opens closed sites by accident, and not by a --yes either. */

static int
setup_confirm(setup_t *s)
{
    char           matter[256], word[32];
    uint64_t       n;
    setup_count_t  count;

    static const char  doing[] = "that is to be done";

    count.closed = 0;
    count.now = (uint32_t) time(NULL);

    if (json_array_size(json_object_get(s->plan, "nginx")) == 0
        || !s->admin->opt[OPT_UNDO])
    {
        return confirm(s->admin, doing, "Do it?");
    }

    if (records_scan(s->ctl, &n, setup_count, &count) != STATUS_DONE) {
        return s->ctl->error.status;
    }

    if (!setup_trail_known(s)) {
        return confirm_typed(s->admin, "Redis does not hold the audit trail "
                             "that this machine knows, so nobody can say how "
                             "many sites are closed; each that this nginx "
                             "serves opens", "Open them?", "open all");
    }

    if (count.closed == 0 && !setup_default_locked(s)) {
        return confirm(s->admin, doing, "Do it?");
    }

    (void) snprintf(matter, sizeof(matter), "%zu site%s closed now%s; each "
                    "that this nginx serves opens", count.closed,
                    count.closed == 1 ? " is" : "s are",
                    setup_default_locked(s) ? ", and those without a record "
                                              "are by paylock_default" : "");
    (void) snprintf(word, sizeof(word), "open %zu", count.closed);

    return confirm_typed(s->admin, matter, "Open them?", word);
}


static int
setup_count(void *data, const paylock_str_t *host, const paylock_str_t *value)
{
    json_t         *record;
    const char     *why, *stage;
    setup_count_t  *count;

    (void) host;

    count = data;
    record = paylock_record_load(value->data, value->len, &why);

    if (record) {
        stage = effective_state(record, NULL, count->now).stage;
        count->closed += strcmp(stage, "locked") == 0
                         || strcmp(stage, "readonly") == 0;
        json_decref(record);
    }

    return STATUS_DONE;
}


static void
setup_print_plan(const setup_t *s)
{
    size_t       i;
    json_t      *changes, *one;
    const char  *name;

    if (setup_is_done(s)) {
        (void) printf("nothing to do: %s\n", s->admin->opt[OPT_UNDO]
                      ? "setup has left nothing here"
                      : "paylock is set up here");
        return;
    }

    (void) printf("Redis at %s:\n", s->ctl->settings.where);

    json_object_foreach(s->plan, name, changes) {
        json_array_foreach(changes, i, one) {
            (void) printf("  %-10s", i ? "" : name);
            text_print(stdout, json_string_value(one), json_string_length(one));
            (void) putchar('\n');
        }
    }

    (void) fflush(stdout);
}


static void
setup_print_step(setup_t *s, const char *name)
{
    if (output_is_text(s->admin)) {
        (void) printf("done: %s\n", name);
        (void) fflush(stdout);
    }
}


/* What Redis cannot keep; the passwords are only there as hashes. */

static int
setup_print_by_hand(setup_t *s)
{
    size_t         i;
    json_t        *line;
    error_info_t   error;

    error = s->ctl->error;

    if (setup_users_lines(s) != STATUS_DONE) {
        return s->ctl->error.status;
    }

    s->ctl->error = error;

    json_array_foreach(s->by_hand, i, line) {
        if (output_is_text(s->admin)) {
            text_print(stdout, json_string_value(line),
                       json_string_length(line));
            (void) putchar('\n');
        }
    }

    (void) output_print_json(s->admin, json_pack("{s:O}", "by_hand",
                                                 s->by_hand));

    return error.status;
}


static void
setup_print_end(const setup_t *s)
{
    if (s->admin->opt[OPT_UNDO]) {
        (void) printf("Records, audit trail, keys, signers file and the "
                      "settings of Redis stay.\n");

    } else if (*s->node) {
        (void) printf("nginx follows as \"%s\".  \"paylock-admin lock "
                      "HOST\" closes a site.\n", s->node);
    }
}


static int
setup_report(setup_t *s, int done)
{
    return output_print_json(s->admin, json_pack("{s:O, s:b, s:s?}", "steps",
                                                 s->plan, "done", done, "node",
                                                 *s->node ? s->node : NULL));
}
