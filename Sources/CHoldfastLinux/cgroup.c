#define _GNU_SOURCE
#include "CHoldfastLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

bool holdfast_is_cgroup2(const char *path) {
    struct statfs system;
    return statfs(path, &system) == 0 && (uint64_t)system.f_type == 0x63677270;
}

int holdfast_cgroup_kill(int directory) {
    return holdfast_write_file(directory, "cgroup.kill", "1");
}

int holdfast_cgroup_set_frozen(int directory, bool frozen) {
    return holdfast_write_file(directory, "cgroup.freeze", frozen ? "1" : "0");
}

int holdfast_cgroup_signal(int directory, int signal) {
    char text[4096];
    int count = 0;
    int fd = openat(directory, "cgroup.procs", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -errno;
    pid_t number = 0;
    for (;;) {
        ssize_t size = read(fd, text, sizeof text);
        if (size <= 0) break;
        for (ssize_t index = 0; index < size; index++) {
            if (text[index] >= '0' && text[index] <= '9') {
                number = number * 10 + (text[index] - '0');
                continue;
            }
            /* 0: a process of a namespace that we do not see. */
            if (number > 0 && kill(number, signal) == 0) count++;
            number = 0;
        }
    }
    close(fd);
    return count;
}

int holdfast_cgroup_state(int events) {
    char text[256];
    ssize_t size = holdfast_read_again(events, text, sizeof text - 1);
    if (size == -ENODEV) return 0;
    if (size < 0) return (int)size;
    text[size] = 0;
    int state = 0;
    if (strstr(text, "populated 1") != NULL) state |= HOLDFAST_POPULATED;
    if (strstr(text, "frozen 1") != NULL) state |= HOLDFAST_FROZEN;
    return state;
}

int64_t holdfast_cgroup_oom_kills(int directory) {
    char text[1024];
    int fd = openat(directory, "memory.events", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t size = holdfast_read_again(fd, text, sizeof text - 1);
    close(fd);
    if (size < 0) return 0;
    text[size] = 0;
    const char *found = strstr(text, "oom_kill ");
    return found == NULL ? 0 : strtoll(found + strlen("oom_kill "), NULL, 10);
}
