/* SPDX-License-Identifier: MIT */
#include "scripted.h"

#include "scripted_system.h"

/* --- the backend ---------------------------------------------------------------------------------------------- */

/* Counts the call; the error that it is to return, once. */
static int failing(struct scripted *s, enum scripted_op op)
{
    int r = s->fail[op];

    s->nr_calls[op]++;
    s->fail[op] = 0;
    return r;
}

static int op_enable(void *data);
static void op_disable(void *data);
static int op_target_add(void *data, uint32_t target, pid_t pid, int pidfd);
static void op_target_remove(void *data, uint32_t target);

/* Whether a context of scripted_new() tells all that the order is checked by. */
static bool is_told(const struct scripted *s)
{
    return s->ctx && s->ops.enable == op_enable && s->ops.disable == op_disable && s->ops.target_add == op_target_add &&
           s->ops.target_remove == op_target_remove;
}

static void op_destroy(void *data)
{
    struct scripted *s = data;

    s->nr_destroy++;
    expect(!is_told(s) || (s->nr_on >= 0 && s->nr_there >= 0));
}

static int op_enable(void *data)
{
    struct scripted *s = data;
    int r = failing(s, OP_ENABLE);

    s->nr_on += r == 0;
    return r;
}

static void op_disable(void *data)
{
    struct scripted *s = data;

    s->nr_disable++;
    s->nr_on--;
    expect(!is_told(s) || s->nr_on >= 0);
}

/* The order that the public header promises: monitoring is between enable() and disable(), and has a target. */
static void expect_on(const struct scripted *s)
{
    expect(!is_told(s) || (s->nr_there > 0 && s->nr_on > 0));
}

/* The bounds of what a backend is asked about are those of its smallest regions. */
static void expect_aligned(const struct scripted *s, uint64_t start, uint64_t end)
{
    uint64_t mask = (s->ops.min_region_size ? s->ops.min_region_size : PAGE) - 1;

    expect(start < end && !(start & mask) && !(end & mask));
}

static int op_target_add(void *data, uint32_t target, pid_t pid, int pidfd)
{
    struct scripted *s = data;
    int r = failing(s, OP_TARGET_ADD);

    (void)target;
    expect((pid == 0) == (pidfd < 0));
    s->nr_there += r == 0;
    return r;
}

static void op_target_remove(void *data, uint32_t target)
{
    struct scripted *s = data;

    (void)target;
    s->nr_target_remove++;
    s->nr_there--;
    expect(!is_told(s) || s->nr_there >= 0);
}

static int op_ranges(void *data, uint32_t target, struct damon_reclaim_range *ranges, size_t capacity, size_t *ret_n)
{
    struct scripted *s = data;
    int r = failing(s, OP_RANGES);

    expect_on(s);

    (void)target;
    if (r < 0)
        return r;
    if (s->nr_ranges && s->nr_ranges <= capacity)
        memcpy(ranges, s->ranges, s->nr_ranges * sizeof(*ranges));
    *ret_n = s->nr_ranges;
    return 0;
}

static int op_prepare(void *data, uint32_t target, const uint64_t *addrs, size_t n)
{
    struct scripted *s = data;

    (void)target;
    expect_on(s);
    expect(n > 0);
    for (size_t i = 1; i < n; i++)
        expect(addrs[i] > addrs[i - 1]);
    s->prepared = addrs;
    s->nr_prepared = n;
    return failing(s, OP_PREPARE);
}

static int op_check(void *data, uint32_t target, const uint64_t *addrs, size_t n, uint8_t *accessed)
{
    struct scripted *s = data;
    int r = failing(s, OP_CHECK);

    expect_on(s);

    s->now_ns += s->ns_per_check;
    s->system_ns += s->ns_per_check;
    for (size_t i = 0; i < n && r == 0; i++)
        accessed[i] = s->accessed && s->accessed(s, target, addrs[i]);
    return r;
}

