/* SPDX-License-Identifier: MIT */
/* The broker of examples/delegated-io and its client, on a real process of the test's own: what is on the list works as
 * a call of one's own would, everything else is refused. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker.h"
#include "suite.h"

#define PAGES 16
#define PAGE  4096u
#define COLD  20 /* MADV_COLD */

static pid_t target, broker_pid;
static int client;   /* the client's socket */
static char *memory; /* at the same address here and in the target */

static void start_target(void)
{
    memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(memory, MAP_FAILED);
    target = fork();
    ck_assert_int_ge(target, 0);
    if (target == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nothing behind */
        memset(memory, 1, PAGES * PAGE);
        for (;;)
            pause();
    }
}

static void start_broker(void)
{
    struct broker broker = {.client = getpid(), .target = target};
    int sockets[2];

    broker.pidfd = (int)syscall(SYS_pidfd_open, target, 0u);
    ck_assert_int_ge(broker.pidfd, 0);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
    broker.socket = sockets[1];
    broker_pid = fork();
    ck_assert_int_ge(broker_pid, 0);
    if (broker_pid == 0) {
        close(sockets[0]);
        _exit(broker_serve(&broker) < 0);
    }
    close(sockets[1]);
    close(broker.pidfd);
    client = sockets[0];
}

static void setup(void)
{
    start_target();
    start_broker();
}

/* The broker ends by itself, with success, when the client's end is closed. */
static void teardown(void)
{
    int status;

    close(client);
    ck_assert_int_eq(waitpid(broker_pid, &status, 0), broker_pid);
    ck_assert_int_eq(status, 0);
    if (target) {
        kill(target, SIGKILL);
        waitpid(target, NULL, 0);
    }
    munmap(memory, PAGES * PAGE);
}

FIXTURE(setup, teardown);

static void end_target(void)
{
    kill(target, SIGKILL);
    waitpid(target, NULL, 0);
    target = 0;
}

static int ask_open(pid_t pid, const char *name, int flags)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    return client_ops.open(&client, path, flags | O_CLOEXEC);
}

static void expect_text(int fd, const char *path)
{
    char asked[4096] = "", direct[4096] = "";
    int own = open(path, O_RDONLY | O_CLOEXEC);

    ck_assert_int_ge(own, 0);
    ck_assert_int_gt(pread(fd, asked, sizeof(asked) - 1, 0), 0);
    ck_assert_int_gt(pread(own, direct, sizeof(direct) - 1, 0), 0);
    ck_assert_str_eq(asked, direct);
    close(own);
}

TEST(opens_what_is_listed)
{
    char path[64];
    int fd = ask_open(target, "maps", O_RDONLY);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    snprintf(path, sizeof(path), "/proc/%d/maps", (int)target);
    expect_text(fd, path);
    close(fd);
}

