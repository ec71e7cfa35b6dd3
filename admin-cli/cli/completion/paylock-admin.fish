# Copyright (C) 2026 paylock contributors
#
# Completion for fish: what may come next is asked of paylock-admin itself.

function __paylock_admin
    set -l words (commandline -opc) (commandline -ct)
    set -l option (string match -r -- '^(?:--[^=]*=)?' $words[-1])

    for line in ($words[1] complete -- $words[2..-1] 2>/dev/null)
        if test $line = :file
            for path in (__fish_complete_path (string replace -- "$option" '' $words[-1]))
                echo $option$path
            end
        else
            echo $line
        end
    end
end

complete -c paylock-admin -f -a '(__paylock_admin)'