static struct scripted_act *record(struct scripted *s)
{
    struct scripted_act *act = &s->acts[s->nr_acts++];

    expect(s->nr_acts <= MAX_ACTS);
    memset(act, 0, sizeof(*act));
    act->now_ns = s->now_ns;
    return act;
}

static int op_mark(void *data, uint32_t target, uint64_t start, uint64_t end)
{
    struct scripted *s = data;
    struct scripted_act *act = record(s);

    expect_on(s);
    expect_aligned(s, start, end);
    act->target = target;
    act->start = start;
    act->end = end;
    return failing(s, OP_MARK);
}

/* Page by page, as far as limits, filters and the deadline allow; otherwise the whole at once. */
static void attempt(struct scripted *s, const struct damon_reclaim_request *request,
                    struct damon_reclaim_result *result)
{
    bool by_page = s->ops.features & DAMON_RECLAIM_BACKEND_PAGE_PRECISE;
    uint64_t at = request->start;

    for (; at < request->end; at += s->ops.min_region_size) {
        uint64_t unit = s->ops.min_region_size;

        uint64_t now = s->ops.now ? s->now_ns : s->system_ns;

        if (by_page &&
            (result->tried + unit > request->max_bytes || (request->deadline_ns && now >= request->deadline_ns)))
            break;
        if (request->nr_filters && s->filter && !s->filter(s, at))
            continue;
        result->filter_passed += unit;
        result->tried += unit;
        if ((at / unit) % 100 < s->reclaimed_pct)
            result->reclaimed += unit;
        s->now_ns += s->ns_per_page * (unit / PAGE);
        s->system_ns += s->ns_per_page * (unit / PAGE);
    }
    result->end = at;
}

static int op_reclaim(void *data, const struct damon_reclaim_request *request, struct damon_reclaim_result *result)
{
    struct scripted *s = data;
    struct scripted_act *act = record(s);
    int r = failing(s, OP_RECLAIM);

    expect_on(s);
    expect_aligned(s, request->start, request->end);
    expect(request->limit_end >= request->end);
    act->reclaim = true;
    act->target = request->target;
    act->start = request->start;
    act->end = request->end;
    act->request = *request;
    for (size_t i = 0; i < request->nr_filters && i < 4; i++)
        act->filters[i] = request->filters[i];
    expect(result->size == sizeof(*result) && result->end == request->end && !result->tried && !result->reclaimed);
    if (r == 0)
        attempt(s, request, result);
    act->result = *result;
    return r;
}

static int op_metrics(void *data, struct damon_reclaim_metrics *metrics)
{
    struct scripted *s = data;

    metrics->free_permille = s->free_permille;
    metrics->psi_valid = s->psi_valid;
    metrics->psi_some_us = s->psi_us;
    return failing(s, OP_METRICS);
}

static uint64_t op_now(void *data)
{
    return ((struct scripted *)data)->now_ns;
}

static int op_advance(void *data, uint64_t until_ns)
{
    struct scripted *s = data;
    int r = failing(s, OP_ADVANCE);

    if (r == 0 && until_ns > s->now_ns)
        s->now_ns = until_ns;
    return r;
}

static int op_exclude(void *data, const struct damon_reclaim_exclusion *exclusions, size_t n)
{
    struct scripted *s = data;
    int r = failing(s, OP_EXCLUDE);

    if (r < 0)
        return r;
    expect(n <= sizeof(s->excluded) / sizeof(s->excluded[0]));
    if (n)
        memcpy(s->excluded, exclusions, n * sizeof(*exclusions));
    s->nr_excluded = n;
    return 0;
}

void scripted_can_exclude(struct scripted *s)
{
    s->ops.exclude = op_exclude;
}

bool accessed_hot(struct scripted *s, uint32_t target, uint64_t addr)
{
    (void)target;
    return addr >= s->hot_start && addr < s->hot_end;
}

