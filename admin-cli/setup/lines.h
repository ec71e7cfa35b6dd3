
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Configurations of one setting a line: a word, what belongs to it, and "#"
 * before what is not in force.
 */


#ifndef _LINES_H_INCLUDED_
#define _LINES_H_INCLUDED_


#include <sys/types.h>

#include "base/error.h"


/*
 * Reads a file; an empty text if there is none.  The caller frees *text.
 * Returns a status.
 */

int lines_read(error_info_t *error, const char *path, char **text);

/*
 * Writes a file as a whole, and its directory if that is missing.  One that
 * is there keeps its mode and owner, a new one gets this mode, and the group
 * of its directory.  Returns a status.
 */

int lines_write(error_info_t *error, const char *path, const char *text,
    mode_t mode);

/* What helps if a file cannot be written; NULL: it depends. */

const char *lines_mend(int error);

/*
 * The first line in force that begins with the word, without its line feed;
 * NULL: there is none.
 */

const char *lines_find(const char *text, const char *word, size_t *len);

/*
 * Replaces the text by one in which a line is in force: in the place of one
 * that is commented out and begins with the same word, or at the end.
 * Returns 0, or -1 if out of memory.
 */

int lines_put(char **text, const char *word, const char *line);

/* Comments out the first line that begins with the word; the same. */

int lines_comment(char **text, const char *word);


#endif /* _LINES_H_INCLUDED_ */
