#define _GNU_SOURCE
#include "CHoldfastLinux.h"

#include <errno.h>
#include <sys/prctl.h>

int holdfast_set_parent_death_signal(int signal) {
    return prctl(PR_SET_PDEATHSIG, (unsigned long)signal, 0, 0, 0) < 0 ? -errno : 0;
}
