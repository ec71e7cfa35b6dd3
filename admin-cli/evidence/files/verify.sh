#!/bin/sh
#
# Verifies this bundle with openssl (3.0 or later) and sha256sum alone.
# VERIFY.en.txt tells what is done here, step by step; VERIFY.fr.txt tells it
# in French.
#
# usage: sh verify.sh [CHECKPOINT...]
#
# A CHECKPOINT is a file that "paylock-admin audit checkpoint" wrote and that
# you kept: the chain must hold what it remembers.

set -u
LC_ALL=C
export LC_ALL

zeros=0000000000000000000000000000000000000000000000000000000000000000
lf='
'

bad() {
    echo "BAD: $*" >&2
    exit 1
}


# Reads a checkpoint to point_realm, point_chain, point_seq, point_hash,
# point_key, point_sig; what was signed goes to $tmp/text.

point() {
    [ -f "$1" ] || bad "$1 is not there"

    {
        read -r title
        read -r _ point_realm
        read -r _ point_chain
        read -r _ point_seq
        read -r _ point_hash
        read -r _ point_time
        read -r _ point_key
        read -r _ point_sig
    } <"$1" || bad "$1 is no checkpoint"

    [ "$title" = "paylock audit checkpoint 2" ] || bad "$1 is no checkpoint"

    printf 'paylock audit checkpoint 2\nrealm %s\nchain %s\n' \
        "$point_realm" "$point_chain" >"$tmp/text"
    printf 'seq %s\nhash %s\ntime %s\nkey %s\n' "$point_seq" \
        "$point_hash" "$point_time" "$point_key" >>"$tmp/text"
}


# Does the key $1 count?  Is $2 its signature of $tmp/text?

counts() {
    case $good in *" $1 "*) return 0 ;; esac
    return 1
}

signed() {
    case $pems in *" $1 "*) ;; *) return 1 ;; esac
    case $2 in '' | *[!0-9a-f]*) return 1 ;; esac

    printf %b "$(printf '\\0%03o' $(echo "$2" | sed 's/../0x& /g'))" \
        >"$tmp/sig"
    openssl pkeyutl -verify -pubin -inkey "keys/$1.pem" -rawin \
        -in "$tmp/text" -sigfile "$tmp/sig" >/dev/null 2>&1
}


# Takes the action, the subject, the key and the request from the text of the
# entry $n.  A value is as long as stands before it: it may hold line feeds.

entry() {
    {
        read -r line
        [ "$line" = "paylock audit leaf 2" ] || bad "entry $n has no text"

        while IFS= read -r line; do
            name=${line%% *} rest=${line#* }
            size=${rest%% *} value=${rest#* }

            while [ "${#value}" -lt "$size" ] && IFS= read -r line; do
                value=$value$lf$line
            done

            [ "${#value}" -eq "$size" ] || bad "entry $n: $name is cut off"

            case $name in
                action)  action=$value ;;
                subject) subject=$value ;;
                key)     names=$value ;;
                request) request=$value ;;
            esac
        done
    } <"entries/$n.leaf"
}


# Who may sign, who signs this entry, and does anybody sign the one before?

key_of_entry() {
    [ -z "$row" ] || [ "$row" = "$names $request" ] \
        || bad "entry $last carries a key, but no signature"

    if [ -z "$names" ]; then
        [ -z "$first_key$sig" ] || bad "entry $n is not signed"
        return
    fi

    if [ -z "$first_key" ]; then
        [ "$last" -eq 0 ] || [ "$action $subject" = "key-add $names" ] \
            || bad "entry $n is signed by a key that nobody added"
        first_key=$names
        good=" $names "
    fi

    counts "$names" || bad "entry $n is signed by a key that does not count"
    row="$names $request"
}

keys_after_entry() {
    [ -n "$names" ] || return 0

    case $action in
        key-add | key-revoke)
            [ -n "$subject" ] || bad "entry $n names no key" ;;
    esac

    case $action in
        key-add)
            good="$good$subject " ;;
        key-revoke)
            [ "$subject" != "$names" ] || bad "a key revokes itself at $n"
            while counts "$subject"; do
                good="${good%%" $subject "*} ${good#*" $subject "}"
            done ;;
    esac
}


# One line of chain.txt.

