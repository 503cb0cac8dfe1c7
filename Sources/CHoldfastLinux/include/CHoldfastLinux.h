#ifndef C_HOLDFAST_LINUX_H
#define C_HOLDFAST_LINUX_H

/*
 * Linux calls that Swift cannot reach by itself: system calls without a libc wrapper, and
 * functions that are macros or variadic. Nothing else belongs here. No policy, no allocation,
 * no logging, no state.
 *
 * Conventions, for every function below:
 *   - Returns 0 or a positive result on success, and -errno on failure. `errno` itself is
 *     left undefined, so that no caller can read a stale one.
 *   - Every descriptor returned is close-on-exec and owned by the caller.
 *   - Thread-safe. Async-signal-safe as well, where a comment says so.
 *   - An interrupted call is not retried here: -EINTR goes to the caller.
 *
 * Needed: Linux 5.14 with cgroup v2. What is newer is tried, and its absence reported as -ENOSYS.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- processes: pidfd.c ------------------------------------------------------------------ */

/*
 * Opens a descriptor that refers to process `pid`, and to no later process that reuses the number.
 *
 * The caller must have started `pid` and must not have reaped it yet, or know by other means that
 * it is alive. Otherwise the descriptor may faithfully refer to a stranger.
 *
 * Returns a descriptor; it polls readable once the process has ended.
 * Fails with -ESRCH (no such process), -EINVAL (pid <= 0), -EMFILE, -ENFILE, -ENOMEM,
 * -ENOSYS (kernel before 5.3).
 * Async-signal-safe. See pidfd_open(2).
 */
int holdfast_pidfd_open(pid_t pid);

/*
 * Sends `signal` to the process that `pidfd` refers to. Signal 0 sends nothing and only checks.
 *
 * Returns 0. A process that has ended but was not reaped still takes signals, to no effect.
 * Fails with -ESRCH (ended and reaped), -EPERM, -EINVAL (no such signal), -EBADF,
 * -ENOSYS (kernel before 5.1).
 * Async-signal-safe. See pidfd_send_signal(2).
 */
int holdfast_pidfd_send_signal(int pidfd, int signal);

/* How a child ended. */
struct holdfast_exit {
    int32_t code;       /* exit status, or the signal's number */
    bool is_signal;
    bool dumped_core;
};

/*
 * Reaps the child behind `pidfd`, if it has ended; never waits.
 *
 * Returns 1 and fills `*ended`; 0 when the child still runs.
 * Fails with -ECHILD (not ours, or reaped), -EBADF. See waitid(2), P_PIDFD since 5.4.
 */
int holdfast_reap(int pidfd, struct holdfast_exit *ended);

/* The same, but waits: for a child that is known to be ending. -ECHILD, -EBADF, -EINTR. */
int holdfast_reap_waiting(int pidfd, struct holdfast_exit *ended);

/*
 * The number of one ended child that was not reaped, without reaping it; never waits.
 *
 * Returns the number; 0 when no child has ended. Fails with -ECHILD (no children at all).
 */
pid_t holdfast_peek_ended_child(void);

/* Reaps child `pid`, if it has ended. Returns 1, or 0 if it runs. Fails with -ECHILD. */
int holdfast_reap_number(pid_t pid);

/* ---- launching: launch.c ----------------------------------------------------------------- */

/* Steps of a launch, in order; the numbers are those of HoldfastGuardCore.LaunchStep. */
enum holdfast_launch_step {
    HOLDFAST_STEP_CONTAINMENT = 1,
    HOLDFAST_STEP_CLONE = 3,
    HOLDFAST_STEP_SESSION = 4,
    HOLDFAST_STEP_SIGNALS = 5,
    HOLDFAST_STEP_STREAMS = 6,
    HOLDFAST_STEP_DIRECTORY = 7,
    HOLDFAST_STEP_LIMITS = 8,
    HOLDFAST_STEP_GROUPS = 9,
    HOLDFAST_STEP_USER = 10,
    HOLDFAST_STEP_PARENT_DEATH = 11,
    HOLDFAST_STEP_DESCRIPTORS = 12,
    HOLDFAST_STEP_EXECUTE = 13,
    /* Not a failure of the system: the launch deadline passed (G5). */
    HOLDFAST_STEP_DEADLINE = 64,
};

