# Copyright (C) 2026 paylock contributors
#
# A module that nginx has loaded in a test takes the place of the old one, by
# renaming: nginx has the old file mapped, which must never be written to.


install_new() {
    [ -n "$output" ] || lock
    new=$(mktemp "$target.new.XXXXXX")
    cp "$built" "$new" || die "$folder has no room for the module" \
        "all is as it was: make room there, and run this again"
    chmod 644 "$new"
    test_alone
    sync "$new" 2>/dev/null || sync

    if [ -n "$output" ]; then
        to_the_end
        mv -f "$new" "$target"
        say done "$target"
        return
    fi

    old=$target.old
    cmp -s "$new" "$target" || replace
    say done "$target"
    [ ! -e "$old" ] || say old "$old"
    say next "restart nginx: a reload goes on with the module that it has"
    say "" "nginx.conf has to have: load_module $target;"
}


# one run at a time; what is left of one that was killed goes, but for the
# module that it was to replace

lock() {
    kept=$target.kept
    exec 9< "$folder"
    flock -n 9 || die "another $me is installing into $folder" \
        "wait until it is done"

    rm -f "$target".new.??????
    [ ! -e "$kept" ] || mv -f "$kept" "$target.old"
}


# with a configuration that has nothing else in it

test_alone() {
    {
        echo "load_module \"$new\"; pid \"$tmp/pid\"; error_log stderr;"
        echo "user root; events { }"
        echo "http { paylock_state off;"
        echo "client_body_temp_path \"$tmp/temp\";"
        for name in proxy fastcgi uwsgi scgi; do
            argument_is "--without-http_${name}_module" \
                || echo "${name}_temp_path \"$tmp/temp\";"
        done
        echo "}"
    } > "$tmp/nginx.conf"

    "$nginx" -t -c "$tmp/nginx.conf" > "$tmp/log" 2>&1 || {
        grep . "$tmp/log" >&2 || :
        die "nginx does not take the module that was built"
    }
}


# without the lock, which would stay as long as a test that outlives this

configuration_good() {
    "$nginx" -t > "$tmp/log" 2>&1 9<&-
}


# until it has been tested, the new one is there on trial: however the run ends
# before that, the old one comes back

replace() {
    configuration_good && was_good=yes || was_good=

    untested=yes
    [ ! -e "$target" ] || ln "$target" "$kept" 2>/dev/null \
        || cp -pP "$target" "$kept"
    mv -f "$new" "$target"
    configuration_good || configuration_bad

    to_the_end
    untested=
    [ ! -e "$kept" ] || mv -f "$kept" "$old"
}


# as it was before, it is not the module's fault

configuration_bad() {
    grep . "$tmp/log" >&2 || :

    if [ -n "$was_good" ]; then
        put_back
        die "with the new module nginx does not take its configuration" \
            "all is as it was"
    fi

    echo "$me: the module is installed, but the configuration is bad," \
         "as it was before" >&2
}


put_back() {
    to_the_end
    untested=

    if [ -e "$new" ]; then
        rm -f "$kept"
    elif [ -e "$kept" ]; then
        mv -f "$kept" "$target" \
            || die "$target is the new module" "the old one is $kept"
    else
        rm -f "$target"
    fi
}
