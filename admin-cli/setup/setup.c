
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/acl.h"
#include "files/user_file.h"
#include "setup/lines.h"
#include "setup/setup.h"


#define SETUP_CONFIG   "/etc/paylock/config"
#define SETUP_PACKAGE  "/etc/paylock/nginx"      /* of the Debian package */
#define SETUP_CONF     "/etc/nginx/conf.d/paylock.conf"
#define SETUP_CHANGE   1024


static int setup_look(setup_t *s);
static int setup_lock(setup_t *s);
static int setup_places(setup_t *s);
static int setup_place(setup_t *s, char path[PATH_MAX], const char *given,
    const char *usual);
static void setup_user(setup_t *s, setup_user_t *user, const char *name,
    const char *file);
static int setup_writable(setup_t *s, const char *path);
static const setup_step_t *setup_steps(const setup_t *s);


/*
 * A user of Redis is made when the file of its password is there, and the
 * settings name it when Redis keeps it.  nginx comes last: it needs all that
 * is before.
 */

static const setup_step_t  setup_do[] = {
    { "passwords", setup_passwords_look, setup_passwords_apply },
    { "redis", setup_redis_look, setup_redis_apply },
    { "users", setup_users_look, setup_users_apply },
    { "settings", setup_config_look, setup_config_apply },
    { "signers", setup_signers_look, setup_signers_apply },
    { "trail", setup_trail_look, setup_trail_apply },
    { "nginx", setup_nginx_look, setup_nginx_apply },
    { NULL, NULL, NULL }
};

static const setup_step_t  setup_undo[] = {
    { "nginx", setup_nginx_undo_look, setup_nginx_undo },
    { "settings", setup_config_undo_look, setup_config_undo },
    { "users", setup_users_undo_look, setup_users_undo },
    { "passwords", setup_passwords_undo_look, setup_passwords_undo },
    { NULL, NULL, NULL }
};


int
setup_begin(setup_t *s, admin_t *a)
{
    memset(s, 0, sizeof(setup_t));
    s->admin = a;
    s->ctl = a->ctl;
    s->lock = -1;

    return setup_places(s) == STATUS_DONE
           && setup_config_read(s) == STATUS_DONE
           && setup_nginx_read(s) == STATUS_DONE
           && setup_login(s) == STATUS_DONE
           ? setup_look(s) : s->ctl->error.status;
}


static int
setup_look(setup_t *s)
{
    const setup_step_t  *step;

    s->plan = json_object();
    s->by_hand = json_array();

    for (step = setup_steps(s); step->name; step++) {
        s->changes = json_array();

        if (json_object_set_new(s->plan, step->name, s->changes) != 0) {
            return control_no_memory(s->ctl);
        }

        if (step->look(s) != STATUS_DONE) {
            return s->ctl->error.status;
        }
    }

    return STATUS_DONE;
}


void
setup_end(setup_t *s)
{
    json_decref(s->plan);
    json_decref(s->by_hand);
    free(s->config_now);
    free(s->policy);
    free(s->program);
    free(s->dump);

    if (s->lock != -1) {
        (void) unlink(s->lock_file);
        (void) close(s->lock);
    }
}


/* What is to be warned of was said when the plan was made. */

int
setup_hold(setup_t *s)
{
    int       status;
    json_t   *plan;
    void    (*warn)(void *data, const error_info_t *warning);

    if (setup_lock(s) != STATUS_DONE) {
        return s->ctl->error.status;
    }

    plan = s->plan;
    json_decref(s->by_hand);
    free(s->policy);
    s->plan = NULL;
    s->by_hand = NULL;
    s->policy = NULL;
    warn = s->ctl->calls.warn;
    s->ctl->calls.warn = NULL;

    setup_user(s, &s->op, ACL_OP, "redis-op.password");
    setup_user(s, &s->nginx, ACL_NGINX, "redis-nginx.password");

    status = setup_config_read(s) == STATUS_DONE
             && setup_nginx_read(s) == STATUS_DONE
             ? setup_look(s) : s->ctl->error.status;

    if (status == STATUS_DONE && !json_equal(plan, s->plan)) {
        status = error_set(&s->ctl->error, STATUS_FAILED, "changed",
                           "run it again", "what is to be done has changed "
                           "meanwhile");
    }

    s->ctl->calls.warn = warn;
    json_decref(plan);

    return status;
}


/* A file that nobody else can open, and so cannot lock. */

static int
setup_lock(setup_t *s)
{
    char         dir[PATH_MAX];
    struct stat  st, now;

    (void) strcpy(dir, s->config);
    (void) snprintf(s->lock_file, sizeof(s->lock_file), "%s/setup.lock",
                    dirname(dir));

    if (user_file_directory(s->lock_file) == 0) {
        s->lock = open(s->lock_file, O_RDWR|O_CREAT|O_NOFOLLOW|O_CLOEXEC,
                       0600);
    }

    if (s->lock == -1) {
        return error_set(&s->ctl->error, STATUS_FAILED, "permission",
                         lines_mend(errno), "cannot write \"%.1000s\": %s",
                         s->lock_file, strerror(errno));
    }

    /* whoever held it before has removed it */

    if (flock(s->lock, LOCK_EX|LOCK_NB) == 0 && fstat(s->lock, &st) == 0
        && stat(s->lock_file, &now) == 0 && st.st_ino == now.st_ino)
    {
        return STATUS_DONE;
    }

    (void) close(s->lock);
    s->lock = -1;

    return error_set(&s->ctl->error, STATUS_FAILED, "busy",
                     "wait until it has ended, and run this again",
                     "another setup is running: it holds \"%.1000s\"",
                     s->lock_file);
}