/* Everything a child needs, made ready before it is started. Nothing is copied. */
struct holdfast_launch {
    const char *executable;
    char *const *arguments;     /* NULL-terminated */
    char *const *environment;   /* NULL-terminated */
    const char *directory;
    uint32_t user, group;
    const uint32_t *groups;
    uint32_t group_count;
    /* The child keeps the caller's user and group: lacking the right to set them is no failure. */
    bool same_identity;
    int input, output;          /* become 0, and 1 and 2; both above 2 */
    int cgroup;                 /* directory to be born in, or -1 */
    int cgroup_procs;           /* open cgroup.procs to move itself through, or -1 */
    uint64_t open_files_soft, open_files_hard;
    /* Nanoseconds of CLOCK_BOOTTIME and CLOCK_MONOTONIC_RAW at which nothing may be executed. */
    int64_t deadline_boot, deadline_raw;
    void *stack;                /* `stack_size` bytes, 16-aligned, for the child alone */
    uint64_t stack_size;

    /* Filled in. */
    pid_t process;
    int pidfd;
    volatile int32_t failed_step;   /* 0: executed, unless `reached_exec` is false */
    volatile int32_t error;
    volatile int32_t reached_exec;  /* false with no failed step: killed at birth */
};

/*
 * Starts a child and returns once it has executed its command, or ended trying.
 *
 * The child shares the caller's memory until then and runs nothing but system calls, so the
 * caller is suspended meanwhile, and the cost does not depend on the caller's size.
 * The child dies by SIGKILL when the calling *thread* ends (PR_SET_PDEATHSIG): call only from a
 * thread that lasts. All signals must be blocked by the caller or have no handlers.
 *
 * Returns 0 whenever a process was made: `process` and `pidfd` are set, and the caller must
 * reap it, also when `failed_step` tells that it did not get as far as its command.
 * Fails with what clone3(2) fails with, no process made: -EAGAIN, -ENOMEM, -EACCES, -EBUSY,
 * -ENODEV (the cgroup is gone), -EMFILE, -ENOSYS, -EPERM.
 */
int holdfast_launch(struct holdfast_launch *plan);

/* ---- waiting: events.c ------------------------------------------------------------------- */

int holdfast_epoll_create(void);

/*
 * Adds or removes a descriptor; `data` comes back with its events.
 *
 * `urgent`: wait for EPOLLPRI (cgroup.events changed) instead of readability.
 * Fails with -EEXIST, -ENOENT, -ENOMEM, -ENOSPC, -EPERM (a file that cannot be waited for).
 */
int holdfast_epoll_add(int epoll, int fd, uint64_t data, bool urgent);
int holdfast_epoll_remove(int epoll, int fd);
/* Waits for room to write as well, or not. */
int holdfast_epoll_set_writing(int epoll, int fd, uint64_t data, bool writing);

struct holdfast_event {
    uint64_t data;
    bool readable;      /* or ended, or in error: reading tells */
    bool writable;
};

/*
 * Waits for events: up to `capacity`, at most 64 at once.
 *
 * Returns their number; -EINTR.
 */
int holdfast_epoll_wait(
    int epoll, struct holdfast_event *events, int capacity, int timeout_milliseconds);

/* A timer of CLOCK_BOOTTIME that polls readable. */
int holdfast_timerfd_create(void);
/* Sets it to expire once, after `nanoseconds`; below 1 means at once. */
int holdfast_timerfd_set(int timer, int64_t nanoseconds);
int holdfast_timerfd_disarm(int timer);

/*
 * Blocks SIGTERM, SIGINT, SIGCHLD, SIGHUP and SIGPIPE for the calling thread.
 *
 * Returns a descriptor for SIGTERM, SIGINT and SIGHUP, and for SIGCHLD if `children`.
 */
int holdfast_signalfd_create(bool children);
/* Returns the number of a signal that came; 0 when there is none. */
int holdfast_signalfd_read(int fd);

/* A counter that polls readable while it is above 0. */
int holdfast_eventfd_create(void);

/* Waits until `fd` is readable. Returns 1, 0 after `milliseconds`, -EINTR. */
int holdfast_poll_one(int fd, int milliseconds);
/* Waits for any of two descriptors to be readable, or for the first to be writable as well. */
int holdfast_poll_two(int first, bool writing, int second);

/* ---- sockets: seqpacket.c ---------------------------------------------------------------- */

/* Listens on `path`, mode 0600, without blocking. -ENAMETOOLONG, -EADDRINUSE, as bind(2). */
int holdfast_seqpacket_listen(const char *path);
/* Connects to `path`. -ENOENT, -ECONNREFUSED, -EACCES, -ENAMETOOLONG, as connect(2). */
int holdfast_seqpacket_connect(const char *path);
/* Takes one connection, non-blocking. -EAGAIN when there is none. */
int holdfast_seqpacket_accept(int listener);

struct holdfast_peer {
    pid_t process;
    uid_t user;
    gid_t group;
};

/* Who connected, as the kernel noted it then. See SO_PEERCRED in unix(7). */
int holdfast_peer(int fd, struct holdfast_peer *peer);
/*
 * A descriptor for the process that made the other end.
 *
 * -ENOPROTOOPT before Linux 6.5; -ESRCH if it is gone.
 */
