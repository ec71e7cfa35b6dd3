
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The file of an archive: an export of the entries up to one, all in full.
 */


#ifndef _ARCHIVE_FILE_H_INCLUDED_
#define _ARCHIVE_FILE_H_INCLUDED_


#include "trail/archived.h"


/*
 * Writes the entries that the stream holds up to last->seq, and a checkpoint of
 * that, to a file which does not exist yet.  Returns a status.
 */

int archive_file_write(control_t *ctl, const char *path,
    const archived_t *last);

/*
 * Reads the file back: it must verify behind what is archived before
 * (archive.seq 0: from the first entry on), and end with last.  Sets the
 * SHA-256 of the file in last.  Changes ctl->root.  Returns a status.
 */

int archive_file_check(control_t *ctl, const char *path,
    const archived_t *before, archived_t *last);


#endif /* _ARCHIVE_FILE_H_INCLUDED_ */
