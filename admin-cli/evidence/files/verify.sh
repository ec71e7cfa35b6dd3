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
#
# The last line is OK (status 0); what is BAD (1); or NOT PROVEN (3): nothing is
# wrong, but nobody has signed the end or the whole, or the entry of a
# CHECKPOINT is not shown. Status 2: it cannot run.

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


# Is $1 the number of an entry? Is it $2 hex digits?

is_seq() {
    case $1 in
        '' | 0* | *[!0-9]* | ????????????????????*) return 1 ;;
        ???????????????????) [ "$1" -gt 0 ] 2>/dev/null ;;
    esac
}

is_hex() {
    case $1 in *[!0-9a-f]*) return 1 ;; esac
    [ "${#1}" -eq "$2" ]
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

    [ "$title" = "paylock audit checkpoint 2" ] && is_seq "$point_seq" \
        && is_hex "$point_chain" 32 && is_hex "$point_hash" 64 \
        && is_hex "$point_key" 64 || bad "$1 is no checkpoint"

    case $point_realm in
        '' | *[!A-Za-z0-9._-]*) bad "$1 is no checkpoint" ;;
    esac

    printf 'paylock audit checkpoint 2\nrealm %s\nchain %s\n' \
        "$point_realm" "$point_chain" >"$tmp/text"
    printf 'seq %s\nhash %s\ntime %s\nkey %s\n' "$point_seq" \
        "$point_hash" "$point_time" "$point_key" >>"$tmp/text"
}


# signers.txt has lines NAME KEY [from=SEQ] [until=SEQ:HASH] [may=ACTION,...].

read_signers() {
    set -f

    while read -r name key limits; do
        case $name in
            '' | '#'*) continue ;;
            *[!A-Za-z0-9._@-]*) bad "signers.txt has a name \"$name\"" ;;
        esac

        is_hex "$key" 64 || bad "signers.txt has no key of $name"
        case $good in *" $key "*) bad "signers.txt has a key twice" ;; esac

        from=1 until= may=
        for limit in $limits; do
            case $limit in
                from=*)  from=${limit#from=} ;;
                until=*) until=${limit#until=} ;;
                may=*)   may=,${limit#may=}, ;;
                *)       bad "signers.txt has \"$limit\" for $name" ;;
            esac
        done

        is_seq "$from" || bad "signers.txt has a bad \"from\" for $name"
        [ -z "$until" ] || {
            is_seq "${until%%:*}" && is_hex "${until#*:}" 64
        } || bad "signers.txt has a bad \"until\" for $name"

        good="$good$key "
        [ -z "$until" ] || untils="$untils$until:$key "
        eval "name_$key=\$name from_$key=\$from" \
            "until_$key=\${until%%:*} may_$key=\$may"
    done <signers.txt

    set +f
}


# What is $1, signed by the key $2 at the entry $3. Does that count?

counts() {
    case $pems in *" $2 "*) ;; *) bad "$1: its key $2 is not here" ;; esac
    [ -n "$signers" ] || return 0

    case $good in
        *" $2 "*) ;;
        *) bad "$1 is signed by $2, which is no signer's key" ;;
    esac

    eval "name=\$name_$2 from=\$from_$2 until=\$until_$2"

    [ "$3" -ge "$from" ] \
        || bad "$1 is signed by $name, who counts from entry $from on"
    [ -z "$until" ] || [ "$3" -le "$until" ] \
        || bad "$1 is signed by $name, whose key is revoked after entry $until"
}


# Is $2 the signature of the key $1, of $tmp/text?

signed() {
    case $2 in '' | *[!0-9a-f]*) return 1 ;; esac

    printf %b "$(printf '\\0%03o' $(echo "$2" | sed 's/../0x& /g'))" \
        >"$tmp/sig"
    openssl pkeyutl -verify -pubin -inkey "keys/$1.pem" -rawin \
        -in "$tmp/text" -sigfile "$tmp/sig" >/dev/null 2>&1
}


# Takes what is needed from the text of the entry $n. A value is as long as
# stands before it: it may hold line feeds.

