#!/bin/sh
# Copyright (C) 2026 paylock contributors
#
# embed.sh PREFIX FILE ...: prints files as C strings, to be built into a
# program: page.html is PREFIX_page_html, a paylock_str_t.

set -eu

prefix=$1
shift

printf '#include "paylock_str.h"\n'

for file; do
    name=${prefix}_$(basename "$file" | tr . _)
    printf '\nstatic const char  %s_data[] = {\n' "$name"
    od -An -v -td1 "$file" | sed 's/  */,/g; s/^,/    /; s/$/,/'
    printf '};\n\nstatic const paylock_str_t  %s = {\n' "$name"
    printf '    %s_data, sizeof(%s_data)\n};\n' "$name" "$name"
done
