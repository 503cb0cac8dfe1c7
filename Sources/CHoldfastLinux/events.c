#define _GNU_SOURCE
#include "CHoldfastLinux.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static int result_of(int value) { return value < 0 ? -errno : value; }

int holdfast_epoll_create(void) { return result_of(epoll_create1(EPOLL_CLOEXEC)); }

int holdfast_epoll_add(int epoll, int fd, uint64_t data, bool urgent) {
    struct epoll_event event = {.events = urgent ? EPOLLPRI : EPOLLIN, .data.u64 = data};
    return result_of(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
}

int holdfast_epoll_remove(int epoll, int fd) {
    struct epoll_event unused = {0};
    return result_of(epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &unused));
}

int holdfast_epoll_set_writing(int epoll, int fd, uint64_t data, bool writing) {
    struct epoll_event event = {.events = EPOLLIN | (writing ? EPOLLOUT : 0), .data.u64 = data};
    return result_of(epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event));
}

int holdfast_epoll_wait(
    int epoll, struct holdfast_event *events, int capacity, int timeout_milliseconds) {
    enum { most = 64 };
    struct epoll_event raw[most];
    int count = epoll_wait(epoll, raw, capacity < most ? capacity : most, timeout_milliseconds);
    if (count < 0) return -errno;
    for (int index = 0; index < count; index++) {
        uint32_t bits = raw[index].events;
        events[index].data = raw[index].data.u64;
        events[index].readable = (bits & (EPOLLIN | EPOLLPRI | EPOLLHUP | EPOLLERR)) != 0;
        events[index].writable = (bits & EPOLLOUT) != 0;
    }
    return count;
}

int holdfast_timerfd_create(void) {
    return result_of(timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK));
}

static int set_timer(int timer, int64_t nanoseconds) {
    struct itimerspec when = {
        .it_value = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000}};
    return result_of(timerfd_settime(timer, 0, &when, NULL));
}

int holdfast_timerfd_set(int timer, int64_t nanoseconds) {
    return set_timer(timer, nanoseconds < 1 ? 1 : nanoseconds);
}

int holdfast_timerfd_disarm(int timer) { return set_timer(timer, 0); }

int holdfast_signalfd_create(bool children) {
    sigset_t blocked, mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGHUP);
    if (children) sigaddset(&mask, SIGCHLD);
    blocked = mask;
    sigaddset(&blocked, SIGCHLD);
    sigaddset(&blocked, SIGPIPE);
    if (sigprocmask(SIG_BLOCK, &blocked, NULL) < 0) return -errno;
    return result_of(signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK));
}

int holdfast_signalfd_read(int fd) {
    struct signalfd_siginfo info;
    ssize_t count = read(fd, &info, sizeof info);
    return count == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}

int holdfast_eventfd_create(void) { return result_of(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

int holdfast_poll_one(int fd, int milliseconds) {
    struct pollfd one = {.fd = fd, .events = POLLIN};
    return result_of(poll(&one, 1, milliseconds));
}

int holdfast_poll_two(int first, bool writing, int second) {
    struct pollfd both[2] = {
        {.fd = first, .events = (short)(POLLIN | (writing ? POLLOUT : 0))},
        {.fd = second, .events = POLLIN},
    };
    return result_of(poll(both, 2, -1));
}
