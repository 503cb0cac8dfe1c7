#define _GNU_SOURCE
#include "CHoldfastLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

enum { seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

static int result_of(int value) { return value < 0 ? -errno : value; }

const char *holdfast_program_path(void) { return (const char *)getauxval(AT_EXECFN); }

bool holdfast_may_execute(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode)
        && faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
}

int holdfast_memory_make(const char *name, const void *bytes, size_t count) {
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) return -errno;
    const char *rest = bytes;
    while (count > 0) {
        ssize_t written = write(fd, rest, count);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) break;
        rest += written;
        count -= (size_t)written;
    }
    if (count == 0 && fcntl(fd, F_ADD_SEALS, seals) == 0) return fd;
    int result = count > 0 ? -ENOSPC : -errno;
    close(fd);
    return result;
}

int64_t holdfast_memory_size(int fd) {
    struct stat status;
    int present = fcntl(fd, F_GET_SEALS);
    if (present < 0) return -errno;
    if ((present & seals) != seals) return -EPERM;
    return fstat(fd, &status) < 0 ? -errno : status.st_size;
}

int holdfast_set_inherited(int fd, bool inherited) {
    int flags = fcntl(fd, F_GETFD);
    if (flags < 0) return -errno;
    flags = inherited ? flags & ~FD_CLOEXEC : flags | FD_CLOEXEC;
    return result_of(fcntl(fd, F_SETFD, flags));
}

int holdfast_is_listener(int fd) {
    int listens = 0;
    socklen_t size = sizeof listens;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) < 0) return -errno;
    return listens != 0;
}

bool holdfast_is_pipe(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}

int holdfast_alarm_set(int64_t nanoseconds) {
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t alarm;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    if (sigaction(SIGALRM, &action, NULL) < 0 || sigprocmask(SIG_UNBLOCK, &alarm, NULL) < 0) {
        return -errno;
    }
    if (nanoseconds < 0) nanoseconds = 0;
    struct itimerval when = {
        .it_value = {.tv_sec = nanoseconds / 1000000000, .tv_usec = nanoseconds / 1000 % 1000000}};
    /* Nothing at all would disarm it. */
    if (when.it_value.tv_sec == 0 && when.it_value.tv_usec == 0) when.it_value.tv_usec = 1;
    return result_of(setitimer(ITIMER_REAL, &when, NULL));
}

int holdfast_alarm_clear(void) {
    struct itimerval never = {0};
    return result_of(setitimer(ITIMER_REAL, &never, NULL));
}

/* Keeps the streams and these two alone. */
static void close_others(int one, int other) {
    unsigned low = (unsigned)(one < other ? one : other);
    unsigned high = (unsigned)(one < other ? other : one);
    if (low > 3) syscall(SYS_close_range, 3, low - 1, 0);
    if (high > low + 1) syscall(SYS_close_range, low + 1, high - 1, 0);
    syscall(SYS_close_range, high + 1, ~0U, 0);
}

static void stand_in(pid_t guard, int ready, int64_t boot_nanoseconds) {
    struct timespec when = {
        .tv_sec = boot_nanoseconds / 1000000000, .tv_nsec = boot_nanoseconds % 1000000000};
    /* With the guard this process ends, too: first, so that none is ever left over. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != guard) _exit(1);
    int target = holdfast_pidfd_open(guard);
    if (target < 0) _exit(1);
    close_others(target, ready);
    /* A process session of its own: what stops the guard's group does not stop this. */
    setsid();
    prctl(PR_SET_NAME, "hf-stand-in", 0, 0, 0);
    holdfast_become_realtime();
    if (write(ready, "", 1) != 1) _exit(1);
    close(ready);
    while (clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &when, NULL) == EINTR) {}
    holdfast_pidfd_send_signal(target, SIGKILL);
    _exit(0);
}

pid_t holdfast_stand_in_start(int64_t boot_nanoseconds) {
    int ends[2];
    char byte;
    if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
    pid_t guard = getpid();
    pid_t number = fork();
    if (number == 0) stand_in(guard, ends[1], boot_nanoseconds);
    int result = number < 0 ? -errno : number;
    close(ends[1]);
    if (number > 0) {
        struct pollfd waiting = {.fd = ends[0], .events = POLLIN};
        if (poll(&waiting, 1, 1000) != 1 || read(ends[0], &byte, 1) != 1) {
            holdfast_stand_in_end(number);
            result = -ETIMEDOUT;
        }
    }
    close(ends[0]);
    return result;
}

int holdfast_stand_in_end(pid_t number) {
    siginfo_t info = {0};
    if (waitid(P_PID, (id_t)number, &info, WEXITED | WNOHANG | WNOWAIT) < 0) return -errno;
    kill(number, SIGKILL);
    while (waitid(P_PID, (id_t)number, &info, WEXITED) < 0) {
        if (errno != EINTR) return -errno;
    }
    return 0;
}

int holdfast_is_child(int pidfd) {
    siginfo_t info = {0};
    /* P_PIDFD */
    if (waitid((idtype_t)3, (id_t)pidfd, &info, WEXITED | WNOHANG | WNOWAIT) == 0) return 1;
    return errno == ECHILD ? 0 : -errno;
}

int holdfast_execute(const char *path, char *const *arguments) {
    execve(path, arguments, environ);
    return -errno;
}
