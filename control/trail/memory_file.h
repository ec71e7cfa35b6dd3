
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The files in which this machine remembers audit trails, below
 * $XDG_STATE_HOME.
 */


#ifndef _MEMORY_FILE_H_INCLUDED_
#define _MEMORY_FILE_H_INCLUDED_


#include "context/control.h"
#include "files/outfile.h"


#define MEMORY_FILE_NONE  "-"          /* no signers, or no root */
#define MEMORY_FILE_NAME  128
#define MEMORY_FILE_PATH  4096


/* Opens the directory; *dir is -1 if it is missing and make is 0. */

int memory_file_directory(control_t *ctl, int make, int *dir);

/*
 * The name of a file about a chain, in the realm of the settings; about the
 * place that the settings name.
 */

void memory_file_chain(const control_t *ctl, const char *what,
    const char *chain, char name[MEMORY_FILE_NAME]);
void memory_file_place(const control_t *ctl, char name[MEMORY_FILE_NAME]);

/* Opens a file to read it; *f is NULL if there is none. */

int memory_file_open(control_t *ctl, int dir, const char *name, FILE **f);

/* A file that is written as a whole: out.f is open between the two. */

typedef struct {
    outfile_t  out;
    char       path[MEMORY_FILE_PATH];
} memory_file_t;

int memory_file_begin(control_t *ctl, memory_file_t *m, const char *name);
int memory_file_commit(control_t *ctl, memory_file_t *m, int dir);

/* The digest of the signers file, or MEMORY_FILE_NONE. */

const char *memory_file_signers(const control_t *ctl);

/* Sets an error: what cannot be done with the directory, by errno. */

int memory_file_failed(control_t *ctl, const char *what);

/* Sets the error that the file holds something else. */

int memory_file_bad(control_t *ctl, const char *name);

/* All of them return a status, where nothing else is said. */


#endif /* _MEMORY_FILE_H_INCLUDED_ */
