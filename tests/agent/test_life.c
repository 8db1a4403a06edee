/* SPDX-License-Identifier: MIT */
/* The loop, the lock, the log, what is told to the service manager, and what is given up. */
#include <damon_reclaim/damon_reclaim.h>

#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/hardening.h"
#include "agent/lock.h"
#include "agent/log.h"
#include "agent/loop.h"
#include "agent/notify.h"
#include "scratch.h"
#include "suite.h"

#define MS UINT64_C(1000000)

static struct loop *loop;
static struct error_text error;
static int calls, value;

static void begin(void)
{
    ck_assert_int_eq(loop_new(&loop), 0);
    calls = value = 0;
}

static void end(void)
{
    loop_free(loop);
}

FIXTURE(begin, end);

static void stop(struct loop_source *source, int v, void *userdata)
{
    (void)source;
    value = v;
    calls++;
    loop_stop(loop, userdata ? *(int *)userdata : 0);
}

static void add_one(struct loop_source *source, int v, void *userdata)
{
    (void)v, (void)userdata;
    if (++calls == 3) {
        loop_remove(source);
        loop_stop(loop, 0);
    }
}

TEST(test_timer)
{
    int result = 7;

    ck_assert_int_eq(loop_add_timer(loop, MS, 0, stop, &result, NULL), 0);
    ck_assert_int_eq(loop_run(loop), 7);
    ck_assert_int_eq(calls, 1);
    calls = 0;
    ck_assert_int_eq(loop_add_timer(loop, 0, MS, add_one, NULL, NULL), 0);
    ck_assert_int_eq(loop_run(loop), 0);
    ck_assert_int_eq(calls, 3);
}

TEST(test_timer_set_again)
{
    struct loop_source *timer;

    ck_assert_int_eq(loop_add_timer(loop, 3600 * SECOND, 0, stop, NULL, &timer), 0);
    loop_set_timer(timer, MS, 0);
    ck_assert_int_eq(loop_run(loop), 0);
    loop_set_timer(timer, MS, 0);
    ck_assert_int_eq(loop_run(loop), 0);
    ck_assert_int_eq(calls, 2);
}

TEST(test_fd)
{
    struct loop_source *source;
    int fds[2];

    ck_assert_int_eq(pipe(fds), 0);
    ck_assert_int_eq(loop_add_fd(loop, fds[0], POLLIN, stop, NULL, &source), 0);
    ck_assert_int_eq(write(fds[1], "x", 1), 1);
    ck_assert_int_eq(loop_run(loop), 0);
    ck_assert_int_eq(value, POLLIN);
    ck_assert_ptr_null(loop_remove(source));
    ck_assert_int_lt(loop_add_fd(loop, 9999, POLLIN, stop, NULL, &source), 0);
    close(fds[0]);
    close(fds[1]);
}

TEST(test_signal)
{
    ck_assert_int_eq(loop_add_signal(loop, SIGHUP, stop, NULL, NULL), 0);
    kill(getpid(), SIGHUP);
    ck_assert_int_eq(loop_run(loop), 0);
    ck_assert_int_eq(value, SIGHUP);
}

TEST(test_process)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    ck_assert_int_eq(loop_add_process(loop, pid, stop, NULL, NULL), 0);
    ck_assert_int_eq(loop_run(loop), 0);
    ck_assert_int_eq(value, pid);
    waitpid(pid, NULL, 0);
    ck_assert_int_eq(loop_add_process(loop, pid, stop, NULL, NULL), -ESRCH);
}

TEST(test_nothing_to_wait_for)
{
    ck_assert_int_lt(loop_run(loop), 0);
}

static void count(struct damon_reclaim *ctx, void *userdata)
{
    (void)ctx, (void)userdata;
    if (++calls == 3)
        loop_stop(loop, 0);
}

TEST(test_context)
{
    struct damon_reclaim_callbacks callbacks = {.size = sizeof(callbacks), .after_aggregation = count};
    struct damon_reclaim_config config = {.size = sizeof(config), .backend = "sim", .callbacks = &callbacks};
    struct damon_reclaim *ctx;

    ck_assert_int_eq(damon_reclaim_new(&config, &ctx), 0);
    ck_assert_int_eq(damon_reclaim_set(ctx, "wmarks_high", "1000"), 0);
    ck_assert_int_eq(damon_reclaim_set(ctx, "wmarks_mid", "1000"), 0);
    ck_assert_int_eq(damon_reclaim_set(ctx, "wmarks_low", "0"), 0);
    ck_assert_int_eq(damon_reclaim_enable(ctx), 0);
    ck_assert_int_eq(loop_add_context(loop, ctx, stop, NULL, NULL), 0);
    damon_reclaim_unref(ctx); /* the source has its own reference */
    ck_assert_int_eq(loop_run(loop), 0);
    ck_assert_int_eq(calls, 3);
}

