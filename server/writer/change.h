
/*
 * Copyright (C) 2026 paylock contributors
 *
 * A change that is being carried out, for the files that do it.
 */


#ifndef _WRITER_CHANGE_H_INCLUDED_
#define _WRITER_CHANGE_H_INCLUDED_


#include "change/change_order.h"
#include "context/settings_read.h"
#include "files/pass_file.h"
#include "import/import_record.h"
#include "writer/writer.h"


#define CHANGE_KEY  (REQUEST_ID - WRITER_ACTOR)


typedef struct {
    writer_t           *writer;
    const json_t       *command;
    caller_t            caller;
    control_t           ctl;
    settings_from_t     from;
    change_order_t      order;
    change_batch_t      batch;
    char              **host;
    size_t              n;
    import_list_t       list;          /* of an import; it has the hosts */
    char                digest[PAYLOCK_HASH_LEN + 1];
    pass_file_t         pass_file;     /* to issue a pass; secret */
    size_t              closed;        /* hosts, by the last run of the batch */
    size_t              opened;
    char                request[REQUEST_ID + 1];
    char               *arguments;
} change_command_t;


/* import.c: reads the rows of an import.  Returns a status. */

int import_rows(change_command_t *c);

/*
 * commit.c: prepares the batch; carries it out, within the budget of the
 * caller, and returns a status.
 */

void commit_batch(change_command_t *c);
int commit_change(change_command_t *c);


#endif /* _WRITER_CHANGE_H_INCLUDED_ */
