
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <stdio.h>
#include <string.h>

#include "base/mistype.h"


size_t
mistype_distance(const char *one, const char *two)
{
    size_t  i, j, n, m, d, row[3][MISTYPE_WORD + 1];
    size_t  *here, *above, *before;

    n = strlen(one);
    m = strlen(two);

    if (n > MISTYPE_WORD || m > MISTYPE_WORD) {
        return MISTYPE_WORD;
    }

    for (j = 0; j <= m; j++) {
        row[0][j] = j;
    }

    for (i = 1; i <= n; i++) {
        here = row[i % 3];
        above = row[(i + 2) % 3];
        before = row[(i + 1) % 3];
        here[0] = i;

        for (j = 1; j <= m; j++) {
            d = above[j - 1] + (one[i - 1] != two[j - 1]);
            d = above[j] + 1 < d ? above[j] + 1 : d;
            d = here[j - 1] + 1 < d ? here[j - 1] + 1 : d;

            if (i > 1 && j > 1 && one[i - 1] == two[j - 2]
                && one[i - 2] == two[j - 1] && before[j - 2] + 1 < d)
            {
                d = before[j - 2] + 1;
            }

            here[j] = d;
        }
    }

    return row[n % 3][m];
}


void
mistype_names(const char *const *name, size_t n, const char *before,
    char *text, size_t size)
{
    int     len;
    size_t  i;

    len = snprintf(text, size, "did you mean ");

    for (i = 0; i < n && len >= 0 && (size_t) len < size; i++) {
        text += len;
        size -= (size_t) len;

        len = snprintf(text, size, "%s\"%s%s\"%s",
                       i == 0 ? "" : i + 1 < n ? ", " : " or ", before,
                       name[i], i + 1 < n ? "" : "?");
    }
}
