#define _GNU_SOURCE
#include "CHoldfastLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
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

bool holdfast_is_cgroup2(const char *path) {
    struct statfs system;
    return statfs(path, &system) == 0 && (uint64_t)system.f_type == 0x63677270;
}

int holdfast_open_directory(int at, const char *name) {
    return result_of(openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
}

int holdfast_open_read(int at, const char *name) {
    return result_of(openat(at, name, O_RDONLY | O_CLOEXEC));
}

int holdfast_open_write(int at, const char *name) {
    return result_of(openat(at, name, O_WRONLY | O_CLOEXEC));
}

int holdfast_lock_file(const char *path) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return -errno;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
    int result = -errno;
    close(fd);
    return result;
}

int holdfast_write_file(int at, const char *name, const char *text) {
    int fd = openat(at, name, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return -errno;
    int result = write(fd, text, strlen(text)) < 0 ? -errno : 0;
    close(fd);
    return result;
}

ssize_t holdfast_read_again(int fd, void *buffer, size_t capacity) {
    ssize_t count = pread(fd, buffer, capacity, 0);
    return count < 0 ? -errno : count;
}

int holdfast_pipe(int ends[2], int wanted) {
    if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
    /* The guard never reads it, the agent never waits in it, the child may. */
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    fcntl(ends[0], F_SETPIPE_SZ, wanted);
    return 0;
}

int holdfast_remove_directory(int at, const char *name) {
    return result_of(unlinkat(at, name, AT_REMOVEDIR));
}

int holdfast_make_directory(int at, const char *name) {
    return result_of(mkdirat(at, name, 0755));
}

struct raw_entry {
    uint64_t inode;
    int64_t offset;
    uint16_t size;
    uint8_t type;
    char name[];
};

ssize_t holdfast_list(int fd, void *buffer, size_t capacity) {
    long count = syscall(SYS_getdents64, fd, buffer, capacity);
    return count < 0 ? -errno : count;
}

int holdfast_rewind(int fd) { return lseek(fd, 0, SEEK_SET) < 0 ? -errno : 0; }

const char *holdfast_entry_name(const void *entry) {
    return ((const struct raw_entry *)entry)->name;
}

size_t holdfast_entry_size(const void *entry) { return ((const struct raw_entry *)entry)->size; }

const char *holdfast_error_text(int number) {
    const char *text = strerrordesc_np(number);
    return text != NULL ? text : "unknown error";
}
