# Copyright (C) 2026 paylock contributors
#
# What the nginx is that the module is built for.  All that is known of it is
# what nginx -V says, and what the program itself holds.


nginx_read() {
    if [ -z "$nginx" ]; then
        nginx=$(PATH=$PATH:/usr/sbin:/usr/local/sbin:/usr/local/nginx/sbin \
                command -v nginx) \
            || die "there is no nginx in PATH" "name the program: --nginx FILE"
    fi

    [ -f "$nginx" ] && [ -x "$nginx" ] \
        || die "$nginx is not a program" "name that of nginx: --nginx FILE"
    nginx=$(realpath "$nginx")

    "$nginx" -V > "$tmp/about" 2>&1 \
        || die "\"$nginx -V\" fails: $(tail -n 1 "$tmp/about")" \
            "mend that first, or name another program: --nginx FILE"

    # such as nginx/1.22.1; Tengine tells of two

    versions=$(sed -n 's/^[A-Za-z]* version: \([^ ]*\).*/\1/p' "$tmp/about")
    [ -n "$versions" ] || die "$nginx is not nginx: -V tells no version"

    arguments_read
    compat=
    ! argument_is --with-compat || compat=yes
}


# xargs takes off the quotes that configure has put round values with blanks.
# Before a " and a \ there was another \, as both are in a string in C

arguments_read() {
    sed -n 's/^configure arguments: *//p' "$tmp/about" \
        | tr '"\\' '\001\002' > "$tmp/line"
    xargs printf '%s\n' < "$tmp/line" > "$tmp/words" 2> "$tmp/log" \
        || die "the flags of $nginx cannot be told apart, as a quote is missing" \
            "\"$nginx -V\" shows them; name yours: make NGINX_SRC=... NGINX_FLAGS=..."

    sed "$(printf 's/\001/\\\\"/g; s/\002/\\\\\\\\/g')" "$tmp/words" \
        > "$tmp/arguments"
}


argument_is() {
    grep -qxF -e "$1" "$tmp/arguments"
}


argument_value() {
    sed -n "s/^$1=//p" "$tmp/arguments" | tail -n 1
}


# what nginx compares when it loads a module: the sizes of some types, and what
# it was configured with; Angie begins it with its name

signature() {
    LC_ALL=C tr -cs 'A-Za-z0-9,' '\n' < "$1" \
        | grep -x '\([A-Za-z]*,\)*[48],[48],[48],[01]\{20,\}' | head -n 1
}


# the libraries of OpenSSL that a program or a module loads

openssl_of() {
    LC_ALL=C readelf -d "$1" 2>/dev/null \
        | sed -n 's/.*(NEEDED).*\[\(lib\(ssl\|crypto\)\.so[^]]*\)\].*/\1/p' \
        | sort | xargs
}


nginx_check() {
    [ -n "$(signature "$nginx")" ] \
        || die "$nginx holds no signature for modules" \
            "a script that starts nginx? Name the program itself: --nginx FILE"

    grep -q '^built with .*\(SSL\|AWS-LC\)' "$tmp/about" \
        || die "$nginx was built without TLS, which the module needs" \
            "build it with --with-http_ssl_module"

    ! tr '\0' '\n' < "$nginx" | grep -qx "${file%.so}" \
        || die "$nginx has paylock built in" \
            "build nginx itself again, with --add-module"

    openssl=$(openssl_of "$nginx")
    [ -n "$openssl" ] \
        || die "$nginx has OpenSSL built in, and the module would load another" \
            "build nginx with the system's OpenSSL, or with paylock in it:" \
            "--add-module=$top"
}


# the module, where nginx looks for it

target_find() {
    prefix=$("$nginx" -h 2>&1 \
             | sed -n 's/.*-p prefix.*(default: \(.*\)).*/\1/p')
    folder=$(argument_value --modules-path)

    case ${folder:=modules} in
        /*) ;;
        *)  folder=${prefix%/}/$folder ;;
    esac

    target=${output:-$folder/$file}
    folder=$(dirname "$target")

    [ ! -d "$target" ] || die "$target is a directory" \
        "name a file in it: --output ${target%/}/$file"
    [ -d "$folder" ] || die "there is no directory $folder" \
        "make it, or name another place: --output FILE"
    [ -w "$folder" ] || die "$folder cannot be written to" \
        "run this as root, or name another place: --output FILE"
    folder=$(realpath "$folder")
    target=${folder%/}/$(basename "$target")
    [ -n "$output" ] || target_is_free
}


# what a package has installed it will also replace

target_is_free() {
    [ -e "$target" ] || return 0
    owner=$( { dpkg-query -S "$target" || rpm -qf "$target" \
               || apk info -q --who-owns "$target"; } 2>/dev/null ) || return 0
    owner=${owner%%:*}
    die "$target belongs to the package $owner" \
        "upgrade that package together with nginx, or remove it first"
}
