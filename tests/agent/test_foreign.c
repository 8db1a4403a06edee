/* SPDX-License-Identifier: MIT */
/* Processes that keep whoever looks at them waiting. */
#include "agent/foreign.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/left_alone.h"
#include "scratch.h"
#include "stuck.h"
#include "suite.h"

#define USER      1000u
#define MADV_COLD 20

static const char *root;
static char said[4096];

static void warn(const char *text)
{
    strncat(said, text, sizeof(said) - strlen(said) - 2);
    strcat(said, "\n");
}

static void begin(const char *note)
{
    root = scratch_directory();
    said[0] = '\0';
    ck_assert_int_eq(foreign_begin(root, note, warn, NULL), 0);
}

static const char *path_of(pid_t pid, const char *name)
{
    static char path[512];

    snprintf(path, sizeof(path), "%s/proc/%d/%s", root, (int)pid, name);
    return path;
}

/* A process of the user, with a file cmdline. */
static void make_process(pid_t pid, unsigned int user, const char *cmdline)
{
    char path[64], text[512];

    snprintf(path, sizeof(path), "proc/%d/status", (int)pid);
    snprintf(text, sizeof(text), "Name:\tx\nUid:\t%u\t%u\t%u\t%u\n", user, user, user, user);
    scratch_file(root, path, text);
    snprintf(path, sizeof(path), "proc/%d/stat", (int)pid);
    snprintf(text, sizeof(text), "%d (x) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 %d 0 0\n", (int)pid, 5000 + (int)pid);
    scratch_file(root, path, text);
    snprintf(path, sizeof(path), "proc/%d/cmdline", (int)pid);
    scratch_file(root, path, cmdline);
}

static void make_waiting(pid_t pid, unsigned int user)
{
    make_process(pid, user, "");
    ck_assert_int_eq(unlink(path_of(pid, "cmdline")), 0);
    ck_assert_int_eq(mkfifo(path_of(pid, "cmdline"), 0600), 0);
}

