# Copyright (C) 2026 paylock contributors
#
# A module that nginx has loaded in a test takes the place of the old one, by
# renaming: nginx has the old file mapped, which must never be written to.


install_new() {
    new=$target.new.$$
    cp "$built" "$new"
    chmod 644 "$new"
    test_alone

    if [ -n "$output" ]; then
        mv -f "$new" "$target"
        say done "$target"
        return
    fi

    configuration_good && was_good=yes || was_good=
    keep_old
    sync "$new" 2>/dev/null || sync
    mv -f "$new" "$target"
    test_installed
}


# with a configuration that has nothing else in it

test_alone() {
    {
        echo "load_module \"$new\"; pid \"$tmp/pid\"; events { }"
        echo "http { paylock_state off;"
        echo "client_body_temp_path \"$tmp/temp\";"
        for name in proxy fastcgi uwsgi scgi; do
            argument_is "--without-http_${name}_module" \
                || echo "${name}_temp_path \"$tmp/temp\";"
        done
        echo "}"
    } > "$tmp/nginx.conf"

    "$nginx" -t -c "$tmp/nginx.conf" > "$tmp/log" 2>&1 || {
        grep . "$tmp/log" >&2
        die "nginx does not take the module that was built"
    }
}


configuration_good() {
    "$nginx" -t > "$tmp/log" 2>&1
}


keep_old() {
    old=
    [ -e "$target" ] || return 0
    old=$target.old
    cp -p "$target" "$old.new"
    mv -f "$old.new" "$old"
}


# a configuration that was bad before is not the module's fault

test_installed() {
    if ! configuration_good; then
        grep . "$tmp/log" >&2
        [ -z "$was_good" ] || put_back
        echo "$me: the module is installed, but the configuration is bad," \
             "as it was before" >&2
    fi

    say done "$target"
    [ -z "$old" ] || say old "$old"
    say next "restart nginx: a reload goes on with the module that it has"
    say "" "nginx.conf has to have: load_module $target;"
}


put_back() {
    if [ -n "$old" ]; then
        cp -p "$old" "$new"
        mv -f "$new" "$target"
    else
        rm -f "$target"
    fi
    die "with the new module nginx does not take its configuration" \
        "all is as it was"
}
