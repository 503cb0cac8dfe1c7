#define _GNU_SOURCE
#include "CHoldfastLinux.h"

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Older headers than the kernels we run on. */
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
enum { hf_P_PIDFD = 3 };

int holdfast_pidfd_open(pid_t pid) {
    long fd = syscall(SYS_pidfd_open, pid, 0);
    return fd < 0 ? -errno : (int)fd;
}

int holdfast_pidfd_send_signal(int pidfd, int signal) {
    return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

static int reap(int pidfd, struct holdfast_exit *ended, int options) {
    siginfo_t info = {0};
    if (waitid((idtype_t)hf_P_PIDFD, (id_t)pidfd, &info, WEXITED | options) < 0) return -errno;
    if (info.si_pid == 0) return 0;
    ended->code = info.si_status;
    ended->is_signal = info.si_code != CLD_EXITED;
    ended->dumped_core = info.si_code == CLD_DUMPED;
    return 1;
}

int holdfast_reap(int pidfd, struct holdfast_exit *ended) { return reap(pidfd, ended, WNOHANG); }

int holdfast_reap_waiting(int pidfd, struct holdfast_exit *ended) { return reap(pidfd, ended, 0); }

pid_t holdfast_peek_ended_child(void) {
    siginfo_t info = {0};
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0) return -errno;
    return info.si_pid;
}

int holdfast_reap_number(pid_t pid) {
    siginfo_t info = {0};
    if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG) < 0) return -errno;
    return info.si_pid != 0;
}
