# Copyright (C) 2026 paylock contributors
#
# Completion for bash: what may come next is asked of paylock-admin itself.

_paylock_admin() {
    local line file cur=${COMP_WORDS[COMP_CWORD]}

    COMPREPLY=()
    [[ $cur != = ]] || cur=

    while IFS= read -r line; do
        if [[ $line == :file ]]; then
            compopt -o filenames
            while IFS= read -r file; do
                COMPREPLY+=("$file")
            done < <(compgen -f -- "$cur")
        else
            COMPREPLY+=("${line%%$'\t'*}")
        fi
    done < <("$1" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}

complete -F _paylock_admin paylock-admin
