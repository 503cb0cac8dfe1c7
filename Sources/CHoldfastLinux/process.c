#define _GNU_SOURCE
#include "CHoldfastLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Opens /proc/NUMBER/NAME. */
static int open_entry(int proc, pid_t number, const char *name) {
    char path[64];
    snprintf(path, sizeof path, "%d/%s", number, name);
    int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* Whether the system call that a process is blocked in is one of those that make a process. */
static bool is_in_clone(int proc, pid_t number) {
    char text[32];
    int fd = open_entry(proc, number, "syscall");
    if (fd < 0) return false;
    ssize_t size = holdfast_read_again(fd, text, sizeof text - 1);
    close(fd);
    if (size <= 0 || text[0] < '0' || text[0] > '9') return false;
    text[size] = 0;
    long call = atol(text);
#ifdef SYS_vfork
    if (call == SYS_vfork) return true;
#endif
    return call == SYS_clone || call == 435 /* clone3, everywhere */;
}

static int read_process(int proc, pid_t number, struct holdfast_process *process) {
    char text[1024];
    int fd = open_entry(proc, number, "stat");
    if (fd < 0) return fd;
    ssize_t size = holdfast_read_again(fd, text, sizeof text - 1);
    close(fd);
    if (size <= 0) return -ESRCH;
    text[size] = 0;
    /* The name, in brackets, may hold anything, brackets included. */
    const char *rest = strrchr(text, ')');
    if (rest == NULL) return -ESRCH;
    process->number = number;
    int found = sscanf(
        rest + 1,
        " %c %d %d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %lu",
        &process->state, &process->parent, &process->group, &process->session,
        (unsigned long *)&process->started);
    process->waits_for_child = process->state == 'D' && is_in_clone(proc, number);
    return found == 5 ? 0 : -ESRCH;
}

int holdfast_list_processes(int proc, struct holdfast_process *table, int capacity) {
    _Alignas(8) char entries[8192];
    int count = 0;
    int result = holdfast_rewind(proc);
    if (result < 0) return result;
    for (;;) {
        ssize_t size = holdfast_list(proc, entries, sizeof entries);
        if (size < 0) return (int)size;
        if (size == 0) return count;
        for (ssize_t at = 0; at < size; at += (ssize_t)holdfast_entry_size(entries + at)) {
            const char *name = holdfast_entry_name(entries + at);
            if (name[0] < '1' || name[0] > '9') continue;
            if (count == capacity) return -E2BIG;
            if (read_process(proc, atoi(name), &table[count]) == 0) count++;
        }
    }
}

int holdfast_signal_listed(int proc, const struct holdfast_process *process, int signal) {
    int pidfd = holdfast_pidfd_open(process->number);
    if (pidfd < 0) return pidfd;
    struct holdfast_process present;
    int result = read_process(proc, process->number, &present);
    if (result == 0 && present.started != process->started) result = -ESRCH;
    if (result == 0) result = holdfast_pidfd_send_signal(pidfd, signal);
    close(pidfd);
    return result;
}

int holdfast_find_environment(
    int proc, pid_t number, const char *prefix, char *value, size_t size) {
    char text[4096];
    size_t matched = 0, copied = 0, wanted = strlen(prefix);
    bool differs = false, found = false;
    int fd = open_entry(proc, number, "environ");
    if (fd < 0) return fd;
    for (int part = 0; part < 32 && !found; part++) {
        ssize_t count = read(fd, text, sizeof text);
        if (count <= 0) break;
        for (ssize_t index = 0; index < count && !found; index++) {
            char each = text[index];
            if (each == 0) {
                found = !differs && matched == wanted;
                matched = 0;
                if (!found) copied = 0;
                differs = false;
            } else if (!differs && matched < wanted) {
                if (each == prefix[matched]) matched++;
                else differs = true;
            } else if (!differs && copied + 1 < size) {
                value[copied++] = each;
            }
        }
    }
    close(fd);
    value[found ? copied : 0] = 0;
    return found;
}
