
/*
 * Copyright (C) 2026 paylock contributors
 *
 * Files that are built into the program.
 */


#ifndef _PAYLOCK_EMBED_H_INCLUDED_
#define _PAYLOCK_EMBED_H_INCLUDED_


#include "paylock_str.h"


/*
 * Defines name as the contents of a file.  The path is relative to one of the
 * directories of -I, or to where the compiler runs.
 */

#define paylock_embed(name, path)                                             \
    __asm__(".section .rodata\n"                                              \
            ".globl " #name "\n"                                              \
            ".hidden " #name "\n"                                             \
            #name ":\n"                                                       \
            ".incbin \"" path "\"\n"                                          \
            ".globl " #name "_end\n"                                          \
            ".hidden " #name "_end\n"                                         \
            #name "_end:\n"                                                   \
            ".previous\n");                                                   \
    extern const char  name[] __attribute__((visibility("hidden")));          \
    extern const char  name##_end[] __attribute__((visibility("hidden")))

#define paylock_embedded(name)                                                \
    (paylock_str_t) { name, (size_t) (name##_end - name) }


#endif /* _PAYLOCK_EMBED_H_INCLUDED_ */
