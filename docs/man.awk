# Copyright (C) 2026 paylock contributors
#
# The manual pages out of the documentation:
#
#     awk -v PAGE=ngx_http_paylock_module.8 -v VERSION=0.1.0 \
#         -v DATE=2026-11-22 -f man.awk directives.md
#
# The first file is the page, each further one a chapter of it under its title.


function text(s,    out, word) {
    gsub(/\\/, "\\e", s)
    gsub(/-/, "\\-", s)
    gsub(/~/, "\\(ti", s)
    gsub(/…/, "...", s)
    gsub(/é/, "\\('e", s)

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
function flush() {
    if (paragraph != "") {
        paragraph = text(paragraph)
        gsub(/\n\./, "\n\\\\\\&.", paragraph)
        line(paragraph)
    }
    if (row != "") table_row(row)
    paragraph = row = ""
}

# The first column is what a row is about; of many, each has its title
function table_row(s,    cell, i, n) {
    n = split(s, cell, / *\| */)
    print ".TP"
    line(text(cell[2]))
    for (i = 3; i < n; i++) {
        if (i > 3) print ".br"
        line(text((n > 4 ? title[i] ": " : "") cell[i]))
    }
    blank = 1
    fresh = 0
}

BEGIN {
    about["paylock-admin"] = \
        "close web sites that are not paid, and open them again"
    also["paylock-admin"] = "ngx_http_paylock_module (8)"
    about["paylock-build-module"] = "builds the module for any nginx"
    also["paylock-build-module"] = "ngx_http_paylock_module (8)"
    about["ngx_http_paylock_module"] = "closes web sites that are not paid"
    also["ngx_http_paylock_module"] = "paylock\\-admin (1)"
    about["paylockd"] = "HTTP API that locks and unlocks web sites"
    also["paylockd"] = "paylock\\-writer (8), paylock\\-admin (1)"
    about["paylock-writer"] = "signs and writes what paylockd is asked for"
    also["paylock-writer"] = "paylockd (8), paylock\\-admin (1)"

    name = section = PAGE
    sub(/\.[0-9]$/, "", name)
    sub(/.*\./, "", section)

    print ".TH " text(toupper(name)) " " section " " DATE \
        " \"paylock " VERSION "\""
    print ".nr HY 0\n.hy 0\n.ad l"
    print ".SH NAME"
    print text(name) " \\- " about[name]
    print ".SH SYNOPSIS"
    see = also[name]
    synopsis = fresh = 1
}

# what stands before the first heading of a chapter leads to other pages
FNR == 1 { navigation = NR > 1 }
/^##/ { navigation = 0 }
navigation && !/^# / { next }

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

/^# / && NR == 1 { next }

/^#+ / {
    flush()
    name = text(substr($0, index($0, " ") + 1))
    if (!/^###/) name = toupper(name)
    gsub(/"/, "\\(dq", name)
    print (/^###/ ? ".SS " : ".SH ") name
    fresh = 1
    blank = synopsis = 0
    next
}

# what stands above this line are titles
/^\| *-/ {
    split(row, title, / *\| */)
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

# in the middle of a paragraph a number and a dot may just end a sentence
/^[0-9]+\. / {
    item = list || paragraph == "" || /^1\. /
}

{
    if (synopsis) print ".SH DESCRIPTION"
    if (synopsis) blank = synopsis = 0
    if (blank && !item && !/^\* /) print ".PP"
    if (blank) list = 0
    blank = fresh = 0

    if (item) {
        list = 1
        item = 0
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
    gsub(/, /, ",\n.BR ", see)
    print ".BR " see ","
    print ".BR nginx (8)"
}
