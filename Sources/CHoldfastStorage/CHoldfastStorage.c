#define _GNU_SOURCE
#include "CHoldfastStorage.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

int holdfast_file_identity(const char *path, uint64_t *inode, int64_t *birth) {
    struct statx status;
    if (statx(AT_FDCWD, path, 0, STATX_INO | STATX_BTIME, &status) < 0) return -errno;
    *inode = status.stx_ino;
    *birth = (status.stx_mask & STATX_BTIME)
        ? (int64_t)((uint64_t)status.stx_btime.tv_sec * 1000000000u + status.stx_btime.tv_nsec)
        : 0;
    return 0;
}

int holdfast_storage_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC) < 0 ? -errno : 0; }

void holdfast_name_this_thread(const char *name) { (void)pthread_setname_np(pthread_self(), name); }