entry() {
    {
        read -r line
        [ "$line" = "paylock audit leaf 2" ] || bad "entry $n has no text"

        while IFS= read -r line; do
            name=${line%% *} rest=${line#* }
            size=${rest%% *} value=${rest#* }

            is_seq "$size" || bad "entry $n: $name has no length"

            while [ "${#value}" -lt "$size" ] && IFS= read -r line; do
                value=$value$lf$line
            done

            [ "${#value}" -eq "$size" ] || bad "entry $n: $name is cut off"

            case $name in
                action)  action=$value ;;
                host)    site=$value ;;
                prior)   prior=$value ;;
                key)     names=$value ;;
                request) request=$value ;;
                lost)    lost=$value ;;
                resumes) resumes=$value ;;
            esac
        done
    } <"entries/$n.leaf"
}


# May the entry $n follow the entry $last, which has the hash $hash? Of one host
# it may lead far back by its skip.

place() {
    [ "$action" != adopt ] || adopt
    [ "$last" -gt 0 ] || { begin; return; }
    [ "$action" != init ] || bad "the chain begins again at entry $n"

    far=
    if [ "$host" != - ] && [ "$skip" = "$hash" ] \
        && [ "$last" -le $((n & (n - 1))) ]
    then
        far=1
    fi

    if [ "$action" = adopt ]; then
        resumes
        return
    fi

    if [ "$prev" = "$hash" ] || [ "$host" = - ]; then
        [ "$n" -eq $((last + 1)) ] \
            || bad "entries are missing between $last and $n"
    fi

    [ "$prev" = "$hash" ] || [ -n "$far" ] \
        || bad "entry $n does not lead to entry $last as it is here"
}

resumes() {
    if [ "$resumes" = "$last $hash" ]; then

        # bad entries may stand before it, which only a signer can give up

        [ "$prev" = "$hash" ] || [ -n "$far" ] || {
            [ -n "$signers" ] && [ -n "$names" ] && [ -n "$sig" ] \
                && [ "$covered" = "$last" ]
        } || bad "nobody has signed that entries before $n are given up"
        return
    fi

    [ -n "$far" ] && [ "$stays" -gt "$last" ] \
        || bad "entry $n does not resume the last good entry before it, $last"
}

begin() {
    if [ "$action" = adopt ]; then
        [ -n "$lost" ] && [ -z "$resumes" ] \
            || bad "entry $n does not resume an entry that is here"
    else
        [ "$n" -eq 1 ] || bad "entries are missing between 0 and $n"
        [ "$action" = init ] && [ "$prev" = $zeros ] \
            || bad "the chain has no beginning"
    fi
}


# An adopt says which entries are given up, "CHAIN FIRST LAST HASH", and which
# one stays, "SEQ HASH".

adopt() {
    first_lost=0 last_lost=0 stays=${resumes%% *}
    stays=${stays:-0}

    if [ -n "$lost" ]; then
        set -f
        set -- $lost
        set +f

        [ $# -eq 4 ] && [ "$*" = "$lost" ] && is_hex "$1" 32 \
            && is_seq "$2" && is_seq "$3" && is_hex "$4" 64 \
            && [ "$2" -le "$3" ] \
            || bad "entry $n does not say what it gives up"
        first_lost=$2 last_lost=$3
        gone="$gone$1:$2:$3:$n "
    fi

    [ -z "$resumes" ] || {
        is_seq "$stays" && is_hex "${resumes#* }" 64
    } || bad "entry $n does not say what it resumes"

    most=$stays
    [ "$last_lost" -le "$most" ] || most=$last_lost
    [ "$n" -eq $((most + 1)) ] || [ -z "$lost$resumes" ] \
        || bad "entry $n has not the number after what it gives up"
    stretches="$stretches$stays:$n "
}


# Are the entries that signers.txt names not passed over? Nobody gives up the
# end of a revoked key with that key.

passes() {
    for one in $untils; do
        seq=${one%%:*}
        [ "$seq" -gt "$last" ] && [ "$seq" -lt "$n" ] || continue
        [ "$action" = adopt ] || bad "entry $seq, which signers.txt names," \
            "is not here"
        [ "$seq" -ge "$first_lost" ] && [ "$seq" -le "$last_lost" ] \
            && [ "${one##*:}" != "$names" ] \
            || bad "entry $n passes over entry $seq, which signers.txt names"
    done
}


# Is the entry that this one names as that of its site before it the one that is
# here? The first one names none, or one that was given up.

follows() {
    case $action in init | adopt) return ;; esac
    case $site in
        '') return ;;
        *[!A-Za-z0-9._*-]*) bad "entry $n is of no site" ;;
    esac

    prior=${prior:-0}
    [ "$prior" = 0 ] || is_seq "$prior" \
        || bad "entry $n names no entry before it"

    was=0 before=$sites after=' '
    case $sites in
        *" $site="*)
            before=${sites%%" $site="*}
            after=${sites#*" $site="}
            was=${after%% *} after=" ${after#* }"
            ;;
    esac
    sites="$before $site=$n$after"

    [ "$prior" -ne "$was" ] || return 0
    [ "$was" -gt 0 ] || for one in $stretches; do
        [ "$prior" -le "${one%:*}" ] || [ "$prior" -ge "${one#*:}" ] \
            || return 0
    done

    bad "entry $n of $site follows its entry $prior, but the one before it" \
        "here is $was"
}


