#define _GNU_SOURCE
#include "CHoldfastLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int result_of(int value) { return value < 0 ? -errno : value; }

int holdfast_reserve_streams(void) {
    int fd;
    do {
        fd = open("/dev/null", O_RDWR);
        if (fd < 0) return -errno;
    } while (fd <= 2);
    close(fd);
    return 0;
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

int holdfast_lock(int fd) { return result_of(flock(fd, LOCK_EX | LOCK_NB)); }

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
