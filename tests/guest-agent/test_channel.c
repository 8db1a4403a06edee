/* SPDX-License-Identifier: MIT */
/* Lines to the host: nobody there, a reader that does not read, one that goes away, and each kind of place. */
#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "agent/log.h"
#include "agent/loop.h"
#include "channel.h"
#include "place.h"
#include "scratch.h"
#include "suite.h"

#define MS UINT64_C(1000000)

static struct loop *loop;
static unsigned int nr_greetings;

static char *greet(void *userdata)
{
    (void)userdata;
    nr_greetings++;
    return strdup("hello\n");
}

static void stop(struct loop_source *source, int value, void *userdata)
{
    (void)source, (void)value, (void)userdata;
    loop_stop(loop, 0);
}

static void run(uint64_t ns)
{
    struct loop_source *timer;

    ck_assert_int_eq(loop_add_timer(loop, ns, 0, stop, NULL, &timer), 0);
    ck_assert_int_eq(loop_run(loop), 0);
    loop_remove(timer);
}

static struct channel *open_channel(const char *place)
{
    struct error_text error = {""};
    struct channel *channel = NULL;

    ck_assert_int_eq(channel_new(loop, place, greet, NULL, &channel, &error), 0);
    return channel;
}

static void send_text(struct channel *channel, const char *text)
{
    channel_send(channel, strdup(text));
}

/* A listening socket that does not wait; its path in @path. */
static int listen_unix(char path[108])
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    unlink(path);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(fd, 4), 0);
    return fd;
}

static void new_path(char path[108], char place[128])
{
    snprintf(path, 108, "%.90s/socket", scratch_directory());
    snprintf(place, 128, "unix:%s", path);
}

static int take(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);

    ck_assert_int_ge(fd, 0);
    return fd;
}

/* What is there to be read, and no more. */
static size_t read_some(int fd, char *buf, size_t size)
{
    size_t len = 0;
    ssize_t n;

    while (len < size - 1 && (n = read(fd, buf + len, size - 1 - len)) > 0)
        len += (size_t)n;
    buf[len] = '\0';
    return len;
}

static void setup(void)
{
    nr_greetings = 0;
    log_open("test", DAMON_RECLAIM_LOG_ERROR);
    ck_assert_int_eq(loop_new(&loop), 0);
}

static void teardown(void)
{
    loop_free(loop);
}

FIXTURE(setup, teardown);

TEST(test_in_order)
{
    char path[108], place[128], text[256];
    struct channel *channel;
    int listener, fd;

    new_path(path, place);
    listener = listen_unix(path);
    channel = open_channel(place);
    send_text(channel, "one\n");
    run(20 * MS);
    fd = take(listener);
    send_text(channel, "two\n");
    read_some(fd, text, sizeof(text));
    ck_assert_str_eq(text, "hello\none\ntwo\n");
    ck_assert_uint_eq(channel_nr_dropped(channel), 0);
    channel_free(channel);
    close(fd);
    close(listener);
}

TEST(test_nobody_there)
{
    char path[108], place[128], text[256];
    struct channel *channel;
    int listener, fd;

    new_path(path, place);
    channel = open_channel(place);
    send_text(channel, "early\n");
    run(20 * MS);
    listener = listen_unix(path);
    run(1200 * MS);
    fd = take(listener);
    read_some(fd, text, sizeof(text));
    ck_assert_str_eq(text, "hello\nearly\n");
    channel_free(channel);
    close(fd);
    close(listener);
}

/* Lines of 4 KiB with their number in front. */
static char *large_line(unsigned int number)
{
    char *line = malloc(4098);

    memset(line, 'x', 4096);
    snprintf(line, 9, "%08u", number);
    line[8] = ' ';
    line[4096] = '\n';
    line[4097] = '\0';
    return line;
}

TEST(test_does_not_read)
{
    enum { SENT = 2000 };
    char path[108], place[128], *text = malloc(SENT * 4100);
    unsigned int received = 0, last = 0;
    size_t len = 0, dropped;
    struct channel *channel;
    int listener, fd;

    new_path(path, place);
    listener = listen_unix(path);
    channel = open_channel(place);
    run(20 * MS);
    fd = take(listener);
    for (unsigned int i = 1; i <= SENT; i++)
        channel_send(channel, large_line(i));
    dropped = channel_nr_dropped(channel);
    ck_assert_uint_gt(dropped, 0);
    for (int i = 0; i < 200; i++) {
        len += read_some(fd, text + len, SENT * 4100 - len);
        run(1 * MS);
    }
    ck_assert_int_eq(strncmp(text, "hello\n", 6), 0);
    for (char *line = text + 6; *line; line += 4097, received++) {
        unsigned int number = (unsigned int)strtoul(line, NULL, 10);

        ck_assert_int_eq(line[4096], '\n'); /* whole */
        ck_assert_uint_gt(number, last);
        last = number;
    }
    ck_assert_uint_eq(last, SENT);
    ck_assert_uint_eq(received + channel_nr_dropped(channel), SENT);
    ck_assert_uint_eq(channel_nr_dropped(channel), dropped);
    channel_free(channel);
    close(fd);
    close(listener);
    free(text);
}

