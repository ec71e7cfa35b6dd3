
/*
 * Copyright (C) 2026 paylock contributors
 *
 * A program that says it is an nginx: NAME -V prints NAME.V, NAME -t runs the
 * script NAME.t.  With or without OpenSSL, as it is linked.
 */


#include <stdio.h>
#include <string.h>
#include <unistd.h>


static const char  *signature = "8,4,8,0011111111010111001111111111111111";


#ifdef WITH_OPENSSL
extern int  SSL_library(void) __asm__("SSL_get_verify_result");
extern int  crypto_library(void) __asm__("EVP_sha256");
int  (*libraries[])(void) = { SSL_library, crypto_library };
#endif


int
main(int argc, char **argv)
{
    int   c;
    char  name[4096];
    FILE  *f;

    if (argc > 1 && strcmp(argv[1], "-h") == 0) {
        fprintf(stderr, "  -p prefix     : set prefix path (default: "
                "/nowhere/nginx/)\n");
        return 0;
    }

    if (argc > 1 && strcmp(argv[1], "-t") == 0) {
        snprintf(name, sizeof(name), "%s.t", argv[0]);

        return access(name, F_OK) == 0
               && execl("/bin/sh", "sh", name, argv[1], argc > 2 ? argv[2] : NULL,
                        argc > 3 ? argv[3] : NULL, NULL);
    }

    snprintf(name, sizeof(name), "%s.V", argv[0]);
    f = fopen(name, "r");

    if (f == NULL) {
        return *signature == '\0';
    }

    while ((c = getc(f)) != EOF) {
        putc(c, stderr);
    }

    return fclose(f);
}
