
/*
 * Copyright (C) 2026 paylock contributors
 *
 * What a command works on: the parsed command line, and the context of
 * libpaylock-control.
 */


#ifndef _ADMIN_H_INCLUDED_
#define _ADMIN_H_INCLUDED_


#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/settings.h"
#include "context/control.h"
#include "context/settings_read.h"
#include "trail/known_head.h"


#define ADMIN_CHECKPOINTS  16          /* of that option, at most */
#define ADMIN_ARCHIVES     1000


typedef struct admin_s  admin_t;


/* What is set up before a command runs, in this order; see prepare.c. */

#define NEEDS_HOSTS     0x01           /* the arguments are host names */
#define NEEDS_SETTINGS  0x02
#define NEEDS_REDIS     0x04           /* connects */
#define NEEDS_KNOWN     0x08           /* loads a->known and ctl->trust */
#define NEEDS_SIGNERS   0x10           /* loads ctl->signers */


typedef struct {
    const char  *name;                 /* one word or two */
    const char  *args;                 /* as in the synopsis */
    int          least;                /* number of arguments, at least */
    int          most;                 /* ... and at most */
    uint64_t     options;              /* OPT_BIT() each; not global ones */
    unsigned     needs;                /* NEEDS_* each */
    const char  *help;                 /* one line */
    int        (*run)(admin_t *a);     /* returns a status */

    /* checks the options before anything is set up; or NULL; a status */

    int        (*check)(admin_t *a);
} command_t;


struct admin_s {
    const command_t  *commands;        /* the table */
    const command_t  *command;         /* NULL: not parsed yet */
    const char       *opt[OPT_N];      /* as given; NULL: not given */
    const char       *checkpoint[ADMIN_CHECKPOINTS];
    int               n_checkpoints;
    const char       *archive[ADMIN_ARCHIVES];
    int               n_archives;
    char            **arg;
    int               n_args;
    char            **host;            /* NEEDS_HOSTS: normalized, each once */
    size_t            n_hosts;
    head_t            known;           /* NEEDS_KNOWN */

    settings_from_t   from;
    control_t        *ctl;
    progress_t        progress;
    interrupt_t       interrupt;

    /* for errors after changes: what stays done; NULL: nothing was done */

    const char       *done;
    unsigned          sigpipe:1;       /* SIGPIPE was ignored at start */
    unsigned          new_config:1;    /* the file of --config may be missing */
};


#endif /* _ADMIN_H_INCLUDED_ */
