
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <string.h>

#include "paylock_host.h"


#define PAYLOCK_HOST_LABEL  63         /* RFC 1035, 2.3.4 */


/* the classes of characters; 0: not allowed in a name */

enum {
    PAYLOCK_HOST_LETTER = 1,
    PAYLOCK_HOST_DIGIT,
    PAYLOCK_HOST_DASH,
    PAYLOCK_HOST_DOT
};


static const unsigned char  paylock_host_kinds[256] = {
    ['a' ... 'z'] = PAYLOCK_HOST_LETTER,
    ['_'] = PAYLOCK_HOST_LETTER,
    ['0' ... '9'] = PAYLOCK_HOST_DIGIT,
    ['-'] = PAYLOCK_HOST_DASH,
    ['.'] = PAYLOCK_HOST_DOT
};


/* the states of paylock_host_plain() within a label, and their successors */

enum {
    PAYLOCK_HOST_BAD = 0,
    PAYLOCK_HOST_START,
    PAYLOCK_HOST_NUMBER,               /* only digits so far */
    PAYLOCK_HOST_WORD,
    PAYLOCK_HOST_AFTER_DASH
};


static const unsigned char  paylock_host_states[5][5] = {
    [PAYLOCK_HOST_START] = {
        [PAYLOCK_HOST_LETTER] = PAYLOCK_HOST_WORD,
        [PAYLOCK_HOST_DIGIT] = PAYLOCK_HOST_NUMBER
    },
    [PAYLOCK_HOST_NUMBER] = {
        [PAYLOCK_HOST_LETTER] = PAYLOCK_HOST_WORD,
        [PAYLOCK_HOST_DIGIT] = PAYLOCK_HOST_NUMBER,
        [PAYLOCK_HOST_DASH] = PAYLOCK_HOST_AFTER_DASH,
        [PAYLOCK_HOST_DOT] = PAYLOCK_HOST_START
    },
    [PAYLOCK_HOST_WORD] = {
        [PAYLOCK_HOST_LETTER] = PAYLOCK_HOST_WORD,
        [PAYLOCK_HOST_DIGIT] = PAYLOCK_HOST_WORD,
        [PAYLOCK_HOST_DASH] = PAYLOCK_HOST_AFTER_DASH,
        [PAYLOCK_HOST_DOT] = PAYLOCK_HOST_START
    },
    [PAYLOCK_HOST_AFTER_DASH] = {
        [PAYLOCK_HOST_LETTER] = PAYLOCK_HOST_WORD,
        [PAYLOCK_HOST_DIGIT] = PAYLOCK_HOST_WORD,
        [PAYLOCK_HOST_DASH] = PAYLOCK_HOST_AFTER_DASH
    }
};


static int paylock_host_plain(const char *name, size_t len);
static const char *paylock_host_shape(const char *name, size_t len);
static const char *paylock_host_colon(const char *name, size_t len);
static const char *paylock_host_char(unsigned char c);
static const char *paylock_host_label(const char *label, size_t len);
static int paylock_host_digits(const char *s, size_t len);


const char *
paylock_host_check(const char *name, size_t len)
{
    size_t       i, n;
    const char  *why, *label;

    if (len == 0) {
        return "is empty";
    }

    if (paylock_host_plain(name, len)) {
        return NULL;
    }

    why = paylock_host_shape(name, len);

    if (why) {
        return why;
    }

    n = paylock_host_suffix(name, len);
    name += n;
    len -= n;

    if (len == 0) {
        return "has no name after the dot";
    }

    if (len > PAYLOCK_HOST_NAME) {
        return "is longer than 253 characters";
    }

    if (len == 1 && name[0] == '_') {
        return "is what nginx's \"server_name\" has for no name";
    }

    label = name;

    for (i = 0; i < len; i++) {

        if (name[i] == '.') {
            why = paylock_host_label(label, name + i - label);
            label = name + i + 1;

        } else {
            why = paylock_host_char(name[i]);
        }

        if (why) {
            return why;
        }
    }

    n = name + len - label;

    if (n == 0) {
        return "ends in a dot";
    }

    if (paylock_host_digits(label, n)) {
        return "is an IP address, or ends in a number as only these do";
    }

    return paylock_host_label(label, n);
}


