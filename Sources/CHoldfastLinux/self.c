#define _GNU_SOURCE
#include "CHoldfastLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef MCL_ONFAULT
#define MCL_ONFAULT 4
#endif

static int result_of(int value) { return value < 0 ? -errno : value; }

static int64_t read_clock(clockid_t clock) {
    struct timespec now = {0};
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void holdfast_clocks(int64_t *boot, int64_t *monotonic, int64_t *raw) {
    *boot = read_clock(CLOCK_BOOTTIME);
    *monotonic = read_clock(CLOCK_MONOTONIC);
    *raw = read_clock(CLOCK_MONOTONIC_RAW);
}

/* Set by the linker around the program's first and last code. */
extern char __executable_start, etext;

int holdfast_drop_code(void) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t start = (uintptr_t)&__executable_start & ~(page - 1);
    uintptr_t end = (uintptr_t)&etext & ~(page - 1);
    return result_of(madvise((void *)start, end - start, MADV_DONTNEED));
}

int holdfast_lock_memory(void) {
    return result_of(mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT));
}

int holdfast_become_realtime(void) {
    struct sched_param parameters = {.sched_priority = 1};
    return result_of(sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &parameters));
}

int holdfast_set_oom_score(int score) {
    return holdfast_write_file(
        AT_FDCWD, "/proc/self/oom_score_adj", score < 0 ? "-1000" : "0");
}

int holdfast_raise_open_files(uint64_t *soft, uint64_t *hard) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
    *soft = limit.rlim_cur;
    *hard = limit.rlim_max;
    limit.rlim_cur = limit.rlim_max;
    return result_of(setrlimit(RLIMIT_NOFILE, &limit));
}

int holdfast_become_subreaper(void) {
    return result_of(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
}

/* libc would start a helper thread for some kinds; the kernel's own call never does. */
int holdfast_killer_create(int32_t *timer) {
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
    return result_of((int)syscall(SYS_timer_create, CLOCK_BOOTTIME, &event, timer));
}

int holdfast_killer_set(int32_t timer, int64_t boot_nanoseconds) {
    struct itimerspec when = {
        .it_value = {
            .tv_sec = boot_nanoseconds / 1000000000,
            .tv_nsec = boot_nanoseconds % 1000000000,
        }};
    return result_of((int)syscall(SYS_timer_settime, timer, TIMER_ABSTIME, &when, NULL));
}
