#define _GNU_SOURCE
#include "CHoldfastLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/*
 * The child shares our memory (CLONE_VM) while we are suspended (CLONE_VFORK). So it may not call
 * anything in libc that keeps state: no malloc, no locks, no errno, no setuid() that wakes every
 * thread. It makes raw system calls and writes to `plan`, which is also how it reports.
 */

#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
enum { hf_CLOSE_RANGE_CLOEXEC = 4 };
static const uint64_t hf_CLONE_PIDFD = 0x1000;
static const uint64_t hf_CLONE_CLEAR_SIGHAND = 0x100000000ULL;
static const uint64_t hf_CLONE_INTO_CGROUP = 0x200000000ULL;

struct clone_arguments {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
        set_tid_size, cgroup;
};

/* The kernel's own, not libc's. */
struct kernel_sigaction {
    void (*handler)(int);
    unsigned long flags;
#if defined(__x86_64__)
    void (*restorer)(void);
#endif
    uint64_t mask;
};

#if defined(__x86_64__)
static long call(long n, long a, long b, long c, long d, long e) {
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    return result;
}

/* In the child: clears the frame pointer, calls fn(argument), exits with what that returns. */
static long clone_onto_stack(
    struct clone_arguments *arguments, size_t size, int (*fn)(void *), void *argument) {
    long result;
    register long r8 __asm__("r8") = (long)fn;
    register long r9 __asm__("r9") = (long)argument;
    __asm__ volatile(
        "syscall\n\t"
        "test %%rax, %%rax\n\t"
        "jnz 1f\n\t"
        "xor %%ebp, %%ebp\n\t"
        "mov %%r9, %%rdi\n\t"
        "call *%%r8\n\t"
        "mov %%eax, %%edi\n\t"
        "mov $231, %%eax\n\t"
        "syscall\n"
        "1:"
        : "=a"(result)
        : "0"((long)SYS_clone3), "D"(arguments), "S"(size), "r"(r8), "r"(r9)
        : "rcx", "r11", "rdx", "r10", "memory", "cc");
    return result;
}
#elif defined(__aarch64__)
static long call(long n, long a, long b, long c, long d, long e) {
    register long x8 __asm__("x8") = n;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    __asm__ volatile("svc #0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4)
                     : "memory");
    return x0;
}

static long clone_onto_stack(
    struct clone_arguments *arguments, size_t size, int (*fn)(void *), void *argument) {
    register long x8 __asm__("x8") = SYS_clone3;
    register long x0 __asm__("x0") = (long)arguments;
    register long x1 __asm__("x1") = (long)size;
    register long x2 __asm__("x2") = (long)fn;
    register long x3 __asm__("x3") = (long)argument;
    __asm__ volatile(
        "svc #0\n\t"
        "cbnz x0, 1f\n\t"
        "mov x29, #0\n\t"
        "mov x0, x3\n\t"
        "blr x2\n\t"
        "mov x8, #94\n\t"
        "svc #0\n"
        "1:"
        : "+r"(x0)
        : "r"(x8), "r"(x1), "r"(x2), "r"(x3)
        : "memory", "cc", "x30");
    return x0;
}
#else
#error "Holdfast launches on x86-64 and aarch64 only"
#endif

static int fail(struct holdfast_launch *plan, int step, long error) {
    plan->failed_step = step;
    plan->error = (int32_t)-error;
    return 127;
}

/* Signals: nothing ignored, nothing blocked, whatever we had. */
static long reset_signals(void) {
    struct kernel_sigaction action = {0};
    for (int signal = 1; signal <= 64; signal++) {
        if (signal == SIGKILL || signal == SIGSTOP) continue;
        long result = call(SYS_rt_sigaction, signal, (long)&action, 0, 8, 0);
        if (result < 0) return result;
    }
    uint64_t none = 0;
    return call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, 8, 0);
}

static long connect_streams(const struct holdfast_launch *plan) {
    long result = call(SYS_dup3, plan->input, 0, 0, 0, 0);
    if (result >= 0) result = call(SYS_dup3, plan->output, 1, 0, 0, 0);
    if (result >= 0) result = call(SYS_dup3, plan->output, 2, 0, 0, 0);
    return result;
}

/* What the guard took for itself: a protected place in memory, many descriptors, a umask. */
static long restore_limits(const struct holdfast_launch *plan) {
    long fd = call(SYS_openat, AT_FDCWD, (long)"/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC,
                   0, 0);
    if (fd >= 0) {
        long written = call(SYS_write, fd, (long)"0", 1, 0, 0);
        call(SYS_close, fd, 0, 0, 0, 0);
        /* Only -1000 needs undoing, and who could set it may unset it. */
        if (written < 0 && written != -EACCES) return written;
    }
    uint64_t files[2] = {plan->open_files_soft, plan->open_files_hard};
    long result = call(SYS_prlimit64, 0, 7 /* RLIMIT_NOFILE */, (long)files, 0, 0);
    call(SYS_umask, 022, 0, 0, 0, 0);
    return result;
}

static long take_groups(const struct holdfast_launch *plan) {
    long result = call(SYS_setgroups, plan->group_count, (long)plan->groups, 0, 0, 0);
    if (result == -EPERM && plan->same_identity) return 0;
    return result;
}