/*
 * A fast path for the names of requests: 1 if it is a good name of at most 63
 * characters without a prefix; 0 if only the full check can tell.
 */

static int
paylock_host_plain(const char *name, size_t len)
{
    size_t    i;
    unsigned  kind, state;

    state = PAYLOCK_HOST_START;

    for (i = 0; i < len; i++) {
        kind = paylock_host_kinds[(unsigned char) name[i]];
        state = paylock_host_states[state][kind];
    }

    return state == PAYLOCK_HOST_WORD && len <= PAYLOCK_HOST_LABEL
           && !(len == 1 && name[0] == '_');
}


size_t
paylock_host_right_form(const char *name, size_t len,
    char form[PAYLOCK_HOST_MAX + 1])
{
    size_t  i, n;

    for (i = 0; i + 3 <= len; i++) {
        if (memcmp(name + i, "://", 3) == 0) {
            name += i + 3;
            len -= i + 3;
            break;
        }
    }

    for (i = 0; i < len; i++) {
        if (name[i] == '/' || name[i] == '?' || name[i] == '#') {
            len = i;
        }
    }

    for (n = len; n && name[n - 1] >= '0' && name[n - 1] <= '9'; n--) {
        /* void */
    }

    if (n && name[n - 1] == ':') {
        len = n - 1;
    }

    if (len && name[len - 1] == '.') {
        len--;
    }

    if (len > PAYLOCK_HOST_MAX) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        form[i] = (name[i] >= 'A' && name[i] <= 'Z') ? name[i] | 0x20
                                                     : name[i];
    }

    form[len] = '\0';

    return paylock_host_check(form, len) ? 0 : len;
}


size_t
paylock_host_suffix(const char *name, size_t len)
{
    if (len && name[0] == '.') {
        return 1;
    }

    if (len > 1 && name[0] == '*' && name[1] == '.') {
        return 2;
    }

    return 0;
}


/* Names what is given instead of a host name: a URL, an address. */

static const char *
paylock_host_shape(const char *name, size_t len)
{
    const char  *colon, *slash;

    colon = memchr(name, ':', len);
    slash = memchr(name, '/', len);

    if (slash && colon && colon < slash) {
        return "is a URL, not a name";
    }

    if (slash) {
        return "has a path after it";
    }

    if (memchr(name, '@', len)) {
        return "is an address of mail or of a user, not a name";
    }

    return colon ? paylock_host_colon(name, len) : NULL;
}


static const char *
paylock_host_colon(const char *name, size_t len)
{
    size_t       port;
    const char  *colon;

    colon = memchr(name, ':', len);
    port = name + len - colon - 1;

    if (name[0] != '['
        && (port == 0 || paylock_host_digits(colon + 1, port)))
    {
        return "has a port";
    }

    return "is an IP address, not a name";
}


static const char *
paylock_host_char(unsigned char c)
{
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
        || c == '-' || c == '_')
    {
        return NULL;
    }

    if (c >= 'A' && c <= 'Z') {
        return "has upper-case letters";
    }

    if (c >= 0x80) {
        return "is not in ASCII: its A-label (xn--...) is needed";
    }

    if (c == '*') {
        return "has a \"*\" elsewhere than in a leading \"*.\"";
    }

    if (c <= ' ' || c == 0x7f) {
        return "has a space or a control character";
    }

    return "has a character other than a-z, 0-9, \"-\", \"_\" and \".\"";
}


static const char *
paylock_host_label(const char *label, size_t len)
{
    if (len == 0) {
        return "has two dots in a row";
    }

    if (len > PAYLOCK_HOST_LABEL) {
        return "has a part of more than 63 characters between its dots";
    }

    if (label[0] == '-' || label[len - 1] == '-') {
        return "has a \"-\" at the start or the end of a part";
    }

    return NULL;
}


static int
paylock_host_digits(const char *s, size_t len)
{
    size_t  i;

    for (i = 0; i < len && s[i] >= '0' && s[i] <= '9'; i++) {
        /* void */
    }

    return len && i == len;
}