/* The rest of a line that was on its way goes to nobody; the next reader gets all of it. */
TEST(test_goes_away)
{
    char path[108], place[128], *text = malloc(1 << 20);
    struct channel *channel;
    int listener, fd;

    new_path(path, place);
    listener = listen_unix(path);
    channel = open_channel(place);
    run(20 * MS);
    fd = take(listener);
    for (unsigned int i = 1; i <= 200; i++)
        channel_send(channel, large_line(i));
    ck_assert_int_eq(read(fd, text, 6 + 4097 + 100), 6 + 4097 + 100);
    close(fd);
    run(1200 * MS);
    fd = take(listener);
    read_some(fd, text, 1 << 20);
    ck_assert_uint_eq(nr_greetings, 2);
    ck_assert_int_eq(strncmp(text, "hello\n000", 9), 0);
    ck_assert_uint_eq((strlen(text) - 6) % 4097, 0);
    ck_assert_uint_eq(channel_nr_dropped(channel), 0);
    channel_free(channel);
    close(fd);
    close(listener);
    free(text);
}

/* A character device; a virtio-serial port is another one. */
/* What the host writes is read for nothing: only so much of it, and not for ever. */
TEST(test_writes_without_end)
{
    char path[108], place[128], text[4096] = "";
    struct channel *channel;
    size_t taken = 0;
    int listener, fd;

    new_path(path, place);
    listener = listen_unix(path);
    channel = open_channel(place);
    run(20 * MS);
    fd = take(listener);
    for (int i = 0; i < 40; i++) { /* 10 MiB, if somebody reads it */
        for (ssize_t n; (n = send(fd, text, sizeof(text), MSG_NOSIGNAL)) > 0 && taken < 10 << 20;)
            taken += (size_t)n;
        run(5 * MS);
    }
    ck_assert_uint_lt(taken, 1 << 20);
    run(1200 * MS);
    ck_assert_uint_eq(nr_greetings, 2); /* it is tried again, later */
    channel_free(channel);
    close(fd);
    close(listener);
}

TEST(test_device)
{
    int fd = posix_openpt(O_RDWR | O_NONBLOCK | O_NOCTTY);
    struct channel *channel;
    struct termios raw;
    char text[256];

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(grantpt(fd) | unlockpt(fd), 0);
    ck_assert_int_eq(tcgetattr(fd, &raw), 0);
    cfmakeraw(&raw);
    ck_assert_int_eq(tcsetattr(fd, TCSANOW, &raw), 0);
    channel = open_channel(ptsname(fd));
    run(20 * MS);
    ck_assert_int_eq(write(fd, "the host may talk\n", 18), 18);
    run(20 * MS);
    send_text(channel, "line\n");
    read_some(fd, text, sizeof(text));
    ck_assert_str_eq(text, "hello\nline\n");
    channel_free(channel);
    close(fd);
}

TEST(test_vsock)
{
    struct sockaddr_vm address = {
        .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_LOCAL, .svm_port = 40000 + (unsigned int)getpid() % 20000};
    int listener = socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK, 0), fd;
    struct channel *channel;
    char place[64], text[64];

    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0) {
        printf("# no vsock to oneself here: %s; the tests in the virtual machine have it\n", strerror(errno));
        return;
    }
    ck_assert_int_eq(listen(listener, 1), 0);
    snprintf(place, sizeof(place), "vsock:%u:%u", address.svm_cid, address.svm_port);
    channel = open_channel(place);
    run(100 * MS);
    fd = take(listener);
    read_some(fd, text, sizeof(text));
    ck_assert_str_eq(text, "hello\n");
    channel_free(channel);
    close(fd);
    close(listener);
}

/* A plain file is a mistake, and one that the daemon outlives. */
TEST(test_no_device)
{
    const char *path = scratch_file(scratch_directory(), "/file", "");
    struct channel *channel = open_channel(path);

    send_text(channel, "line\n");
    run(20 * MS);
    ck_assert_uint_eq(nr_greetings, 0);
    channel_free(channel);
}

TEST(test_places)
{
    static const char *const good[] = {"", "/dev/virtio-ports/org.example.reclaim", "vsock:2:9999", "unix:/run/x"};
    static const char *const bad[] = {"vsock:",      "vsock:2", "vsock:2:",          "vsock:2:x", "vsock:-1:5",
                                      "vsock:2:3:4", "unix:",   "unix:not-absolute", "some/port", "vsock:2:4294967296"};
    char path[200] = "unix:/";
    struct error_text error;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        ck_assert_int_eq(channel_check(good[i], &error), 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_int_eq(channel_check(bad[i], &error), -EINVAL);
    memset(path + 6, 'x', 150);
    ck_assert_int_eq(channel_check(path, &error), -EINVAL);
}