static long take_user(const struct holdfast_launch *plan) {
    long result = call(SYS_setresgid, plan->group, plan->group, plan->group, 0, 0);
    if (result < 0) return result;
    return call(SYS_setresuid, plan->user, plan->user, plan->user, 0, 0);
}

/* Dies with the thread that launched it; set after the user is, which would clear it. */
static long tie_to_parent(pid_t parent) {
    long result = call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (result < 0) return result;
    return call(SYS_getppid, 0, 0, 0, 0, 0) == parent ? 0 : -ESRCH;
}

static long close_foreign_descriptors(uint64_t open_files_hard) {
    long result = call(SYS_close_range, 3, ~0U, hf_CLOSE_RANGE_CLOEXEC, 0, 0);
    if (result != -ENOSYS && result != -EINVAL) return result;
    /* Before 5.11: one by one. They are ours and marked, so this is for what we inherited. */
    long limit = open_files_hard < 65536 ? (long)open_files_hard : 65536;
    for (long fd = 3; fd < limit; fd++) call(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC, 0, 0);
    return 0;
}

static int64_t nanoseconds(int clock) {
    struct timespec now = {0};
    call(SYS_clock_gettime, clock, (long)&now, 0, 0, 0);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

struct child {
    struct holdfast_launch *plan;
    pid_t parent;
};

static int run_child(void *argument) {
    struct child *child = argument;
    struct holdfast_launch *plan = child->plan;
    long result;
    if (plan->cgroup_procs >= 0) {
        result = call(SYS_write, plan->cgroup_procs, (long)"0", 1, 0, 0);
        if (result < 0) return fail(plan, HOLDFAST_STEP_CONTAINMENT, result);
    }
    result = call(SYS_setsid, 0, 0, 0, 0, 0);
    if (result < 0) return fail(plan, HOLDFAST_STEP_SESSION, result);
    result = reset_signals();
    if (result < 0) return fail(plan, HOLDFAST_STEP_SIGNALS, result);
    result = connect_streams(plan);
    if (result < 0) return fail(plan, HOLDFAST_STEP_STREAMS, result);
    result = restore_limits(plan);
    if (result < 0) return fail(plan, HOLDFAST_STEP_LIMITS, result);
    result = take_groups(plan);
    if (result < 0) return fail(plan, HOLDFAST_STEP_GROUPS, result);
    result = take_user(plan);
    if (result < 0) return fail(plan, HOLDFAST_STEP_USER, result);
    /* As the user it runs as, so that it enters nothing that this user could not. */
    result = call(SYS_chdir, (long)plan->directory, 0, 0, 0, 0);
    if (result < 0) return fail(plan, HOLDFAST_STEP_DIRECTORY, result);
    result = tie_to_parent(child->parent);
    if (result < 0) return fail(plan, HOLDFAST_STEP_PARENT_DEATH, result);
    result = close_foreign_descriptors(plan->open_files_hard);
    if (result < 0) return fail(plan, HOLDFAST_STEP_DESCRIPTORS, result);
    /* G5: the deadline again, after all that may have taken time, as late as can be. */
    if (nanoseconds(CLOCK_BOOTTIME) >= plan->deadline_boot
        || nanoseconds(CLOCK_MONOTONIC_RAW) >= plan->deadline_raw) {
        return fail(plan, HOLDFAST_STEP_DEADLINE, 0);
    }
    plan->reached_exec = 1;
    result = call(SYS_execve, (long)plan->executable, (long)plan->arguments,
                  (long)plan->environment, 0, 0);
    return fail(plan, HOLDFAST_STEP_EXECUTE, result);
}

int holdfast_launch(struct holdfast_launch *plan) {
    struct child child = {plan, getpid()};
    int pidfd = -1;
    plan->failed_step = 0;
    plan->error = 0;
    plan->reached_exec = 0;
    struct clone_arguments arguments = {
        .flags = CLONE_VM | CLONE_VFORK | hf_CLONE_PIDFD | hf_CLONE_CLEAR_SIGHAND,
        .pidfd = (uint64_t)(uintptr_t)&pidfd,
        .exit_signal = SIGCHLD,
        .stack = (uint64_t)(uintptr_t)plan->stack,
        .stack_size = plan->stack_size,
    };
    size_t size = offsetof(struct clone_arguments, cgroup);
    if (plan->cgroup >= 0) {
        arguments.flags |= hf_CLONE_INTO_CGROUP;
        arguments.cgroup = (uint64_t)plan->cgroup;
        size = sizeof arguments;
    }
    uint64_t all = ~0ULL, before = 0;
    call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&before, 8, 0);
    long result = clone_onto_stack(&arguments, size, run_child, &child);
    if (result == -ENOSYS && plan->cgroup < 0) {
        /* Some seccomp filters hide clone3; libc's clone() does all but CLEAR_SIGHAND. */
        int flags = CLONE_VM | CLONE_VFORK | (int)hf_CLONE_PIDFD | SIGCHLD;
        char *top = (char *)plan->stack + plan->stack_size;
        int process = clone(run_child, top, flags, &child, &pidfd);
        result = process < 0 ? -errno : process;
    }
    call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, 8, 0);
    if (result < 0) return (int)result;
    plan->process = (pid_t)result;
    plan->pidfd = pidfd;
    return 0;
}
