# Copyright (C) 2026 paylock contributors
#
# Where nginx's source is taken from, and whether it is that of this nginx.


source_find() {
    case $source in
        "")           source_installed ;;
        *://*)        source_checksum_given
                      source_download
                      source_unpack ;;
        *)  if [ -d "$source" ]; then
                tree=$(realpath "$source")
            elif [ -f "$source" ]; then
                source_checksum_given
                cat < "$source" > "$tmp/tarball" || die "$source cannot be read"
                source_unpack
            else
                die "there is no $source"
            fi ;;
    esac

    for part in auto/configure src/core/nginx.h; do
        [ -f "$tree/$part" ] || [ -f "$tree/${part#auto/}" ] \
            || die "$tree has no ${part#auto/}: it is not nginx's source"
    done
}


# what Debian's nginx-dev or Fedora's nginx-mod-devel has installed; made to
# build modules with, but for an nginx with --with-compat only

source_installed() {
    others=
    for tree in /usr/share/nginx/src /usr/src/nginx-*; do
        [ -f "$tree/src/core/nginx.h" ] || continue
        if source_fits; then
            [ -n "$compat" ] || source_missing \
                "$nginx was built without --with-compat: a module needs exactly its source and all its flags"
            source_flags_fit
            return
        fi
        others="$others $tree"
    done

    [ -z "$others" ] \
        || source_missing "not the source of $(echo $versions):$others"
    source_missing "the source of $(echo $versions) is not on this machine"
}


source_missing() {
    die "$1" \
        "give its source: --source DIRECTORY, or --source TARBALL --sha256 HEX;" \
        "for the nginx of the system, with --with-compat, install:" \
        "    Debian: apt-get install nginx-dev" \
        "    Fedora, RHEL: dnf install nginx-mod-devel"
}


# nginx-dev tells how its nginx was configured

source_flags_fit() {
    [ -f "$tree/conf_flags" ] || return 0
    for flag in $(sed 's/^[^(]*(//; s/)[^)]*$//' "$tree/conf_flags"); do
        argument_is "$flag" || source_missing \
            "$tree is of an nginx with $flag, and $nginx has not that flag"
    done
}


source_download() {
    if command -v curl >/dev/null; then
        curl -fsSL -o "$tmp/tarball" "$source"
    elif command -v wget >/dev/null; then
        wget -q -O "$tmp/tarball" "$source"
    else
        die "neither curl nor wget is there to fetch $source" \
            "install one, or fetch it by yourself"
    fi || die "$source cannot be fetched" \
        "fetch it by yourself, and give the file: --source TARBALL"
}


source_checksum_given() {
    [ -n "$sha256" ] || die "a tarball is taken by its checksum only" \
        "give it as its publisher tells it: --sha256 HEX"
}


# a copy of one's own: nobody changes it after it was checked

source_unpack() {
    is=$(sha256sum < "$tmp/tarball")
    is=${is%% *}
    [ "$is" = "$(echo "$sha256" | tr A-F a-f)" ] \
        || die "$source is not what the checksum says" \
            "it has  $is" "and not $sha256"

    mkdir "$tmp/unpacked"
    ( cd "$tmp/unpacked" && tar -xof ../tarball ) 2> "$tmp/log" \
        || die "$source cannot be unpacked: $(grep -m 1 . "$tmp/log")"

    set -- "$tmp/unpacked"/*/
    [ $# -eq 1 ] || die "$source does not hold one directory"
    tree=${1%/}
}


# as nginx -V says it, for the forks as well

source_versions() {
    for header in nginx angie; do
        [ ! -f "$tree/src/core/$header.h" ] || echo "#include \"$header.h\""
    done > "$tmp/version.c"

    printf 'is %s\n' NGINX_VER ANGIE_VER TENGINE_VER >> "$tmp/version.c"

    $cc -E -P -I "$tree/src/core" "$tmp/version.c" 2>/dev/null \
        | sed -n 's/^is //p' | tr -d '" ' | grep /
}


source_fits() {
    source_versions > "$tmp/versions" || return 1
    for version in $versions; do
        grep -qxF -e "$version" "$tmp/versions" || return 1
    done
}


source_check() {
    ! source_fits || return 0
    [ -s "$tmp/versions" ] || die "$tree tells no version" \
        "is it the whole source of nginx, and does $cc work?"

    die \
        "$tree is the source of $(head -n 1 "$tmp/versions"), and $nginx is $(echo $versions)" \
        "nginx loads modules of its own version only: take that source"
}
