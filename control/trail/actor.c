
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trail/actor.h"
#include "base/text.h"


#define ACTOR_NAME  200                /* bytes, at most */


int
actor_name(control_t *ctl, const char **actor)
{
    const char           *why;
    const struct passwd  *user;

    *actor = ctl->settings.value[SET_ACTOR];

    if (*actor == NULL && geteuid() == 0) {
        *actor = getenv("SUDO_USER");
    }

    if (*actor == NULL || **actor == '\0') {
        user = getpwuid(getuid());
        *actor = user ? user->pw_name : "";
    }

    why = **actor ? text_check(*actor, strlen(*actor), ACTOR_NAME)
                  : "is not known";

    return why ? error_set(&ctl->error, STATUS_FAILED, "actor",
                           "set PAYLOCK_ACTOR, or \"actor\" in the "
                           "configuration, to your name",
                           "the actor \"%.200s\" %s", *actor, why)
               : STATUS_DONE;
}


void
actor_machine(char name[ACTOR_MACHINE])
{
    memset(name, 0, ACTOR_MACHINE);

    if (gethostname(name, ACTOR_MACHINE - 1) != 0
        || text_check(name, strlen(name), ACTOR_MACHINE) != NULL)
    {
        strcpy(name, "unknown");
    }
}