int holdfast_peer_pidfd(int fd);

/*
 * Sends one packet, with a descriptor unless `attached` is -1; never waits.
 *
 * Returns 0. Fails with -EAGAIN (full), -EPIPE, -ECONNRESET, -EMSGSIZE, -ETOOMANYREFS.
 * No SIGPIPE.
 */
int holdfast_seqpacket_send(int fd, const void *bytes, size_t count, int attached);

/* The size of the next packet, which stays; 0 at the end, -EAGAIN when none waits. */
ssize_t holdfast_seqpacket_next_size(int fd);

/*
 * Receives one packet; never waits.
 *
 * Returns its size; 0 at the end. `*attached` is the descriptor that came with it, or -1.
 * More descriptors than one are closed. Fails with -EAGAIN, -ECONNRESET, and -EMSGSIZE for a
 * packet greater than `capacity`.
 */
ssize_t holdfast_seqpacket_receive(int fd, void *buffer, size_t capacity, int *attached);

/* ---- this process: self.c ---------------------------------------------------------------- */

/* Nanoseconds of the three clocks. Async-signal-safe. */
void holdfast_clocks(int64_t *boot, int64_t *monotonic, int64_t *raw);

/*
 * Lets go of the program's own code in memory; what is used again comes back from its file.
 *
 * Before memory is locked. -EINVAL afterwards.
 */
int holdfast_drop_code(void);
/* Locks all memory, present and future, once it is touched. -EPERM, -ENOMEM. */
int holdfast_lock_memory(void);
/* SCHED_FIFO, lowest priority, not for children. -EPERM. */
int holdfast_become_realtime(void);
/* Writes oom_score_adj of this process. -EACCES. */
int holdfast_set_oom_score(int score);
/* Raises the soft limit of open files to the hard one; reports what both were. */
int holdfast_raise_open_files(uint64_t *soft, uint64_t *hard);
/* Makes orphaned descendants children of this process. */
int holdfast_become_subreaper(void);

/*
 * Makes the kernel timer of G4: at its expiry the kernel kills this process by SIGKILL.
 *
 * Unarmed at first. Returns 0 and fills `*timer`. See timer_create(2).
 */
int holdfast_killer_create(int32_t *timer);
/* Moves it to an absolute time of CLOCK_BOOTTIME; 0 disarms it. Async-signal-safe. */
int holdfast_killer_set(int32_t timer, int64_t boot_nanoseconds);

/* ---- replacing the program of this process: replace.c ------------------------------------- */

/* The path that this process was executed by, as execve(2) got it (AT_EXECFN); NULL if unknown. */
const char *holdfast_program_path(void);
/* Whether `path` is a file that this process may execute. */
bool holdfast_may_execute(const char *path);

/*
 * Makes a file in memory that holds these bytes and can never be changed (memfd, sealed).
 *
 * Returns a descriptor. Fails with -EMFILE, -ENFILE, -ENOMEM, -ENOSPC. Linux 3.17.
 */
int holdfast_memory_make(const char *name, const void *bytes, size_t count);
/* The size of such a file. Fails with -EBADF, -EINVAL (no such file), -EPERM (not sealed). */
int64_t holdfast_memory_size(int fd);

/* Whether `fd` stays open across execve(2). Fails with -EBADF. */
int holdfast_set_inherited(int fd, bool inherited);
/* 1 for a listening socket, 0 for another. Fails with -EBADF, -ENOTSOCK. */
int holdfast_is_listener(int fd);
bool holdfast_is_pipe(int fd);
/* 1 if `pidfd` is of a child that was not reaped yet, 0 if not. Fails with -EBADF, -EINVAL. */
int holdfast_is_child(int pidfd);

/*
 * Ends this process by SIGALRM after `nanoseconds`, at once if that is not above 0: ITIMER_REAL,
 * which outlives execve(2), as POSIX timers do not.
 *
 * Makes the signal end the process: its default action, not blocked; neither changes by execve.
 * A process that is stopped (SIGSTOP) is not ended by it. Suspend is not counted.
 */
int holdfast_alarm_set(int64_t nanoseconds);
int holdfast_alarm_clear(void);

/*
 * Starts a child that kills this process by SIGKILL at an absolute time of CLOCK_BOOTTIME, stopped
 * or not, and that ends when this process does. Only where there is one thread.
 *
 * Returns its number once it stands ready. Fails with what fork(2) fails with, -ETIMEDOUT.
 */
pid_t holdfast_stand_in_start(int64_t boot_nanoseconds);
/* Ends and reaps it. Fails with -ECHILD when it is no child of ours; then nothing is killed. */
int holdfast_stand_in_end(pid_t number);