link() {
    action= subject= names= request=

    if [ "$shown" = full ]; then
        [ -f "entries/$n.leaf" ] || bad "entries/$n.leaf is missing"
        found=$(sha256sum <"entries/$n.leaf")
        [ "${found%% *}" = "$leaf" ] \
            || bad "entries/$n.leaf is not what was written"
        entry
    fi

    if [ "$last" -eq 0 ]; then
        [ "$action" = adopt ] \
            || { [ "$action" = init ] && [ "$prev" = $zeros ]; } \
            || bad "the chain has no beginning"
    else
        [ "$action" != init ] || bad "the chain begins again at entry $n"
    fi

    [ "$n" -eq $((last + 1)) ] \
        || { [ "$action" = adopt ] && [ "$n" -gt "$last" ]; } \
        || bad "entries are missing between $last and $n"

    found=$(printf \
        'paylock audit entry 2\nchain %s\nseq %s\nprev %s\nleaf %s\n' \
        "$chain" "$n" "$prev" "$leaf" | sha256sum)
    hash=${found%% *}

    [ "$shown" != full ] || key_of_entry

    if [ -n "$sig" ]; then
        case $row in
            '' | "$key "*) ;;
            *) bad "the signature of entry $n is not of the key it needs" ;;
        esac
        counts "$key" || bad "entry $n is signed by a key that does not count"
        printf 'paylock audit signature 2\nrealm %s\nhash %s\n' "$realm" \
            "$hash" >"$tmp/text"
        signed "$key" "$sig" \
            || bad "the signature of entry $n, or of one before"
        row= covered=$n signatures=$((signatures + 1))
    fi

    keys_after_entry

    case $wanted in
        *" $n:"*) seen="$seen $n:$hash:$chain:$realm " ;;
    esac

    prev=$hash last=$n
}


# What is here, by name and by checksum.

tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT

case $(openssl version) in
    OpenSSL\ [3-9]*) ;;
    *) echo "OpenSSL 3.0 or later is needed" >&2; exit 2 ;;
esac

wanted= seen=
for file in "$@"; do
    point "$file"
    wanted="$wanted $point_seq:$point_hash:$point_chain:$point_realm "
done

cd "$(dirname "$0")" || exit 2

[ -f SHA256SUMS ] && [ -f chain.txt ] || bad "this is no bundle"
sha256sum -c SHA256SUMS >"$tmp/sums" 2>&1 \
    || bad "files are not what was written:$lf$(grep -v ': OK$' "$tmp/sums")"

pems=' '
for file in keys/*.pem; do
    [ -f "$file" ] || continue
    key=${file#keys/} key=${key%.pem}
    found=$(openssl pkey -pubin -in "$file" -outform DER 2>/dev/null \
        | od -An -v -tx1 | tr -d ' \n')
    [ "$found" = "302a300506032b6570032100$key" ] \
        || bad "$file is not the key that its name says"
    pems="$pems$key "
done


# The chain.

last=0 number=0 full=0
good=' ' first_key= row= covered=0 signatures=0

{
    read -r _ realm
    read -r _ chain
    read -r _ prev

    while read -r n leaf shown key sig; do
        case $n in '' | *[!0-9]*) bad "chain.txt has a line \"$n\"" ;; esac

        link
        number=$((number + 1))
        [ "$shown" != full ] || full=$((full + 1))
    done
} <chain.txt

[ "$number" -gt 0 ] || bad "there is no entry"
[ -z "$row" ] || bad "entry $last carries a key, but no signature"
[ -z "$first_key" ] || [ "$covered" = "$last" ] \
    || bad "the last entry is not signed"

for one in $wanted; do
    n=${one%%:*}
    case $seen in
        *" $one "*) ;;
        *" $n:"*) bad "a checkpoint that you kept has another entry $n" ;;
        *) bad "entry $n, of a checkpoint that you kept, is not here" ;;
    esac
done

echo "$number entries, $full of them in full, fit together up to entry $last"
echo "  realm $realm"
echo "  chain $chain"
echo "  hash  $prev"


# Who signed it.

if [ -n "$first_key" ]; then
    echo "$signatures signatures are good; the key that began to sign is"
    echo "  $first_key"
    echo "  Compare it with the key that you were given in another way."
else
    echo "NOTE: no entry is signed: whoever could write to Redis could make"
    echo "  such a chain"
fi

if [ -f checkpoint.txt ]; then
    point checkpoint.txt
    [ "$point_realm $point_chain $point_seq $point_hash" \
        = "$realm $chain $last $prev" ] \
        || bad "checkpoint.txt is not of the last entry"
    counts "$point_key" || bad "checkpoint.txt is signed by a key that" \
        "does not count"
    signed "$point_key" "$point_sig" || bad "the signature of checkpoint.txt"
    echo "The checkpoint is good, of the key $point_key"
else
    echo "NOTE: there is no checkpoint"
fi

if [ -f signature.txt ]; then
    {
        read -r title
        read -r _ signed_realm
        read -r _ sums
        read -r _ key
        read -r _ sig
    } <signature.txt
    printf 'paylock audit bundle 2\nrealm %s\nsha256 %s\nkey %s\n' \
        "$signed_realm" "$sums" "$key" >"$tmp/text"
    found=$(sha256sum <SHA256SUMS)
    [ "$title $signed_realm ${found%% *}" \
        = "paylock audit bundle 2 $realm $sums" ] \
        || bad "signature.txt is not of SHA256SUMS"
    counts "$key" || bad "signature.txt is signed by a key that does not count"
    signed "$key" "$sig" || bad "the signature of signature.txt"
    echo "The bundle is signed as a whole by the key $key"
else
    echo "NOTE: nobody signed the bundle as a whole: the timelines are not" \
        "proven"
fi

echo OK
