
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "change/actor.h"
#include "text.h"


#define WHO_ACTOR  200                 /* bytes */


int
who_actor(admin_t *a, const char **actor)
{
    const char           *why;
    const struct passwd  *user;

    *actor = a->settings.value[SET_ACTOR];

    if (*actor == NULL && geteuid() == 0) {
        *actor = getenv("SUDO_USER");
    }

    if (*actor == NULL || **actor == '\0') {
        user = getpwuid(getuid());
        *actor = user ? user->pw_name : "";
    }

    why = **actor ? text_check(*actor, strlen(*actor), WHO_ACTOR)
                  : "is not known";

    return why ? problem_set(&a->problem, STATUS_FAILED, "actor",
                             "set PAYLOCK_ACTOR, or \"actor\" in the "
                             "configuration, to who you are",
                             "the actor \"%.200s\" %s", *actor, why)
               : STATUS_DONE;
}


void
who_machine(char name[WHO_MACHINE])
{
    memset(name, 0, WHO_MACHINE);

    if (gethostname(name, WHO_MACHINE - 1) != 0
        || text_check(name, strlen(name), WHO_MACHINE) != NULL)
    {
        strcpy(name, "unknown");
    }
}