# Who signs this entry, and does anybody sign the one before?

key_of_entry() {
    [ -z "$row" ] || [ "$row" = "$names $request" ] || bad "entry $last is" \
        "the last of its transaction and is not signed"

    if [ -z "$names" ]; then
        [ -z "$signers" ] || bad "entry $n is not signed"
        [ -z "$sig" ] || bad "entry $n has a signature, and names no key"
        plain=$((plain + 1))
        return
    fi

    is_hex "$names" 64 || bad "entry $n names no key"
    [ -z "$sig" ] || [ "$key" = "$names" ] \
        || bad "entry $n is not signed by the key that it names"
    counts "entry $n" "$names" "$n"
    row="$names $request"

    [ -n "$signers" ] || return 0
    eval "may=\$may_$names"
    case $may in
        '' | *",$action,"*) ;;
        *) bad "entry $n is signed by $name, who may not $action" ;;
    esac
}


# Is the entry $n the one that signers.txt names?

pinned() {
    for one in $untils; do
        case $one in
            "$n:$hash:"*) ;;
            "$n:"*) bad "entry $n is not the one that signers.txt names" ;;
        esac
    done
}


# One line of chain.txt. $this is the hash of its entry.

link() {
    action= names= request= lost= resumes= site= prior=

    [ "$shown" != full ] || entry

    place
    [ "$untils" = ' ' ] || passes
    hash=$this

    [ "$shown" != full ] || key_of_entry

    case $untils in *" $n:"*) pinned ;; esac

    if [ -n "$sig" ]; then
        case $row in
            '' | "$key "*) ;;
            *) bad "the signature of entry $n is not of the key it needs" ;;
        esac
        counts "entry $n" "$key" "$n"
        printf 'paylock audit signature 2\nrealm %s\nhash %s\nroot %s\n' \
            "$realm" "$hash" "$root" >"$tmp/text"
        signed "$key" "$sig" \
            || bad "the signature of entry $n, or of one before"
        row= covered=$n signatures=$((signatures + 1))
    fi

    [ "$host" = - ] || follows

    case $wanted in
        *" $n:"*) seen="$seen $n:$hash " ;;
    esac

    last=$n
}


# Has a line of chain.txt the form that it must have?

is_link() {
    is_seq "$n" && is_hex "$leaf" 64 && is_hex "$prev" 64 \
        && is_hex "$skip" 64 && [ -z "$rest" ] || return 1
    [ -z "$key" ] || {
        is_hex "$key" 64 && is_hex "$root" 64 && is_hex "$sig" 128
    } || return 1

    [ "$shown" = full ] || { [ "$shown" = leaf ] && [ "$host" != - ]; }
}


# Writes the text of each line of chain.txt whose SHA-256 is the hash of its
# entry, and has some hundreds of them hashed at once: $tmp/hashes. The sums of
# the entries in full go to $tmp/leaves.

