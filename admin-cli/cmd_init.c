
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "entry.h"
#include "head.h"
#include "output.h"
#include "who.h"


#define INIT_RACES  10


static int init_read(admin_t *a, uint64_t seq, head_t *head, char *hash);
static int init_create(admin_t *a, head_t *head, int *created);
static int init_queue(admin_t *a, head_t *head);
static int init_exec(admin_t *a, int *created);
static int init_lost(admin_t *a);
static int init_ask(admin_t *a, const head_t *head);
static int init_report(admin_t *a, const head_t *head, int created);


int
cmd_init(admin_t *a)
{
    int     status, created, races;
    char    hash[PAYLOCK_HASH_LEN + 1];
    head_t  known, head;

    created = 0;

    if ((status = settings_load(a)) != STATUS_DONE
        || (status = chain_load(a, &known)) != STATUS_DONE)
    {
        return status;
    }

    a->link = link_open(&a->settings, &a->problem);

    if (a->link == NULL) {
        return a->problem.status;
    }

    for (races = 0; !created; races++) {
        status = init_read(a, known.seq, &head, hash);

        if (status != STATUS_DONE) {
            return status;
        }

        if (known.seq || head.seq) {
            break;
        }

        if (races == INIT_RACES) {
            return problem_set(&a->problem, STATUS_FAILED, "race",
                               "try again when nobody changes the records",
                               "others were faster %d times in a row",
                               INIT_RACES);
        }

        status = init_create(a, &head, &created);

        if (status != STATUS_DONE) {
            return status;
        }
    }

    if (!created) {
        status = known.seq ? head_judge(a, &known, &head, hash)
                           : init_ask(a, &head);
        if (status != STATUS_DONE) {
            return status;
        }
    }

    if (!a->opt[OPT_DRY_RUN]) {
        status = chain_save(a, &head);

        if (status != STATUS_DONE) {
            return status;
        }
    }

    return init_report(a, &head, created);
}


static int
init_read(admin_t *a, uint64_t seq, head_t *head, char *hash)
{
    if (head_queue(a, seq) != STATUS_DONE || link_send(a->link) != 0) {
        return a->problem.status;
    }

    return head_take(a, seq, head, hash);
}


/* Writes the genesis, unless another is faster. */

static int
init_create(admin_t *a, head_t *head, int *created)
{
    int  status;

    memset(head, 0, sizeof(head_t));
    memset(head->hash, '0', PAYLOCK_HASH_LEN);

    if (a->opt[OPT_DRY_RUN]) {
        *created = 1;
        return STATUS_DONE;
    }

    status = entry_random(a, head->chain, PAYLOCK_CHAIN_LEN / 2);

    if (status != STATUS_DONE) {
        return status;
    }

    /* a trail that cannot be remembered here would be of no use */

    status = chain_check(a);

    if (status != STATUS_DONE) {
        return status;
    }

    /* if MULTI were refused, what is behind it would be done at once */

    if (link_command(a->link, "MULTI", NULL) != 0
        || link_send(a->link) != 0
        || link_done(a->link) != 0
        || init_queue(a, head) != STATUS_DONE)
    {
        return a->problem.status;
    }

    return init_exec(a, created);
}


static int
init_queue(admin_t *a, head_t *head)
{
    int               status;
    char              machine[WHO_MACHINE], request[2 * 16 + 1];
    const char       *actor;
    paylock_entry_t   e;

    if ((status = who_actor(a, &actor)) != STATUS_DONE
        || (status = entry_random(a, request, 16)) != STATUS_DONE)
    {
        return status;
    }

    who_machine(machine);
    memset(&e, 0, sizeof(paylock_entry_t));

    entry_set(&e, PAYLOCK_AUDIT_ACTOR, actor);
    entry_set(&e, PAYLOCK_AUDIT_MACHINE, machine);
    entry_set(&e, PAYLOCK_AUDIT_ACTION, "init");
    entry_set(&e, PAYLOCK_AUDIT_REQUEST, request);

    status = entry_queue(a, &e, head);

    if (status != STATUS_DONE) {
        return status;
    }

    return link_command(a->link, "EXEC", NULL) == 0
           && link_send(a->link) == 0 ? STATUS_DONE : a->problem.status;
}


static int
init_exec(admin_t *a, int *created)
{
    int          ok;
    redisReply  *reply;

    if (link_done(a->link) != 0) {
        return init_lost(a);
    }

    reply = link_expect(a->link, REDIS_REPLY_ARRAY);

    if (reply == NULL) {
        return init_lost(a);
    }

    *created = reply->type == REDIS_REPLY_ARRAY;
    ok = !*created || (reply->elements == 1
                       && reply->element[0]->type == REDIS_REPLY_STRING);

    if (!ok && reply->elements
        && reply->element[0]->type == REDIS_REPLY_ERROR)
    {
        (void) link_refused(a->link, reply->element[0]);

    } else if (!ok) {
        (void) problem_set(&a->problem, STATUS_FAILED, "protocol", NULL,
                           "Redis gave no whole answer to EXEC");
    }

    freeReplyObject(reply);

    return ok ? STATUS_DONE : a->problem.status;
}


/* A refusal is an answer; none at all leaves open what was done. */

static int
init_lost(admin_t *a)
{
    char  why[sizeof(a->problem.message)];

    if (strcmp(a->problem.code, "link") != 0) {
        return a->problem.status;
    }

    memcpy(why, a->problem.message, sizeof(why));

    return problem_set(&a->problem, STATUS_UNKNOWN, "unknown",
                       "run \"paylock-admin init\" again: it shows what is "
                       "there", "the connection was lost in the transaction, "
                       "and whether the trail was made is not known: %.1500s",
                       why);
}


static int
init_ask(admin_t *a, const head_t *head)
{
    int   c;
    char  answer[16];

    if (a->opt[OPT_YES] || a->opt[OPT_DRY_RUN]) {
        return STATUS_DONE;
    }

    if (!isatty(STDIN_FILENO)) {
        return problem_set(&a->problem, STATUS_USAGE, "confirm",
                           "if that is the one meant, give --yes",
                           "there is an audit trail already: chain %s, entry "
                           "%" PRIu64 ", hash %s", head->chain, head->seq,
                           head->hash);
    }

    (void) fprintf(stderr, "Redis at %s holds an audit trail already:\n"
                   "    chain %s\n    entry %" PRIu64 "\n    hash  %s\n"
                   "Is it the one meant?  Then it is remembered here. [y/N] ",
                   a->settings.where, head->chain, head->seq, head->hash);

    c = fgets(answer, sizeof(answer), stdin) ? answer[0] : 'n';

    return c == 'y' || c == 'Y'
           ? STATUS_DONE
           : problem_set(&a->problem, STATUS_FAILED, "confirm", NULL,
                         "nothing is changed or remembered");
}


static int
init_report(admin_t *a, const head_t *head, int created)
{
    if (head->seq == 0) {

        if (output_text(a)) {
            (void) printf("an audit trail would be made\n");
        }

        return output_json(a, json_pack("{s:n, s:n, s:n, s:b}", "chain", "seq",
                                        "hash", "created", 1));
    }

    if (output_text(a)) {
        (void) printf("%s: chain %s, entry %" PRIu64 ", hash %s\n",
                      a->opt[OPT_DRY_RUN] ? "would be remembered"
                      : created ? "made" : "remembered",
                      head->chain, head->seq, head->hash);
    }

    return output_json(a, json_pack("{s:s, s:o, s:s, s:b}",
                                    "chain", head->chain,
                                    "seq", output_number(head->seq),
                                    "hash", head->hash,
                                    "created", created));
}
