/* SPDX-License-Identifier: MIT */
#include "redis.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

#define WAITING                                                                                                        \
    65536u /* the most requests that may wait for an answer; beyond that none is sent until one has come               \
            */
#define STORED   "+OK\r\n"
#define ANSWER   (7 + REDIS_VALUE + 2) /* "$1024\r\n", the value, "\r\n" */
#define A_SECOND UINT64_C(1000000000)
#define PIPELINE 64u

/* A connection. */
struct asking {
    int fd;
    uint64_t random;
    uint64_t due[WAITING]; /* of the requests without an answer, a ring */
    uint64_t sent, answered;
    size_t part; /* bytes of the answer that is coming */
    struct redis_result *result;
};

static struct asking asking;

static int connect_to_server(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = REDIS_SOCKET};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        guest_die("connect to " REDIS_SOCKET);
    return fd;
}

static void send_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);

        if (sent < 0 && errno != EINTR)
            guest_die("send to Redis");
        if (sent > 0) {
            bytes += sent;
            n -= (size_t)sent;
        }
    }
}

/* xorshift64 */
static uint64_t random_number(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* The first half of it random, the second half zero: it compresses as memory usually does. */
static void make_value(char *value, uint64_t *random)
{
    memset(value, 0, REDIS_VALUE);
    for (size_t i = 0; i < REDIS_VALUE / 2; i += 8) {
        uint64_t word = random_number(random);

        memcpy(value + i, &word, sizeof(word));
    }
}

void redis_fill(void)
{
    static char request[PIPELINE * (REDIS_VALUE + 64)];
    char answers[PIPELINE * (sizeof(STORED) - 1)];
    uint64_t random = 42;
    int fd = connect_to_server();

    for (unsigned int key = 0; key < REDIS_KEYS; key += PIPELINE) {
        size_t n = 0, got = 0;

        for (unsigned int i = 0; i < PIPELINE; i++) {
            n += (size_t)sprintf(request + n, "*3\r\n$3\r\nSET\r\n$10\r\nkey:%06u\r\n$%u\r\n", key + i, REDIS_VALUE);
            make_value(request + n, &random);
            memcpy(request + n + REDIS_VALUE, "\r\n", 2);
            n += REDIS_VALUE + 2;
        }
        send_all(fd, request, n);
        while (got < sizeof(answers)) {
            ssize_t r = read(fd, answers + got, sizeof(answers) - got);

            if (r <= 0)
                guest_die("Redis stores no value");
            got += (size_t)r;
        }
        for (unsigned int i = 0; i < PIPELINE; i++)
            if (memcmp(answers + i * (sizeof(STORED) - 1), STORED, sizeof(STORED) - 1) != 0) {
                printf("Redis does not store a value: %.*s\n", (int)sizeof(answers), answers);
                exit(1);
            }
    }
    close(fd);
}

static void begin(struct redis_result *result)
{
    prctl(PR_SET_TIMERSLACK, 1UL);
    memset(result, 0, sizeof(*result));
    asking = (struct asking){.fd = connect_to_server(), .random = UINT64_C(0x9e3779b97f4a7c15), .result = result};
}

static void ask(uint64_t due_ns)
{
    uint64_t number = random_number(&asking.random) >> 16;
    unsigned int keys = number % REDIS_RARE == 0 ? REDIS_KEYS : REDIS_HOT;
    char request[64];
    int n = snprintf(request, sizeof(request), "*2\r\n$3\r\nGET\r\n$10\r\nkey:%06u\r\n",
                     (unsigned int)(number / REDIS_RARE % keys));

    asking.due[asking.sent++ % WAITING] = due_ns;
    send_all(asking.fd, request, (size_t)n);
}

/* Reads what has come, and notes how late the answers are. */
static void take_answers(void)
{
    static char bytes[64 * ANSWER];
    ssize_t n = recv(asking.fd, bytes, sizeof(bytes), 0);
    uint64_t now = guest_now_ns();

    if (n < 0 && errno == EINTR)
        return;
    if (n <= 0)
        guest_die("Redis does not answer");
    if (asking.part == 0 && memcmp(bytes, "$1024", 5) != 0) {
        printf("Redis does not know a key: %.*s\n", (int)n, bytes);
        exit(1);
    }
    for (asking.part += (size_t)n; asking.part >= ANSWER; asking.part -= ANSWER) {
        uint64_t us = (now - asking.due[asking.answered++ % WAITING]) / 1000;

        asking.result->after_us[us < REDIS_SLOWEST_US ? us : REDIS_SLOWEST_US]++;
        asking.result->done++;
    }
}

void redis_ask_at_rate(unsigned int rate, unsigned int seconds, struct redis_result *result)
{
    struct pollfd answer;
    uint64_t from, all = (uint64_t)rate * seconds, now;

    begin(result);
    answer = (struct pollfd){.fd = asking.fd, .events = POLLIN};
    from = guest_now_ns();
    while ((now = guest_now_ns()) - from < seconds * A_SECOND) {
        uint64_t next = from + asking.sent * A_SECOND / rate;
        struct timespec left = {0};

        if (next <= now && asking.sent < all && asking.sent - asking.answered < WAITING) {
            ask(next);
            continue;
        }
        if (asking.sent == all || next <= now)
            next = from + seconds * A_SECOND;
        left.tv_sec = (time_t)((next - now) / A_SECOND);
        left.tv_nsec = (long)((next - now) % A_SECOND);
        if (ppoll(&answer, 1, &left, NULL) > 0)
            take_answers();
    }
    result->ns = now - from;
    close(asking.fd);
}

void redis_ask_always(unsigned int seconds, struct redis_result *result)
{
    uint64_t from, now;

    begin(result);
    from = guest_now_ns();
    while ((now = guest_now_ns()) - from < seconds * A_SECOND) {
        ask(now);
        while (asking.answered < asking.sent)
            take_answers();
    }
    result->ns = now - from;
    close(asking.fd);
}

double redis_quantile_us(const struct redis_result *result, unsigned int permille10)
{
    uint64_t wanted = (result->done * permille10 + 9999) / 10000, seen = 0;

    for (size_t us = 0; us < REDIS_SLOWEST_US; us++) {
        seen += result->after_us[us];
        if (seen >= wanted)
            return (double)us;
    }
    return REDIS_SLOWEST_US;
}