/* Returns only if it failed, as execve(2) fails. The environment is passed on. */
int holdfast_execute(const char *path, char *const *arguments);

/* ---- cgroups: cgroup.c; none of these allocates ------------------------------------------- */

/* Whether `path` lies on a cgroup v2 file system. */
bool holdfast_is_cgroup2(const char *path);
/* SIGKILL for everything in the cgroup and below, forks in flight included. Since 5.14. */
int holdfast_cgroup_kill(int directory);
/* Freezes or thaws it; cgroup.events tells when that has become true. */
int holdfast_cgroup_set_frozen(int directory, bool frozen);
/* Signals each process of the cgroup itself, as listed at one moment. Returns how many. */
int holdfast_cgroup_signal(int directory, int signal);
enum { HOLDFAST_POPULATED = 1, HOLDFAST_FROZEN = 2 };
/* The bits above, from an open cgroup.events; 0 (empty) for a cgroup that was removed. */
int holdfast_cgroup_state(int events);
/* How many of its processes the out-of-memory killer ended; 0 without the memory controller. */
int64_t holdfast_cgroup_oom_kills(int directory);

/* ---- other processes: process.c; none of these allocates ---------------------------------- */

struct holdfast_process {
    pid_t number, parent, group, session;
    char state;         /* as in /proc/PID/stat: R S D T t Z X I */
    uint64_t started;   /* with the number, unique since boot */
    /*
     * In state D only because a child that it made by vfork(2) has not executed yet. With that
     * child stopped it executes nothing, and will not.
     */
    bool waits_for_child;
};

/*
 * Fills `table` with all processes that /proc shows, in rising order of their numbers.
 *
 * Returns their number; -E2BIG when there are more than `capacity`.
 */
int holdfast_list_processes(int proc, struct holdfast_process *table, int capacity);
/* Signals exactly the process that was listed. -ESRCH when it is gone. */
int holdfast_signal_listed(int proc, const struct holdfast_process *process, int signal);
/*
 * Looks in the environment that a process was executed with for the entry that begins with
 * `prefix`, and copies what follows, cut to `size` with its NUL.
 *
 * Returns 1, or 0 when there is none; -EACCES, -ESRCH. Reads its first 128 KB.
 */
int holdfast_find_environment(int proc, pid_t number, const char *prefix, char *value, size_t size);

/* ---- the virtual machine's clock: vmclock.c ---------------------------------------------- */

/*
 * Maps the page of /dev/vmclock0 (Linux 6.13, QEMU's vmclock).
 *
 * Returns NULL when there is none, or it is not one. Never unmapped.
 */
const void *holdfast_vmclock_map(const char *path);
/* Changes whenever the machine was paused, moved or copied unseen by its clocks. */
uint64_t holdfast_vmclock_marker(const void *page);

/* ---- files: files.c ---------------------------------------------------------------------- */

/* Makes sure that 0, 1 and 2 are open, so that no other descriptor takes their place. */
int holdfast_reserve_streams(void);

/* Opens a directory for use with the *at calls. */
int holdfast_open_directory(int at, const char *name);
int holdfast_open_read(int at, const char *name);
int holdfast_open_write(int at, const char *name);
/* Takes an exclusive lock on `path`, which is made if need be. -EWOULDBLOCK: somebody has it. */
int holdfast_lock_file(const char *path);
/* The same for what is open already, a directory for instance. Ends with the descriptor. */
int holdfast_lock(int fd);
/* Opens, writes, closes. Allocates nothing. */
int holdfast_write_file(int at, const char *name, const char *text);
/* Reads from the beginning. Returns the size read. */
ssize_t holdfast_read_again(int fd, void *buffer, size_t capacity);
/* A pipe, its writing end last; as large as `wanted` bytes if that is allowed. */
int holdfast_pipe(int ends[2], int wanted);
/* Removes an empty directory. */
int holdfast_remove_directory(int at, const char *name);
int holdfast_make_directory(int at, const char *name);

/*
 * Lists a directory from where `fd` stands, raw: struct linux_dirent64. Allocates nothing.
 *
 * Returns the bytes filled, 0 at the end. See getdents64(2).
 */
ssize_t holdfast_list(int fd, void *buffer, size_t capacity);
int holdfast_rewind(int fd);
/* The name in the raw entry at `entry`, and the entry's size. */
const char *holdfast_entry_name(const void *entry);
size_t holdfast_entry_size(const void *entry);

/* The text of an error number; never NULL. */
const char *holdfast_error_text(int number);

/*
 * Asks for `signal` when the process that started this one ends (PR_SET_PDEATHSIG), more exactly:
 * when the thread of it does that started this one.
 *
 * Returns 0. Fails with -EINVAL (no such signal). See prctl(2).
 */
int holdfast_set_parent_death_signal(int signal);

#endif
