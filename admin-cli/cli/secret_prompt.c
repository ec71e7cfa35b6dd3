
/*
 * Copyright (C) 2026 paylock contributors
 */


#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/secret_prompt.h"


#define SECRET_LINE  4096


static int secret_line(char *line, size_t size);
static int secret_wait(const sigset_t *set);


/* Signals that end the process wait until echo is on again. */

int
secret_prompt(error_info_t *error, const char *question, char **secret)
{
    int             got;
    char            line[SECRET_LINE];
    sigset_t        set, old;
    struct termios  shown, hidden;

    (void) sigemptyset(&set);
    (void) sigaddset(&set, SIGINT);
    (void) sigaddset(&set, SIGTERM);
    (void) sigaddset(&set, SIGHUP);
    (void) sigaddset(&set, SIGQUIT);
    (void) sigaddset(&set, SIGTSTP);
    (void) sigprocmask(SIG_BLOCK, &set, &old);

    got = 0;

    if (tcgetattr(STDIN_FILENO, &shown) == 0) {
        hidden = shown;
        hidden.c_lflag &= ~(tcflag_t) ECHO;
        hidden.c_lflag |= ICANON;

        if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0) {
            text_print(stderr, question, strlen(question));
            (void) fputs(": ", stderr);

            got = secret_wait(&set) && secret_line(line, sizeof(line));

            (void) fputc('\n', stderr);
            (void) tcsetattr(STDIN_FILENO, TCSADRAIN, &shown);
        }
    }

    (void) sigprocmask(SIG_SETMASK, &old, NULL);

    *secret = got ? strdup(line) : NULL;
    explicit_bzero(line, sizeof(line));

    return *secret ? STATUS_DONE
                   : error_set(error, STATUS_FAILED, "passphrase",
                               NULL, "no passphrase was typed");
}


/* Waits for input or a signal; returns 1 for input. */

static int
secret_wait(const sigset_t *set)
{
    int            fd, n;
    struct pollfd  pfd[2];

    fd = signalfd(-1, set, SFD_CLOEXEC);

    pfd[0].fd = STDIN_FILENO;
    pfd[0].events = POLLIN;
    pfd[1].fd = fd;
    pfd[1].events = POLLIN;

    n = poll(pfd, 2, -1);

    (void) close(fd);

    return n > 0 && pfd[1].revents == 0;
}


static int
secret_line(char *line, size_t size)
{
    ssize_t  n;

    n = read(STDIN_FILENO, line, size - 1);

    if (n < 1 || line[n - 1] != '\n') {
        return 0;
    }

    line[n - 1] = '\0';

    return n > 1;
}
