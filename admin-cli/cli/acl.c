
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/acl.h"
#include "cli/admin.h"
#include "cli/output.h"
#include "files/digest.h"


/* not a hash: Redis refuses the user until somebody replaces it */
#define ACL_BLANK  "SHA256"


static char *acl_line(const char *user, const char *hash, const char *rights,
    const char *prefix);
static int acl_password(admin_t *a, char hash[ACL_HASH]);


/* the prefix of the keys is inserted after each "~" */

static const struct {
    const char  *user;
    const char  *rights;
} acl_users[] = {

    /* each key by its name: request ids are none of nginx's business */

    { "paylock-nginx", "resetkeys %R~locks %R~audit %R~nodes"
      " resetchannels -@all +auth +hello +ping +select +role +time +multi"
      " +exec +discard +type +hlen +hget +hmget +hgetall +hscan +xlen +xread"
      " +xrange +xrevrange +xinfo|stream +client|setname (%W~nodes +hset)" },

    /* selectors, so that keys that may be read cannot be trimmed */

    /*
     * +@hash where keys can only be read is HPTTL and what is older: Redis
     * before 7.4 refuses a line that names HPTTL
     */

    { "paylock-op", "resetkeys resetchannels -@all +auth +hello +ping +select"
      " +role +time +wait +multi +exec +discard +unwatch +client|setname"
      " +acl|whoami (%R~* +watch +type +@hash -hgetall -hkeys -hvals +xlen"
      " +xread +xrange +xrevrange +xinfo|stream)"
      " (%RW~locks +hset +hdel) (%W~audit +xadd) (%W~nodes +hdel)"
      " (%W~requests +hset +hdel) (%W~root +hset)" },

    /* the only one that can take entries out */

    { "paylock-archive", "resetkeys resetchannels -@all +auth +hello +ping"
      " +select +role +time +multi +exec +discard +unwatch +client|setname"
      " (%R~* +watch +type +hlen +hget +hmget +hscan +hstrlen +hrandfield"
      " +xlen +xrange +xrevrange +xinfo|stream) (%W~audit +xadd +xtrim)"
      " (%W~root +hset)" },

    { "paylock-audit", "resetkeys %R~* resetchannels -@all +auth +hello +ping"
      " +select +role +time +type +@hash -hgetall -hkeys -hvals +xlen +xread"
      " +xrange +xrevrange +xinfo|stream +client|setname" }
};


int
acl_print(admin_t *a)
{
    char        *line, hash[ACL_HASH];
    size_t       i;
    json_t      *lines;
    const char  *name;

    if (acl_prefix(a) != STATUS_DONE || acl_password(a, hash) != STATUS_DONE) {
        return a->ctl->error.status;
    }

    name = a->ctl->settings.username;
    lines = json_array();

    for (i = 0; i < sizeof(acl_users) / sizeof(acl_users[0]); i++) {

        line = acl_line(acl_users[i].user,
                        name && strcmp(name, acl_users[i].user) == 0
                        ? hash : ACL_BLANK,
                        acl_users[i].rights,
                        a->ctl->settings.value[SET_PREFIX]);

        if (line == NULL) {
            json_decref(lines);
            return control_no_memory(a->ctl);
        }

        if (output_is_text(a)) {
            (void) puts(line);
        }

        (void) json_array_append_new(lines, json_string(line));
        free(line);
    }

    return output_print_json(a, json_pack("{s:o}", "acl", lines));
}


static char *
acl_line(const char *user, const char *hash, const char *rights,
    const char *prefix)
{
    char        *line;
    FILE        *f;
    size_t       size;
    const char  *p;

    f = open_memstream(&line, &size);

    if (f == NULL) {
        return NULL;
    }

    (void) fprintf(f, "ACL SETUSER %s reset on #%s sanitize-payload ", user,
                   hash);

    for (p = rights; *p; p++) {
        (void) fputc(*p, f);

        if (*p == '~') {
            (void) fputs(prefix, f);
        }
    }

    if (fclose(f) != 0) {
        free(line);
        return NULL;
    }

    return line;
}


static int
acl_password(admin_t *a, char hash[ACL_HASH])
{
    if (a->ctl->settings.password == NULL) {
        (void) strcpy(hash, ACL_BLANK);
        return STATUS_DONE;
    }

    return acl_hash(a, a->ctl->settings.password, hash);
}


int
acl_hash(admin_t *a, const char *password, char hash[ACL_HASH])
{
    return digest_text(password, strlen(password), hash) == 0
           ? STATUS_DONE : control_no_crypto(a->ctl);
}


char *
acl_of(const char *user, const char *hash, const char *prefix)
{
    size_t  i;

    for (i = 0; strcmp(acl_users[i].user, user) != 0; i++) { /* void */ }

    return acl_line(user, hash, acl_users[i].rights, prefix);
}


int
acl_prefix(admin_t *a)
{
    const char  *prefix, *bad;

    prefix = a->ctl->settings.value[SET_PREFIX];
    bad = strpbrk(prefix, " \"'\\*?[]");

    if (bad == NULL) {
        return STATUS_DONE;
    }

    return error_set(&a->ctl->error, STATUS_USAGE, "prefix",
                     "choose one of letters, digits and {}:._-",
                     "the prefix \"%.200s\" has a \"%c\", which means "
                     "something else in the rights of a user", prefix,
                     *bad);
}