static const setup_step_t *
setup_steps(const setup_t *s)
{
    return s->admin->opt[OPT_UNDO] ? setup_undo : setup_do;
}


int
setup_is_done(const setup_t *s)
{
    json_t      *changes;
    const char  *name;

    json_object_foreach(s->plan, name, changes) {
        if (json_array_size(changes)) {
            return 0;
        }
    }

    return 1;
}


int
setup_apply(setup_t *s, void (*each)(setup_t *s, const char *name))
{
    int                  status;
    const setup_step_t  *step;

    status = STATUS_DONE;

    for (step = setup_steps(s); step->name && status == STATUS_DONE; step++) {

        if (json_array_size(json_object_get(s->plan, step->name)) == 0) {
            continue;
        }

        status = step->apply(s);

        if (status == STATUS_DONE) {
            s->admin->done = "a part is done";
            each(s, step->name);
        }
    }

    return status;
}


void
setup_change(setup_t *s, const char *fmt, ...)
{
    char     text[SETUP_CHANGE];
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    (void) json_array_append_new(s->changes, json_string(text));
}


/* Where everything is to be. */

static int
setup_places(setup_t *s)
{
    char          key[PATH_MAX];
    admin_t      *a;
    const char   *conf;
    struct stat   st;
    settings_t   *settings;

    a = s->admin;
    settings = &s->ctl->settings;
    conf = stat(SETUP_PACKAGE, &st) == 0 ? SETUP_PACKAGE "/http.conf"
                                         : SETUP_CONF;

    if (user_file_path(key, sizeof(key), "XDG_CONFIG_HOME", ".config",
                       SIGNER_FILE)
        != 0)
    {
        return error_set(&s->ctl->error, STATUS_FAILED, "key",
                         "name another with --key", "the path of the key is "
                         "too long");
    }

    if (setup_place(s, s->config, a->opt[OPT_CONFIG], SETUP_CONFIG)
        || setup_place(s, s->signers, settings->value[SET_SIGNERS],
                       SIGNERS_HOST)
        || setup_place(s, s->key, settings->value[SET_KEY], key)
        || setup_place(s, s->conf, a->opt[OPT_NGINX_CONF], conf))
    {
        return s->ctl->error.status;
    }

    setup_user(s, &s->op, ACL_OP, "redis-op.password");
    setup_user(s, &s->nginx, ACL_NGINX, "redis-nginx.password");

    return setup_owner(s, s->config) == STATUS_DONE
           && setup_owner(s, s->op.file) == STATUS_DONE
           && setup_owner(s, s->nginx.file) == STATUS_DONE
           && setup_owner(s, s->signers) == STATUS_DONE
           && setup_owner(s, s->key) == STATUS_DONE
           && setup_owner(s, s->conf) == STATUS_DONE
           ? setup_writable(s, s->config) : s->ctl->error.status;
}


/* Paths go into files of others: they begin at the root. */

static int
setup_place(setup_t *s, char path[PATH_MAX], const char *given,
    const char *usual)
{
    int   n;
    char  here[PATH_MAX];

    given = given ? given : usual;

    if (*given == '/') {
        n = snprintf(path, PATH_MAX, "%s", given);

    } else if (getcwd(here, sizeof(here)) == NULL) {
        n = PATH_MAX;

    } else {
        n = snprintf(path, PATH_MAX, "%s/%s", here, given);
    }

    /* room for the names that are put behind it */

    if (n < PATH_MAX - 64 && strpbrk(path, "\"\\\n\r\t $;{}") == NULL) {
        return STATUS_DONE;
    }

    return error_set(&s->ctl->error, STATUS_USAGE, "path",
                     "name one of letters, digits and /._-",
                     "the path \"%.500s\" is too long, or has a character "
                     "that a configuration cannot hold", given);
}


/* The file of its password is beside the settings. */

static void
setup_user(setup_t *s, setup_user_t *user, const char *name, const char *file)
{
    char  dir[PATH_MAX];

    (void) strcpy(dir, s->config);
    (void) snprintf(user->file, sizeof(user->file), "%s/%.60s", dirname(dir),
                    file);

    user->name = name;
    user->own = 1;
    user->there = access(user->file, F_OK) == 0;
}


/* Better said now than after a part is done. */

static int
setup_writable(setup_t *s, const char *path)
{
    char  dir[PATH_MAX];

    (void) strcpy(dir, path);

    for (;;) {
        (void) dirname(dir);

        if (access(dir, W_OK) == 0) {
            return STATUS_DONE;
        }

        if (errno != ENOENT || s->admin->opt[OPT_UNDO]) {
            return error_set(&s->ctl->error, STATUS_FAILED, "permission",
                             lines_mend(errno), "cannot write to \"%s\": %s",
                             dir, strerror(errno));
        }
    }
}
