
/*
 * Copyright (C) 2026 paylock contributors
 *
 * libpaylock-control: reads and changes records, writes and reads the audit
 * trail, over Redis.  It knows no command line and no terminal: what it needs
 * it is given here, what it has to say it returns, or tells by these calls.
 */


#ifndef _CONTROL_H_INCLUDED_
#define _CONTROL_H_INCLUDED_


#include "base/error.h"
#include "paylock_verify.h"
#include "redis/redis_conn.h"
#include "redis/settings.h"
#include "context/signer.h"


/* What the library calls; each may be NULL. */

typedef struct {
    void   *data;                      /* the first argument of each */

    /* A warning: error->status is STATUS_DONE, error->host may be empty. */

    void  (*warn)(void *data, const error_info_t *error);

    /*
     * Asks for the passphrase of a key file and sets *secret, which the
     * library frees; NULL: nobody can be asked.  Returns a status.
     */

    signer_ask_pt  passphrase;

    /* Of n hosts as many are checked, or done; what says which. */

    void  (*progress)(void *data, const char *what, size_t done, size_t n);

    /* Is it time to stop, between two transactions? */

    int   (*interrupted)(void *data);
} control_calls_t;


typedef struct control_s  control_t;


struct control_s {
    settings_t        settings;
    control_calls_t   calls;
    const char       *program;         /* for the syslog, see openlog(3) */
    unsigned          dry_run:1;       /* nothing is written */

    redis_conn_t     *redis;           /* NULL: not connected */
    signer_t          signer;
    paylock_verify_t  trust;           /* see trail/trust.h */

    unsigned          changed:1;       /* something was written to Redis */
    error_info_t      error;           /* why a status is not STATUS_DONE */
};


/*
 * Connects to Redis by the settings, which are complete.  Returns a status.
 */

int control_connect(control_t *ctl);

/*
 * Reads the operator's key, if there is one, to ctl->signer; and where there
 * must be one.  Return a status.
 */

int control_load_key(control_t *ctl);
int control_need_key(control_t *ctl);

/* Closes the connection and frees all, wiping secrets first. */

void control_free(control_t *ctl);

/* Notes that memory ran out; returns the status. */

int control_no_memory(control_t *ctl);

/* Tells of what is not as it should be, where the work goes on. */

void control_warn(const control_t *ctl, const char *code, const char *host,
    const char *mend, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));


#endif /* _CONTROL_H_INCLUDED_ */
