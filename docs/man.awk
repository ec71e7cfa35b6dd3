# Copyright (C) 2026 paylock contributors
#
# The manual page ngx_http_paylock_module(8) out of directives.md:
#
#     awk -v VERSION=0.1.0 -v DATE=2026-11-22 -f man.awk directives.md


function text(s,    out, word) {
    gsub(/\\/, "\\e", s)
    gsub(/-/, "\\-", s)
    gsub(/~/, "\\(ti", s)
    gsub(/…/, "...", s)

    # [text](where) is its text
    while (match(s, /\[[^][]*\]\([^)]*\)/)) {
        word = substr(s, RSTART + 1, RLENGTH - 1)
        sub(/\].*/, "", word)
        s = substr(s, 1, RSTART - 1) word substr(s, RSTART + RLENGTH)
    }

    out = ""
    while (match(s, /`[^`]*`|\*\*[^*]+\*\*|\*[^* ][^*]*\*/)) {
        word = substr(s, RSTART, RLENGTH)
        out = out substr(s, 1, RSTART - 1)
        s = substr(s, RSTART + RLENGTH)
        if (word ~ /^(`|\*\*)/) {
            gsub(/^(`|\*\*)|(`|\*\*)$/, "", word)
            out = out "\\fB" word "\\fR"
        } else {
            out = out "\\fI" substr(word, 2, length(word) - 2) "\\fR"
        }
    }
    return out s
}

function line(s) {
    if (s ~ /^[.']/) s = "\\&" s
    print s
}

# Inline code may go on in the next line: a paragraph is one text
function flush(    cell) {
    if (paragraph != "") line(text(paragraph))
    if (row != "") {
        split(row, cell, / *\| */)
        print ".TP"
        line(text(cell[2]))
        line(text(cell[3]))
        blank = 1
    }
    paragraph = row = ""
}

BEGIN {
    print ".TH NGX_HTTP_PAYLOCK_MODULE 8 " DATE " \"paylock " VERSION "\""
    print ".nr HY 0\n.hy 0\n.ad l"
    print ".SH NAME"
    print "ngx_http_paylock_module \\- closes web sites that are not paid"
    print ".SH SYNOPSIS"
    fresh = 1
}

/^```/ {
    flush()
    print code ? ".EE\n.RE" : (fresh ? "" : ".PP\n") ".RS 4\n.EX"
    code = !code
    blank = fresh = 0
    next
}

code {
    gsub(/\\/, "\\e")
    gsub(/-/, "\\-")
    gsub(/~/, "\\(ti")
    line($0)
    next
}

/^# / { next }

/^##+ / {
    flush()
    name = text(substr($0, index($0, " ") + 1))
    if (/^## /) name = toupper(name)
    gsub(/"/, "\\(dq", name)
    print (/^## / ? ".SH " : ".SS ") name
    fresh = 1
    blank = 0
    next
}

# what stands above this line are titles
/^\| *-/ {
    row = ""
    next
}

/^\|/ {
    flush()
    row = $0
    next
}

/^$/ {
    flush()
    blank = !fresh
    next
}

{
    if (blank && !/^([0-9]+\.|\*) /) print ".PP"
    blank = fresh = 0

    if (/^[0-9]+\. /) {
        flush()
        print ".IP " $1 " 4"
        sub(/^[0-9]+\. */, "")
    }
    if (/^\* /) {
        flush()
        print ".IP \\(bu 2"
        sub(/^\* */, "")
    }

    hard = /  $/
    sub(/^ +/, "")
    sub(/ +$/, "")
    paragraph = paragraph == "" ? $0 : paragraph "\n" $0
    if (hard) {
        flush()
        print ".br"
    }
}

END {
    flush()
    print ".SH SEE ALSO"
    print ".BR paylock\\-admin (1),"
    print ".BR nginx (8)"
}
