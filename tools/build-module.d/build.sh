# Copyright (C) 2026 paylock contributors
#
# The module, built as its nginx was.


# there may be little room for temporary files, and nothing be run there

need_tmp() {
    other_tmp="name another directory: TMPDIR=DIRECTORY $me ..."

    ( echo '#!/bin/sh' > "$tmp/run" && chmod 700 "$tmp/run" && "$tmp/run" \
      && head -c 1000000 /dev/zero > "$tmp/run" ) 2>/dev/null || die \
        "${tmp%/*} is full, or no program may run there (noexec)" "$other_tmp"
    rm "$tmp/run"
}


need_programs() {
    cc=${CC:-cc}

    for program in "${cc%% *}" cmp flock make readelf sha256sum tar xargs; do
        command -v "$program" >/dev/null || missing_packages \
            "$program is not on this machine"
    done
}


missing_packages() {
    die "$1" "what building needs:" \
        "    Debian: apt-get install gcc make libc6-dev libhiredis-dev libjansson-dev libxxhash-dev libssl-dev libpcre2-dev zlib1g-dev" \
        "    Fedora, RHEL with EPEL: dnf install gcc make hiredis-devel jansson-devel xxhash-devel openssl-devel pcre2-devel zlib-devel findutils diffutils util-linux" \
        "    Alpine: apk add build-base linux-headers hiredis-dev jansson-dev xxhash-dev openssl-dev pcre2-dev zlib-dev"
}


# nginx's flags, but for what does not concern a module.  With --with-compat
# structures do not depend on what other modules there are: those go that need
# libraries of their own

flags() {
    cc_opt= ld_opt=

    while IFS= read -r flag; do
        case $flag in
            "" | --add-module=* | --add-dynamic-module=* | --builddir=* \
                | --with-cc=* | --with-zlib=*) ;;
            --with-pcre=*)    echo --with-pcre ;;
            --with-cc-opt=*)  cc_opt=$(without_specs "${flag#*=}") ;;
            --with-ld-opt=*)  ld_opt=$(without_specs "${flag#*=}") ;;
            --with-*=dynamic | --with-*_perftools_module | --with-libatomic* \
                | --with-*_geoip_module | --with-*_image_filter_module \
                | --with-*_xslt_module | --with-*_perl_module)
                [ -n "$compat" ] || printf '%s\n' "$flag" ;;
            *)  printf '%s\n' "$flag" ;;
        esac
    done < "$tmp/arguments" > "$tmp/flags"
}


# options for the compiler that are in files of the machine that built nginx

without_specs() {
    words=
    set -f
    for word in $1; do
        case $word in
            -specs=/*) if [ ! -f "${word#-specs=}" ]; then
                           echo "$me: without $word, which is not here" >&2
                           continue
                       fi ;;
        esac
        words="$words $word"
    done
    printf '%s\n' "${words# }"
}


build() {
    flags
    set --
    while IFS= read -r flag; do
        set -- "$@" "$flag"
    done < "$tmp/flags"

    # the source stays as it is, and may be read-only; nginx's configure takes
    # no blanks in names

    mkdir "$tmp/nginx"
    cp -R "$tree/." "$tmp/nginx"
    chmod -R u+w "$tmp/nginx"
    ln -s "$top" "$tmp/paylock"
    cd "$tmp/nginx"
    rm -rf objs
    [ -f configure ] || cp auto/configure configure
    own_name_hidden
    ./configure "$@" --with-cc="$cc" --with-cc-opt="$cc_opt" \
        --with-ld-opt="$ld_opt" --add-dynamic-module=../paylock \
        > "$tmp/log" 2>&1 || build_failed configure
    make -j "$(nproc)" -f objs/Makefile modules \
        > "$tmp/log" 2>&1 || build_failed make
    cd "$OLDPWD"

    built=$tmp/nginx/objs/$file
}


# the same source makes the same module, though its directory has another name
# each time

own_name_hidden() {
    case $tmp in
        *[!A-Za-z0-9/._+-]*) ;;
        *)  cc_opt="$cc_opt -fdebug-prefix-map=$tmp/nginx=." ;;
    esac
}


build_failed() {
    echo "$me: these are the last lines of $1:" >&2
    grep . "$tmp/log" | tail -n 15 >&2

    ! no_room || die "$1 failed: there is no room in ${tmp%/*}" "$other_tmp"
    [ "$1" != configure ] || missing_packages "configure failed"
    die "$1 failed" \
        "is this nginx newer than this paylock? Then take a newer paylock"
}


no_room() {
    grep -q 'No space left' "$tmp/log" || ! echo 2>/dev/null > "$tmp/room"
}


# what nginx would find only when it loads the module, and what it never finds

module_check() {
    ours=$(signature "$built")
    theirs=$(signature "$nginx")
    [ "$ours" = "$theirs" ] || die \
        "the module is not made for this nginx: their signatures differ" \
        "nginx  $theirs" "module $ours" \
        "is this the machine, or the image, that nginx was built for?"

    ours=$(openssl_of "$built")
    for lib in $ours; do
        case $lib:" $openssl " in
            *:*" $lib "*) ;;
            *)  die "nginx loads $openssl, and the module $ours" \
                    "install the headers of the OpenSSL that nginx uses" ;;
        esac
    done
}