bool accessed_random(struct scripted *s, uint32_t target, uint64_t addr)
{
    uint64_t x = ((addr >> 19) + 977 * target + s->pattern) * UINT64_C(0x9e3779b97f4a7c15);
    uint64_t heat = x >> 61; /* of eight: half of the blocks are idle, the others more or less busy */

    return heat >= 4 && (heat == 7 || (s->now_ns >> 20) % 8 < heat);
}

/* --- contexts -------------------------------------------------------------------------------------------------- */

void scripted_init(struct scripted *s)
{
    struct scripted_act *acts = s->acts ? s->acts : calloc(MAX_ACTS, sizeof(*acts));

    expect(acts != NULL);
    memset(s, 0, sizeof(*s));
    s->acts = acts;
    s->ops = (struct damon_reclaim_backend_ops){.size = sizeof(s->ops),
                                                .name = "scripted",
                                                .features = DAMON_RECLAIM_BACKEND_WHOLE,
                                                .min_region_size = PAGE,
                                                .destroy = op_destroy,
                                                .enable = op_enable,
                                                .disable = op_disable,
                                                .target_add = op_target_add,
                                                .target_remove = op_target_remove,
                                                .ranges = op_ranges,
                                                .prepare = op_prepare,
                                                .check = op_check,
                                                .mark = op_mark,
                                                .reclaim = op_reclaim,
                                                .metrics = op_metrics,
                                                .now = op_now,
                                                .advance = op_advance};
    s->callbacks.size = sizeof(s->callbacks);
    s->now_ns = SEC;
    s->system_ns = SEC;
    s->ranges[0] = (struct damon_reclaim_range){BASE, BASE + 64 * MIB};
    s->nr_ranges = 1;
    s->free_permille = 300;
    s->reclaimed_pct = 100;
    s->seed = 1;
    s->meminfo = "MemTotal:        1000000 kB\nMemFree:          300000 kB\nMemAvailable:     400000 kB\n";
}

struct damon_reclaim_config scripted_config(struct scripted *s)
{
    static struct damon_reclaim_allocator allocator;

    allocator = counted_allocator(&s->memory);
    return (struct damon_reclaim_config){.size = sizeof(struct damon_reclaim_config),
                                         .backend_ops = &s->ops,
                                         .backend_data = s,
                                         .system_ops = s->real_system ? NULL : &scripted_system_ops,
                                         .system_data = s,
                                         .allocator = &allocator,
                                         .callbacks = &s->callbacks,
                                         .userdata = s->userdata ? s->userdata : s,
                                         .seed = s->seed};
}

struct damon_reclaim *scripted_new(struct scripted *s, uint32_t flags)
{
    struct damon_reclaim_config config = scripted_config(s);

    config.flags = flags;
    return s->ctx = reclaim_new(&config);
}

void scripted_fini(struct scripted *s)
{
    expect_eq(s->memory.nr_blocks, 0);
    expect_eq(s->memory.live, 0);
    expect_eq(scripted_open_fds(s), 0);
    free(s->acts);
    s->acts = NULL;
}

uint64_t tried_bytes(const struct scripted *s, size_t from, size_t until)
{
    uint64_t sum = 0;

    for (size_t i = from; i < until; i++)
        sum += s->acts[i].reclaim ? s->acts[i].result.tried : 0;
    return sum;
}

void scripted_again(struct scripted *s)
{
    damon_reclaim_unref(s->ctx);
    scripted_fini(s);
    scripted_init(s);
}

void scripted_manner(struct scripted *s, int manner)
{
    if (manner == BY_PAGE)
        s->ops.features |= DAMON_RECLAIM_BACKEND_PAGE_PRECISE;
}

void scripted_clock(struct scripted *s, int clock)
{
    if (clock == SYSTEM_CLOCK) {
        s->ops.now = NULL;
        s->ops.advance = NULL;
    }
}
