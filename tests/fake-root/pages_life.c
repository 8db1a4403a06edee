/* SPDX-License-Identifier: MIT */
#include "pages_life.h"

#define MOST_PAGES 4096 /* from BASE on, that a test of a process may map */

struct fake_process *p, *q;
const struct damon_reclaim_backend_ops *ops;
void *backend;
struct damon_reclaim_request request;
struct damon_reclaim_result result;

static bool physical;

void begin(enum target target)
{
    physical = target == PHYSICAL_MEMORY;
    f = fake_open();
    p = fake_process(f, 4242);
    q = fake_process(f, 4343);
    ops = drcl_backend_idle_page.ops;
    if (physical) {
        ck_assert_int_eq(drcl_backend_idle_page.create(&f->env, NULL, &backend), 0);
        ck_assert_int_eq(ops->target_add(backend, 1, 0, -1), 0);
    } else {
        backend = fake_backend(f, p);
    }
    request =
        (struct damon_reclaim_request){.size = sizeof(request), .target = 1, .marked = true, .max_bytes = UINT64_MAX};
    request_pages(0, MOST_PAGES);
}

void begin_case(int i)
{
    begin(i % NR_TARGETS);
}

void begin_A_PROCESS(int i)
{
    (void)i;
    begin(A_PROCESS);
}

void begin_PHYSICAL_MEMORY(int i)
{
    (void)i;
    begin(PHYSICAL_MEMORY);
}

void end(void)
{
    if (physical)
        ops->destroy(backend);
    else
        fake_backend_free(f, backend);
    fake_close(f);
}

void request_pages(uint64_t first, uint64_t n)
{
    request.start = physical ? 0 : BASE + first * PAGE;
    request.end = physical ? END : request.start + n * PAGE;
    request.limit_end = request.end;
}

void mark(void)
{
    uint64_t start = physical ? 0 : BASE;

    ck_assert_int_eq(ops->mark(backend, 1, start, physical ? END : start + MOST_PAGES * PAGE), 0);
}

int try_reclaim(void)
{
    result = (struct damon_reclaim_result){.size = sizeof(result), .end = request.end};
    return ops->reclaim(backend, &request, &result);
}

void reclaim(void)
{
    ck_assert_int_eq(try_reclaim(), 0);
    ck_assert_uint_eq(f->nr_torn, 0);
}

void mark_and_reclaim(void)
{
    mark();
    reclaim();
}

void prepare(const uint64_t *addrs, size_t n)
{
    ck_assert_int_eq(ops->prepare(backend, 1, addrs, n), 0);
}

void expect_accessed(const uint64_t *addrs, size_t n, const char *expected)
{
    uint8_t accessed[64];

    ck_assert_int_eq(ops->check(backend, 1, addrs, n, accessed), 0);
    for (size_t i = 0; i < n; i++)
        if (accessed[i] != expected[i] - '0')
            ck_abort_msg("address %zu: accessed %d, not %c", i, accessed[i], expected[i]);
}
