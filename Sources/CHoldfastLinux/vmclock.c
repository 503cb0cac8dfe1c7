#define _GNU_SOURCE
#include "CHoldfastLinux.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

/* The beginning of struct vmclock_abi, include/uapi/linux/vmclock-abi.h; little-endian. */
struct vmclock {
    uint32_t magic, size;
    uint16_t version;
    uint8_t counter, time_type;
    uint32_t sequence;
    uint64_t disruption_marker;
};

enum { page_size = 4096, vmclock_magic = 0x4B4C4356 };

const void *holdfast_vmclock_map(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return NULL;
    void *page = mmap(NULL, page_size, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (page == MAP_FAILED) return NULL;
    const volatile struct vmclock *clock = page;
    if (clock->magic == vmclock_magic && clock->size >= sizeof *clock) return page;
    munmap(page, page_size);
    return NULL;
}

uint64_t holdfast_vmclock_marker(const void *page) {
    const volatile struct vmclock *clock = page;
    return __atomic_load_n(&clock->disruption_marker, __ATOMIC_ACQUIRE);
}