TEST(self_is_the_client)
{
    int asked = client_ops.open(&client, "/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    int own = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    uint64_t entries[2] = {0, 1};
    off_t at = (off_t)((uintptr_t)memory / PAGE * sizeof(entries[0]));

    ck_assert_int_ge(asked, 0);
    ck_assert_int_ge(own, 0);
    memory[0] = 2; /* there, and not what the broker has at this address */
    ck_assert_int_eq(pread(asked, &entries[0], sizeof(entries[0]), at), sizeof(entries[0]));
    ck_assert_int_eq(pread(own, &entries[1], sizeof(entries[1]), at), sizeof(entries[1]));
    ck_assert_uint_eq(entries[0], entries[1]);
    ck_assert_uint_ne(entries[0] >> 63, 0);
    close(asked);
    close(own);
}

TEST(refuses_other_files)
{
    char path[2 * BROKER_MAX_PATH];

    ck_assert_int_eq(client_ops.open(&client, "/etc/passwd", O_RDONLY), -EACCES);
    ck_assert_int_eq(client_ops.open(&client, "", O_RDONLY), -EACCES);
    ck_assert_int_eq(ask_open(getpid(), "maps", O_RDONLY), -EACCES);
    ck_assert_int_eq(ask_open(target, "mem", O_RDONLY), -EACCES);
    ck_assert_int_eq(ask_open(target, "maps/../mem", O_RDONLY), -EACCES);
    ck_assert_int_eq(ask_open(target, "maps", O_RDWR), -EACCES);
    ck_assert_int_eq(ask_open(target, "maps", O_RDONLY | O_CREAT), -EACCES);
    memset(path, 'x', sizeof(path));
    path[sizeof(path) - 1] = '\0';
    ck_assert_int_eq(client_ops.open(&client, path, O_RDONLY), -ENAMETOOLONG);
}

TEST(refuses_what_is_malformed)
{
    struct broker_request request = {.operation = BROKER_ADVISE, .argument = COLD, .nr_ranges = BROKER_MAX_RANGES + 1};
    int64_t result = 0;

    ck_assert_int_eq(send(client, &request, sizeof(request), 0), sizeof(request));
    ck_assert_int_eq(recv(client, &result, sizeof(result), 0), sizeof(result));
    ck_assert_int_eq(result, -EINVAL);
    ck_assert_int_eq(send(client, &request, 8, 0), 8);
    ck_assert_int_eq(recv(client, &result, sizeof(result), 0), sizeof(result));
    ck_assert_int_eq(result, -EINVAL);
    memset(request.path, '/', sizeof(request.path)); /* no NUL */
    request.operation = BROKER_OPEN;
    request.nr_ranges = 0;
    ck_assert_int_eq(send(client, &request, sizeof(request), 0), sizeof(request));
    ck_assert_int_eq(recv(client, &result, sizeof(result), 0), sizeof(result));
    ck_assert_int_eq(result, -EACCES);
}

TEST(holds_the_target_alone)
{
    struct pollfd pfd = {.events = POLLIN};

    ck_assert_int_eq(client_ops.pidfd_open(&client, getpid()), -EACCES);
    pfd.fd = client_ops.pidfd_open(&client, target);
    ck_assert_int_ge(pfd.fd, 0);
    ck_assert_int_eq(poll(&pfd, 1, 0), 0);
    end_target();
    ck_assert_int_eq(poll(&pfd, 1, 5000), 1);
    close(pfd.fd);
    ck_assert_int_lt(ask_open(broker_pid, "maps", O_RDONLY), 0);
}

TEST(says_that_the_target_has_exited)
{
    int pidfd = client_ops.pidfd_open(&client, target);
    uint64_t at = (uintptr_t)memory;
    pid_t pid = target;

    ck_assert_int_ge(pidfd, 0);
    end_target();
    ck_assert_int_eq(client_ops.process_madvise(&client, pidfd, &(struct damon_reclaim_range){at, at + PAGE}, 1, COLD),
                     -ESRCH);
    ck_assert_int_lt(ask_open(pid, "maps", O_RDONLY), 0);
    close(pidfd);
}

/* The advice reaches the target's memory, or meets what the kernel tells a caller without CAP_SYS_NICE: as a call of
 * our own. */
TEST(advises_the_target)
{
    struct damon_reclaim_range ranges[BROKER_MAX_RANGES + 1];
    struct iovec iov[BROKER_MAX_RANGES];
    int pidfd = client_ops.pidfd_open(&client, target);
    long direct;

    for (size_t i = 0; i < BROKER_MAX_RANGES; i++)
        iov[i] = (struct iovec){memory + i % PAGES * PAGE, PAGE};
    for (size_t i = 0; i < BROKER_MAX_RANGES + 1; i++)
        ranges[i].end = (ranges[i].start = (uintptr_t)memory + i % PAGES * PAGE) + PAGE;
    direct = syscall(SYS_process_madvise, pidfd, iov, BROKER_MAX_RANGES, COLD, 0u);
    if (direct < 0)
        direct = -errno;
    if (direct != -EPERM)
        ck_assert_int_eq(direct, BROKER_MAX_RANGES * PAGE);
    /* One range more than a request holds: the front is done, as the call itself may. */
    ck_assert_int_eq(client_ops.process_madvise(&client, pidfd, ranges, BROKER_MAX_RANGES + 1, COLD), direct);
    ck_assert_int_eq(client_ops.process_madvise(&client, pidfd, ranges, 1, MADV_DONTNEED), -EACCES);
    close(pidfd);
}

TEST(says_that_the_broker_is_gone)
{
    kill(broker_pid, SIGKILL);
    waitpid(broker_pid, NULL, 0);
    ck_assert_int_eq(ask_open(target, "maps", O_RDONLY), -EPIPE);
    close(client);
    start_broker(); /* for teardown() */
}
