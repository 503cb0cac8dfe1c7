#ifndef C_HOLDFAST_STORAGE_H
#define C_HOLDFAST_STORAGE_H

/*
 * Linux calls that the store needs and Swift's Glibc module leaves out, being GNU extensions.
 * No policy, no allocation, no state. Each returns 0 on success and -errno on failure.
 */

#include <stdint.h>

/*
 * Tells which file `path` names: its inode number, and its time of birth in nanoseconds since
 * 1970, or 0 where the file system keeps none.
 *
 * Fails with what statx(2) fails with: -ENOENT, -EACCES, -ENOTDIR, -ELOOP, -ENAMETOOLONG, -ENOMEM.
 * Linux 4.11. Thread-safe.
 */
int holdfast_file_identity(const char *path, uint64_t *inode, int64_t *birth);

/*
 * Makes a pipe whose two ends, read end first, are close-on-exec and owned by the caller.
 *
 * Fails with -EMFILE, -ENFILE. Thread-safe. See pipe2(2).
 */
int holdfast_storage_pipe(int ends[2]);

/*
 * Gives the calling thread a name of at most 15 bytes, as ps -T and gdb show it. Cannot fail
 * but for a longer name, which changes nothing. See pthread_setname_np(3).
 */
void holdfast_name_this_thread(const char *name);

#endif
