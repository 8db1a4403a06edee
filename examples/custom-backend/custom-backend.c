/* SPDX-License-Identifier: MIT */
/* A program with a backend of its own (monitor.c). A virtual machine monitor knows from its page table which memory its
 * guest accesses. It swaps cold pages out itself (guest_ram.c), and needs no privileges and no swap of the system.
 *
 *     custom-backend [SECONDS]     a guest with 64 MiB, of which it uses 8, until 48 MiB are reclaimed, but no longer
 *                                  than 60 seconds, or as many; then reads everything back */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest_ram.h"
#include "monitor.h"

#define PAGES     (16 * 1024)
#define HOT_PAGES (2 * 1024)
#define ENOUGH    (48u << 20)
#define SECONDS   60u

/* The guest fills each page with the number of the page. This writes it, or checks that it is still there. */
static int touch(struct guest_ram *ram, size_t page, bool write)
{
    void *memory = NULL;
    int r = guest_ram_access(ram, page, &memory);
    uint32_t *words = memory, number = (uint32_t)page + 1;

    for (size_t i = 0; r == 0 && i < GUEST_PAGE / sizeof(*words); i++) {
        if (write)
            words[i] = number;
        else if (words[i] != number)
            r = -EBADMSG;
    }
    return r;
}

static int touch_all(struct guest_ram *ram, size_t pages, bool write)
{
    int r = 0;

    for (size_t page = 0; r == 0 && page < pages; page++)
        r = touch(ram, page, write);
    return r;
}

static uint64_t reclaimed(struct damon_reclaim *ctx)
{
    struct damon_reclaim_stats stats = {.size = sizeof(stats)};

    damon_reclaim_get_stats(ctx, &stats);
    return stats.bytes_reclaimed_regions;
}

/* The guest and the reclaimer take turns on this thread: what the guest uses is accessed before each sample. */
static int run(struct guest_ram *ram, struct damon_reclaim *ctx, uint64_t seconds)
{
    struct pollfd pfd = {.fd = damon_reclaim_get_fd(ctx), .events = POLLIN};
    uint64_t end = damon_reclaim_now(ctx) + seconds * UINT64_C(1000000000);
    int r = touch_all(ram, PAGES, true);

    while (r == 0 && damon_reclaim_now(ctx) < end && reclaimed(ctx) < ENOUGH) {
        r = touch_all(ram, HOT_PAGES, false);
        if (r == 0 && poll(&pfd, 1, 1) > 0)
            r = damon_reclaim_dispatch(ctx);
    }
    return r;
}

static int start(struct guest_ram *ram, struct damon_reclaim **ret_ctx, char *error, size_t error_size)
{
    static const char settings[] = "min_age=1s quota_ms=200 wmarks_high=1000 wmarks_mid=1000 wmarks_low=0 enabled=Y";
    struct damon_reclaim_config config = {
        .size = sizeof(config),
        .backend_ops = &guest_ram_monitor,
        .backend_data = ram,
        .error = error,
        .error_size = error_size,
    };
    int r = damon_reclaim_new(&config, ret_ctx);

    return r < 0 ? r : damon_reclaim_set_line(*ret_ctx, settings);
}

/* Prints how much was reclaimed, and checks that no data is lost. */
static int report(struct guest_ram *ram, struct damon_reclaim *ctx)
{
    size_t resident = 0, faults = ram->faults;
    int r = guest_ram_resident(ram, &resident);

    if (r == 0)
        r = touch_all(ram, PAGES, false);
    if (r < 0)
        return r;
    printf("reclaimed %llu MiB of %u MiB, resident %zu MiB, read back while running %zu pages\n",
           (unsigned long long)reclaimed(ctx) >> 20, PAGES / 256, resident >> 20, faults);
    printf("read back now %zu pages: all as written\n", ram->faults - faults);
    return 0;
}

int main(int argc, char **argv)
{
    uint64_t seconds = argc > 1 ? strtoull(argv[1], NULL, 10) : SECONDS;
    char error[256] = "";
    struct damon_reclaim *ctx = NULL;
    struct guest_ram ram;
    int r = guest_ram_open(&ram, PAGES);

    if (r < 0) {
        fprintf(stderr, "custom-backend: guest memory: %s\n", strerror(-r));
        return 1;
    }
    r = start(&ram, &ctx, error, sizeof(error));
    if (r == 0)
        r = run(&ram, ctx, seconds);
    if (r == 0)
        r = report(&ram, ctx);
    if (r < 0)
        fprintf(stderr, "custom-backend: %s: %s\n", strerror(-r), ctx ? damon_reclaim_last_error(ctx) : error);
    damon_reclaim_unref(ctx);
    guest_ram_close(&ram);
    return r < 0;
}