hash_texts() {
    form='paylock audit entry 2\nchain %s\nseq %s\nprev %s\nleaf %s\nskip %s\n'
    before=0
    set --

    while read -r n leaf prev skip shown key root sig rest; do
        is_link || bad "chain.txt has a line \"$n $leaf $prev $skip $shown\""
        [ "$n" -gt "$before" ] || bad "entry $n stands after entry $before"

        printf "$form" "$chain" "$n" "$prev" "$leaf" "$skip" >"$tmp/$n"
        [ "$shown" != full ] || {
            echo "$leaf  entries/$n.leaf" >>"$tmp/leaves"
            full=$((full + 1))
        }

        before=$n number=$((number + 1))
        set -- "$@" "$n"
        [ $# -lt 300 ] || { hash_some "$@"; set --; }
    done

    [ $# -eq 0 ] || hash_some "$@"
}

hash_some() (
    cd "$tmp" && sha256sum "$@" >>hashes && rm -f "$@"
)


# Are the entries in full what was written?

entries_are_good() {
    sha256sum -c "$tmp/leaves" >"$tmp/sums" 2>/dev/null && return

    while read -r file word; do
        file=${file%:}
        [ "$word" != OK ] || continue
        [ -f "$file" ] || bad "$file is missing"
        bad "$file is not what was written"
    done <"$tmp/sums"

    bad "entries are not what was written"
}


# Each file has to be one that SHA256SUMS names.

read_sums() {
    while IFS= read -r line; do
        sum=${line%%  *} name=${line#*  }
        is_hex "$sum" 64 && [ "$line" = "$sum  $name" ] \
            || bad "SHA256SUMS has a line \"$line\""
        case $name in
            '' | *[!A-Za-z0-9._/-]*) bad "SHA256SUMS names \"$name\"" ;;
        esac
        sums="$sums$name "
    done <SHA256SUMS
}

none_else() {
    for file in * .[!.]* ..?* keys/* keys/.[!.]* keys/..?*; do
        [ -e "$file" ] || [ -L "$file" ] || continue
        case $file in
            SHA256SUMS | signature.txt) continue ;;
            entries | keys) [ ! -d "$file" ] || continue ;;
        esac
        case $sums in
            *" $file "*) ;;
            *) bad "$file is no part of this bundle: take it away" ;;
        esac
    done
}

# All entries in full were there: if there are no more, there is none else.

none_else_of_entries() {
    found=0
    for file in entries/* entries/.[!.]* entries/..?*; do
        [ -e "$file" ] || [ -L "$file" ] || continue
        found=$((found + 1))
    done
    [ "$found" -ne "$full" ] || return 0

    for file in entries/* entries/.[!.]* entries/..?*; do
        [ -e "$file" ] || [ -L "$file" ] || continue
        n=${file#entries/} n=${n%.leaf}
        is_seq "$n" && [ "$file" = "entries/$n.leaf" ] \
            && grep -q "^$n [0-9a-f]* [0-9a-f]* [0-9a-f]* full" chain.txt \
            || bad "$file is no part of this bundle: take it away"
    done
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

# CDPATH may lead to another bundle of that name

case $0 in
    */*) CDPATH='' cd -- "${0%/*}/" || exit 2 ;;
esac

[ -f SHA256SUMS ] && [ -f chain.txt ] || bad "this is no bundle"
sha256sum -c SHA256SUMS >"$tmp/sums" 2>&1 \
    || bad "files are not what was written:$lf$(grep -v ': OK$' "$tmp/sums")"

sums=' '
read_sums
none_else

pems=' '
for file in keys/*.pem; do
    [ -f "$file" ] || continue
    key=${file#keys/} key=${key%.pem}
    found=$(openssl pkey -pubin -in "$file" -outform DER 2>/dev/null \
        | od -An -v -tx1 | tr -d ' \n')
    is_hex "$key" 64 && [ "$found" = "302a300506032b6570032100$key" ] \
        || bad "$file is not the key that its name says"
    pems="$pems$key "
done

signers= good=' ' untils=' '
[ ! -f signers.txt ] || {
    signers=1
    read_signers
}


# The chain.

last=0 number=0 full=0 plain=0 hash=
row= covered=0 signatures=0 gone=' ' stretches=' ' sites=' '
: >"$tmp/hashes"
: >"$tmp/leaves"

{
    read -r word_realm realm
    read -r word_chain chain
    read -r word_host host

    [ "$word_realm $word_chain $word_host" = "realm chain host" ] \
        && is_hex "$chain" 32 \
        || bad "chain.txt has another beginning than it must have"
    case $host in '' | *[!A-Za-z0-9._*-]*) bad "chain.txt names no host" ;; esac

    hash_texts
} <chain.txt

[ "$number" -gt 0 ] || bad "there is no entry"
[ "$full" -eq 0 ] || entries_are_good

{
    read -r _
    read -r _
    read -r _

    while read -r n leaf prev skip shown key root sig rest; do
        read -r this _ <&3
        link
    done
} <chain.txt 3<"$tmp/hashes"

[ -z "$row" ] || bad "entry $last is the last one and is not signed"
[ -z "$signers" ] || [ "$covered" = "$last" ] \
    || bad "the last entry is not signed"

for one in $untils; do
    n=${one%%:*}
    [ "$n" -le "$last" ] \
        || bad "the chain ends before entry $n, which signers.txt names"
done

none_else_of_entries

unseen=
for one in $wanted; do
    n=${one%%:*} point_hash=${one#*:} point_chain=${one#*:*:}
    point_hash=${point_hash%%:*} point_chain=${point_chain%%:*}
    what="entry $n, of a checkpoint that you kept,"

    case $seen in
        *" $n:$point_hash "*)
            [ "${one#*:*:}" != "$chain:$realm" ] || continue ;;
    esac

    for lost in $gone; do
        first_lost=${lost#*:} first_lost=${first_lost%%:*}
        last_lost=${lost%:*} last_lost=${last_lost##*:}
        [ "${lost%%:*}" != "$point_chain" ] || [ "$n" -lt "$first_lost" ] \
            || [ "$n" -gt "$last_lost" ] \
            || bad "$what is given up by entry ${lost##*:}"
    done

    [ "${one#*:*:}" = "$chain:$realm" ] \
        || bad "a checkpoint that you kept is of another chain or realm"
    case $seen in
        *" $n:"*) bad "a checkpoint that you kept has another entry $n" ;;
    esac
    [ "$n" -lt "$last" ] && [ "$host" != - ] || bad "$what is not here"
    unseen="$unseen$n "
done

echo "$number entries, $full of them in full, fit together up to entry $last"
[ "$host" = - ] || echo "  host  $host"
echo "  realm $realm"
echo "  chain $chain"
echo "  hash  $hash"
for lost in $gone; do
    first_lost=${lost#*:} first_lost=${first_lost%%:*}
    last_lost=${lost%:*} last_lost=${last_lost##*:}
    echo "Entry ${lost##*:} gives up the entries $first_lost to $last_lost"
done


# Who signed it.

proven=1

for n in $unseen; do
    echo "NOTE: entry $n, of a checkpoint that you kept, is not shown here:"
    echo "  ask for a bundle made with --checkpoint"
    proven=
done

if [ "$pems" != ' ' ]; then
    echo "$signatures signatures are good. Compare the keys with those that" \
        "you were given in another way:"
    for key in $pems; do
        name=
        case $good in *" $key "*) eval "name=\$name_$key" ;; esac
        echo "  $key $name"
    done
fi

[ -n "$signers" ] \
    || echo "NOTE: there is no signers.txt: it is not said whose keys count"

if [ "$signatures" -eq 0 ]; then
    echo "NOTE: no entry is signed: whoever could write to Redis could make"
    echo "  such a chain"
elif [ "$plain" -gt 0 ]; then
    echo "NOTE: $plain of the entries in full are not signed"
fi

point_key=
if [ -f checkpoint.txt ]; then
    point checkpoint.txt
    [ "$point_realm $point_chain $point_seq $point_hash" \
        = "$realm $chain $last $hash" ] \
        || bad "checkpoint.txt is not of the last entry"
    counts checkpoint.txt "$point_key" "$last"
    signed "$point_key" "$point_sig" || bad "the signature of checkpoint.txt"
    echo "The checkpoint is good, of the key $point_key"
else
    echo "NOTE: there is no checkpoint"
    proven=
fi

if [ -f signature.txt ]; then
    {
        read -r title
        read -r _ signed_realm
        read -r _ sum
        read -r _ key
        read -r _ sig
    } <signature.txt
    printf 'paylock audit bundle 2\nrealm %s\nsha256 %s\nkey %s\n' \
        "$signed_realm" "$sum" "$key" >"$tmp/text"
    found=$(sha256sum <SHA256SUMS)
    [ "$title $signed_realm ${found%% *}" \
        = "paylock audit bundle 2 $realm $sum" ] \
        || bad "signature.txt is not of SHA256SUMS"
    [ -z "$point_key" ] || [ "$key" = "$point_key" ] \
        || bad "signature.txt is not signed by the key of the checkpoint"
    is_hex "$key" 64 || bad "signature.txt names no key"
    counts signature.txt "$key" "$last"
    signed "$key" "$sig" || bad "the signature of signature.txt"
    echo "The bundle is signed as a whole by the key $key"
else
    echo "NOTE: nobody signed the bundle as a whole: the timelines are not" \
        "proven"
    proven=
fi

[ -n "$proven" ] || {
    echo "NOT PROVEN"
    exit 3
}

echo OK