static int read_cmdline(pid_t pid)
{
    char *text = NULL;
    int r = foreign_read(path_of(pid, "cmdline"), &text, NULL);

    free(text);
    return r;
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Reads it and returns how long that took. */
static double time_of(pid_t pid, int wanted)
{
    double began = seconds();

    ck_assert_int_eq(read_cmdline(pid), wanted);
    return seconds() - began;
}

/* A child of this process, or 0. */
static pid_t child(void)
{
    char path[64], text[64] = "";
    FILE *file;

    snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
    file = fopen(path, "re");
    if (!file)
        return -1;
    if (!fgets(text, sizeof(text), file))
        text[0] = '\0';
    fclose(file);
    return (pid_t)atoi(text);
}

TEST(test_same_text)
{
    static char large[200001];
    char *text;
    size_t len;

    begin(NULL);
    memset(large, 'a', sizeof(large) - 1);
    make_process(100, USER, large);
    make_process(101, 0, large);
    ck_assert_int_eq(foreign_read(path_of(101, "cmdline"), &text, &len), 0);
    ck_assert_uint_eq(len, sizeof(large) - 1);
    free(text);
    ck_assert_int_le(child(), 0); /* root's is read without a helper */
    ck_assert_int_eq(foreign_read(path_of(100, "cmdline"), &text, &len), 0);
    ck_assert_uint_eq(len, sizeof(large) - 1);
    ck_assert_str_eq(text, large);
    free(text);
    ck_assert_int_ne(child(), 0);
    ck_assert_int_eq(foreign_read(path_of(102, "cmdline"), &text, &len), -ENOENT);
    foreign_end();
    ck_assert_int_le(child(), 0);
}

TEST(test_trust)
{
    static const char *const users[] = {"1000"}, *const nobody[] = {"no such user"};
    struct error_text error;

    begin(NULL);
    make_process(100, USER, "");
    make_process(101, 0, "");
    make_process(102, USER + 1, "");
    scratch_file(root, "proc/103/status", "Name:\tx\nUid:\t1000\t0\t0\t0\n"); /* runs a set-uid program */
    ck_assert_int_eq(foreign_is_trusted(100), false);
    ck_assert_int_eq(foreign_is_trusted(101), true);
    ck_assert_int_eq(foreign_is_trusted(103), false);
    ck_assert_int_eq(foreign_trust(users, 1, false, &error), 0);
    ck_assert_int_eq(foreign_is_trusted(100), true);
    ck_assert_int_eq(foreign_is_trusted(102), false);
    ck_assert_int_eq(foreign_is_trusted(103), true);
    ck_assert_int_eq(foreign_is_trusted(999), false); /* there is none */
    ck_assert_int_eq(foreign_trust(nobody, 1, true, &error), 0);
    ck_assert_int_eq(foreign_trust(nobody, 1, false, &error), -ENOENT);
    says(error.text, "\"no such user\" is not a user");
    foreign_end();
}

TEST(test_left_alone)
{
    begin(NULL);
    make_waiting(100, USER);
    make_process(101, USER, "x");
    make_process(200, USER + 1, "x");
    ck_assert_double_lt(time_of(100, -EACCES), FOREIGN_MS / 1000.0 + 1);
    says(said,
         "process 100 (user 1000): its cmdline keeps whoever looks at it waiting: it is left alone for 10 minutes");
    ck_assert_double_lt(time_of(100, -EACCES), 0.5);
    ck_assert_int_eq(read_cmdline(101), 0);
    make_waiting(102, USER);
    make_waiting(103, USER);
    read_cmdline(102);
    read_cmdline(103);
    ck_assert_int_eq(read_cmdline(101), -EACCES); /* three of this user's */
    ck_assert_int_eq(read_cmdline(200), 0);
    foreign_end();
}

TEST(test_list_is_bounded)
{
    struct left_alone list = {0};
    struct identity who = {.pid = 1, .user = USER}, root_process = {.pid = 7777, .trusted = true};

    for (int i = 0; i < LEFT_ALONE_MOST; i++, who.pid++, who.user++) {
        ck_assert_int_eq(left_alone_has(&list, &who, 1), false);
        left_alone_add(&list, &who, 0, 1);
    }
    ck_assert_int_eq(left_alone_has(&list, &who, 1), true); /* a stranger of whom nothing is known */
    ck_assert_int_eq(left_alone_has(&list, &root_process, 1), false);
    ck_assert_int_eq(left_alone_has(&list, &who, LEFT_ALONE_NS + UINT64_C(2000000000)), false);
    ck_assert_uint_eq(list.n, 0);
}

TEST(test_note)
{
    char note[512], *text;
    struct {
        uint64_t start;
        int64_t pid;
    } left = {5101, 101};
    FILE *file;

    begin(NULL);
    snprintf(note, sizeof(note), "%s/note", root);
    file = fopen(note, "we");
    ck_assert_uint_eq(fwrite(&left, sizeof(left), 1, file), 1);
    fclose(file);
    chmod(note, 0600);
    make_process(101, 0, "x");
    make_process(102, 0, "x");
    ck_assert_int_eq(foreign_begin(strdupa(root), note, warn, NULL), 0);
    says(said, "process 101 was being read when the daemon last ended: it is left alone");
    ck_assert_int_eq(foreign_read(path_of(101, "cmdline"), &text, NULL), -EACCES);
    ck_assert_int_eq(read_cmdline(102), 0);
    foreign_end();
    ck_assert_int_lt(access(note, F_OK), 0);
    ck_assert_int_eq(symlink("/nowhere", note), 0); /* is not followed */
    ck_assert_int_eq(foreign_begin(strdupa(root), note, warn, NULL), 0);
    says(said, "note: Too many levels of symbolic links");
    foreign_end();
}

static size_t files_of(pid_t pid)
{
    char path[64];
    size_t n = 0;
    DIR *files;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    files = opendir(path);
    ck_assert_ptr_nonnull(files);
    for (const struct dirent *entry; (entry = readdir(files)) != NULL;)
        n += *entry->d_name != '.';
    closedir(files);
    return n;
}

/* The letter in /proc/PID/stat; 0: none. */
static char state_of(pid_t pid)
{
    char path[64], text[256], state = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    file = fopen(path, "re");
    if (file && fgets(text, sizeof(text), file) && strrchr(text, ')'))
        state = strrchr(text, ')')[2];
    if (file)
        fclose(file);
    return state;
}

/* The helper is another process, which takes its time. */
#define EVENTUALLY(condition)                                                                                          \
    do {                                                                                                               \
        for (int tries = 0; tries < 1000 && !(condition); tries++)                                                     \
            usleep(10000);                                                                                             \
        ck_assert_msg(condition, "not so after 10 s: %s", #condition);                                                 \
    } while (0)

/* Nobody can end the helper, and the daemon does not depend on it. */
TEST(test_helper_that_cannot_be_killed)
{
    char path[512];
    int locked;
    pid_t helper;

    begin(NULL);
    make_process(100, USER, "");
    make_process(101, USER, "x");
    snprintf(path, sizeof(path), "%s/lock", root);
    locked = open(path, O_RDWR | O_CREAT, 0600); /* inherited, if the helper keeps it */
    ck_assert_int_ge(locked, 0);
    ck_assert_int_eq(read_cmdline(101), 0);
    helper = child();
    ck_assert_int_gt(helper, 0);
    snprintf(path, sizeof(path), "%s", path_of(100, "cmdline"));
    if (!stuck_mount(path)) {
        close(locked);
        foreign_end();
        return; /* only root can mount; the FIFO is for the others */
    }
    EVENTUALLY(files_of(helper) == 4); /* /dev/null three times, and the socket */
    ck_assert_double_lt(time_of(100, -EACCES), FOREIGN_MS / 1000.0 + 1);
    EVENTUALLY(state_of(helper) == 'D');
    ck_assert_int_eq(read_cmdline(101), 0); /* by another one */
    stuck_unmount(path);
    close(locked);
    foreign_end();
}

/* A real process of somebody else's: what the helper finds is what is there. */
TEST(test_real_memory)
{
    const struct damon_reclaim_system_ops *ops;
    struct damon_reclaim_range found = {0}, range;
    uint64_t entry = 0;
    size_t len = 8 * 4096;
    char *memory = mmap(NULL, 4 * len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int pipe_fds[2], pidfd, fd, r;
    char path[64], byte;
    pid_t pid;

    memset(memory + len, 1, len);
    ck_assert_int_eq(pipe(pipe_fds), 0);
    pid = fork();
    if (pid == 0) {
        memset(memory + len, 2, len);
        if (geteuid() == 0 && setuid(USER) < 0)
            _exit(1);
        ck_assert_int_eq(write(pipe_fds[1], "x", 1), 1);
        for (;;)
            pause();
    }
    ck_assert_int_eq(read(pipe_fds[0], &byte, 1), 1);
    ck_assert_int_eq(foreign_begin("", NULL, warn, NULL), 0);
    if (geteuid() == 0)
        ck_assert_int_eq(foreign_is_trusted(pid), false);
    ops = foreign_system_ops();
    snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)pid);
    fd = ops->open(NULL, path, O_RDONLY);
    pidfd = ops->pidfd_open(NULL, pid);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_ge(pidfd, 0);
    ck_assert_int_eq(ops->pread(NULL, fd, &entry, 8, (uintptr_t)(memory + len) / 4096 * 8), 8);
    ck_assert_uint_eq(entry >> 63, 1);
    ck_assert_int_eq(ops->pread(NULL, fd, &entry, 8, (uintptr_t)memory / 4096 * 8), 8);
    ck_assert_uint_eq(entry, 0);
    r = ops->scan_present(NULL, fd, (uintptr_t)memory, (uintptr_t)memory + 4 * len, &found);
    if (r != -ENOTTY) { /* an older kernel */
        ck_assert_int_eq(r, 1);
        ck_assert_uint_eq(found.start, (uintptr_t)(memory + len));
        ck_assert_uint_ge(found.end, found.start + len);
    }
    range = (struct damon_reclaim_range){(uintptr_t)memory + len, (uintptr_t)memory + 2 * len};
    ck_assert_int_eq(ops->process_madvise(NULL, pidfd, &range, 1, MADV_COLD), (int)len);
    ops->close(NULL, fd);
    ops->close(NULL, pidfd);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    foreign_end();
}