TEST(test_lock)
{
    const char *directory = scratch_directory();
    char holder[64], path[4200];
    struct stat st;
    int fd = lock_acquire(directory, "me", &error), other;

    ck_assert_msg(fd >= 0, "%s", error.text);
    ck_assert_int_eq(fstat(fd, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600); /* whoever can open it can lock it */
    ck_assert_int_eq(lock_acquire(directory, "me", &error), -EWOULDBLOCK);
    snprintf(holder, sizeof(holder), "/me.lock: the daemon runs already, as process %d", (int)getpid());
    ck_assert_msg(strstr(error.text, holder) != NULL, "%s", error.text);
    other = lock_acquire(directory, "you", &error);
    ck_assert_int_ge(other, 0);
    lock_release(other);
    lock_release(fd);
    fd = lock_acquire(directory, "me", &error); /* what an ended one has left */
    ck_assert_int_ge(fd, 0);
    lock_release(fd);
    snprintf(path, sizeof(path), "%s/theirs.lock", directory);
    ck_assert_int_eq(link(scratch_file(directory, "theirs", "secret"), path), 0);
    ck_assert_int_eq(lock_acquire(directory, "theirs", &error), -EPERM);
    says(error.text, "theirs.lock: it is not a file that this daemon has made");
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_size, 6);
    unlink(path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(lock_acquire(directory, "theirs", &error), -EPERM);
    ck_assert_int_eq(lock_acquire("/nowhere/at/all", "me", &error), -ENOENT);
}

/* What a child prints to stderr. */
static const char *printed(void (*child)(int fd))
{
    static char text[4096];
    size_t len = 0;
    ssize_t n;
    int fds[2];
    pid_t pid;

    ck_assert_int_eq(pipe(fds), 0);
    pid = fork();
    if (pid == 0) {
        dup2(fds[1], STDERR_FILENO);
        child(fds[1]);
        _exit(0);
    }
    close(fds[1]);
    while ((n = read(fds[0], text + len, sizeof(text) - 1 - len)) > 0)
        len += (size_t)n;
    text[len] = '\0';
    close(fds[0]);
    waitpid(pid, NULL, 0);
    return text;
}

static void log_to_stderr(int fd)
{
    (void)fd;
    log_open("prog", DAMON_RECLAIM_LOG_INFO);
    log_error("a %d", 1);
    log_info("b\n<0>c\x1b");
    log_debug("c");
    log_set_level(DAMON_RECLAIM_LOG_ERROR);
    log_warning("d");
    log_library(NULL, DAMON_RECLAIM_LOG_ERROR, "100 %s", NULL);
    if (log_nr_errors() != 2)
        log_error("wrong count");
}

static void log_to_stream(int fd)
{
    struct stat st;
    char stream[64];

    fstat(fd, &st);
    snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    log_open("prog", DAMON_RECLAIM_LOG_DEBUG);
    log_debug("c");
}

TEST(test_log)
{
    ck_assert_str_eq(printed(log_to_stderr), "prog: error: a 1\nprog: info: b <0>c \nprog: error: 100 %s\n");
    ck_assert_str_eq(printed(log_to_stream), "<7>c\n");
}

#if HAVE_SYSTEMD
TEST(test_notify)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    const char *want[] = {"STATUS=1 VM", "READY=1", "RELOADING=1\nMONOTONIC_USEC=", "STOPPING=1", "WATCHDOG=1"};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    ck_assert_int_lt(snprintf(name.sun_path, sizeof(name.sun_path), "%s/s", scratch_directory()),
                     (int)sizeof(name.sun_path));
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
    setenv("NOTIFY_SOCKET", name.sun_path, 1);
    notify_status("%d VM", 1);
    notify_status("%d VM", 1); /* is not sent again */
    notify_ready();
    notify_reloading();
    notify_stopping();
    notify_watchdog();
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        char text[256] = "";

        ck_assert_int_gt(recv(fd, text, sizeof(text) - 1, 0), 0);
        ck_assert_msg(!strncmp(text, want[i], strlen(want[i])), "%s", text);
    }
    setenv("WATCHDOG_USEC", "3000000", 1);
    ck_assert_uint_eq(notify_watchdog_interval_ns(), 1500 * MS);
    unsetenv("WATCHDOG_USEC");
    ck_assert_uint_eq(notify_watchdog_interval_ns(), 0);
    unsetenv("NOTIFY_SOCKET");
    close(fd);
}
#endif

/* A line of /proc/self/status, as a number in hexadecimal. */
static unsigned long long status(const char *name)
{
    FILE *file = fopen("/proc/self/status", "re");
    char line[256];
    unsigned long long number = 0;

    while (file && fgets(line, sizeof(line), file))
        if (!strncmp(line, name, strlen(name)))
            number = strtoull(line + strlen(name) + 1, NULL, 16);
    if (file)
        fclose(file);
    return number;
}

/* In a child (the default of libcheck), because there is no way back. */
TEST(test_capabilities)
{
    const int kept[] = {CAP_SYS_NICE, CAP_DAC_READ_SEARCH};
    unsigned long long before = status("CapPrm"), wanted = 1ull << CAP_SYS_NICE | 1ull << CAP_DAC_READ_SEARCH;
    int r = hardening_keep_capabilities(kept, 2, &error);

    ck_assert_uint_eq(status("NoNewPrivs"), 1);
    if (!hardening_has_capabilities()) {
        ck_assert_int_eq(r, -EOPNOTSUPP);
        return;
    }
    ck_assert_msg(r == 0, "%s", error.text);
    ck_assert_uint_eq(status("CapPrm"), before & wanted);
    ck_assert_uint_eq(status("CapEff"), before & wanted);
    if (before & (1ull << CAP_SETPCAP))
        ck_assert_uint_eq(status("CapBnd") & ~wanted, 0);
}
