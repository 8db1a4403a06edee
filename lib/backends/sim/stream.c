/* SPDX-License-Identifier: MIT */
#include "backends/sim/stream.h"

#include "base/random.h"

#define PERIOD_SHIFT 16
#define MAX_PERIOD   (UINT64_C(1) << 63) /* longer than any phase, and the sums below stay in 64 bits */
#define MIN_SLOT     UINT64_C(64)        /* ns; more frequent accesses to one page are as good as these */
#define MAX_SLOT     (UINT64_C(1) << 62)

/* The product of @a and @b, its upper half in *ret_high. */
static uint64_t mul_wide(uint64_t a, uint64_t b, uint64_t *ret_high)
{
    uint64_t al = (uint32_t)a, ah = a >> 32, bl = (uint32_t)b, bh = b >> 32;
    uint64_t mid = ah * bl + ((al * bl) >> 32);
    uint64_t low = al * bh + (uint32_t)mid;

    *ret_high = ah * bh + (mid >> 32) + (low >> 32);
    return a * b;
}

/* a * b / c, rounded down, or UINT64_MAX if it is larger. Bit by bit: it is for set-up, and 32-bit platforms lack the
 * type. */
static uint64_t mul_div(uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t rest, quotient = 0, low = mul_wide(a, b, &rest);

    if (rest >= c)
        return UINT64_MAX;
    for (int bit = 63; bit >= 0; bit--) {
        bool carry = rest >> 63;

        rest = rest << 1 | ((low >> bit) & 1);
        if (carry || rest >= c) {
            rest -= c;
            quotient |= UINT64_C(1) << bit;
        }
    }
    return quotient;
}

void drcl_stream_init(struct drcl_stream *stream, const struct drcl_workload_pattern *pattern, uint64_t size,
                      uint64_t total_weight, uint64_t rate, uint64_t key)
{
    uint64_t nr_pages = (size - 1) / DRCL_SIM_PAGE + 1;
    uint64_t period = mul_div(UINT64_C(1000000000) << PERIOD_SHIFT, total_weight,
                              rate * pattern->weight); /* below 2^64 by their limits */

    stream->random = pattern->random;
    stream->period = period < 1 ? 1 : period > MAX_PERIOD ? MAX_PERIOD : period;
    stream->key = key;
    if (pattern->random) {
        stream->slot = mul_div(stream->period, nr_pages, 1 << PERIOD_SHIFT);
        if (stream->slot < MIN_SLOT)
            stream->slot = MIN_SLOT;
        if (stream->slot > MAX_SLOT)
            stream->slot = MAX_SLOT;
    } else {
        stream->stride = pattern->stride;
        stream->cycle = (size - 1) / pattern->stride + 1;
    }
}

/* How many accesses a sequential stream makes before the time @t of its phase. Phases last a day at most: 47 bits. */
static uint64_t accesses_before(const struct drcl_stream *stream, uint64_t t)
{
    return ((t << PERIOD_SHIFT) + stream->period - 1) / stream->period;
}

static uint64_t page_of(const struct drcl_stream *stream, uint64_t residue)
{
    return residue * stream->stride / DRCL_SIM_PAGE;
}

/* The pages that the accesses of the interval fall on: an interval, or two where it passes the end of the region. */
static void page_intervals(struct drcl_stream_query *query)
{
    const struct drcl_stream *stream = query->stream;
    uint64_t residue_end = query->residue + query->count;

    query->page_start[0] = query->page_end[0] = 0;
    query->page_start[1] = query->page_end[1] = 0;
    if (!query->count)
        return;
    if (query->count >= stream->cycle) {
        query->page_end[0] = page_of(stream, stream->cycle - 1) + 1;
        return;
    }
    if (residue_end > stream->cycle) {
        query->page_end[0] = page_of(stream, residue_end - stream->cycle - 1) + 1;
        residue_end = stream->cycle;
    }
    query->page_start[1] = page_of(stream, query->residue);
    query->page_end[1] = page_of(stream, residue_end - 1) + 1;
}

void drcl_stream_query_set(const struct drcl_stream *stream, uint64_t t0, uint64_t t1, struct drcl_stream_query *ret)
{
    ret->stream = stream;
    ret->from = t0 > stream->start ? t0 - stream->start : 0;
    ret->until = (t1 < stream->end ? t1 : stream->end) - stream->start;
    if (stream->random) {
        ret->residue = ret->from / stream->slot;
        return;
    }
    ret->residue = accesses_before(stream, ret->from);
    ret->count = accesses_before(stream, ret->until) - ret->residue;
    ret->residue %= stream->cycle;
    if (stream->stride <= DRCL_SIM_PAGE)
        page_intervals(ret);
}

/* The place in the cycle of the first access at or behind the start of the page. */
static uint64_t residue_at(const struct drcl_stream *stream, uint64_t page)
{
    return (page * DRCL_SIM_PAGE + stream->stride - 1) / stream->stride;
}

/* Strides larger than a page: at most one access of the cycle falls on a page, none on those between. */
static bool touched_sparsely(const struct drcl_stream_query *query, uint64_t page, uint64_t *ret_run)
{
    const struct drcl_stream *stream = query->stream;
    uint64_t residue = residue_at(stream, page);
    uint64_t hit;

    *ret_run = UINT64_MAX;
    if (residue >= stream->cycle)
        return false;
    hit = page_of(stream, residue);
    *ret_run = hit > page ? hit - page : 1;
    if (hit > page)
        return false;
    return (residue >= query->residue ? residue : residue + stream->cycle) - query->residue < query->count;
}

static bool touched_densely(const struct drcl_stream_query *query, uint64_t page, uint64_t *ret_run)
{
    uint64_t run = UINT64_MAX;

    for (int i = 0; i < 2; i++) {
        if (page >= query->page_end[i])
            continue;
        if (page >= query->page_start[i]) {
            *ret_run = query->page_end[i] - page;
            return true;
        }
        if (query->page_start[i] - page < run)
            run = query->page_start[i] - page;
    }
    *ret_run = run;
    return false;
}

/* How often a page is touched in a slot: the Poisson distribution with the mean 1, from 64 random bits. */
static unsigned int poisson(uint64_t bits)
{
    /* 2^64 times the probability of at most i accesses, rounded down. */
    static const uint64_t at_most[] = {
        UINT64_C(0x5e2d58d8b3bcdf1a), UINT64_C(0xbc5ab1b16779be35), UINT64_C(0xeb715e1dc1582dc2),
        UINT64_C(0xfb23979734a252f1), UINT64_C(0xff1025f59174dc3d), UINT64_C(0xffd90f3ba4055e19),
        UINT64_C(0xfffa8b71fc72c913), UINT64_C(0xffff540c0914b3c9), UINT64_C(0xffffed1f4aa8f120),
        UINT64_C(0xfffffe216e641462), UINT64_C(0xffffffd4d85d3183), UINT64_C(0xfffffffc6da262b4),
        UINT64_C(0xffffffffba12d178), UINT64_C(0xfffffffffb07c64c), UINT64_C(0xffffffffffab8ea5),
        UINT64_C(0xfffffffffffabe22), UINT64_C(0xffffffffffffb11a), UINT64_C(0xfffffffffffffba1),
        UINT64_C(0xffffffffffffffc5), UINT64_C(0xfffffffffffffffd), UINT64_C(0xffffffffffffffff),
    };
    unsigned int n = 0;

    while (n < sizeof(at_most) / sizeof(at_most[0]) - 1 && bits >= at_most[n])
        n++;
    return n;
}

/* The first access to the page in [from, until), or UINT64_MAX; with @any, whichever comes to hand first. */
static uint64_t random_access(const struct drcl_stream_query *query, uint64_t page, bool any)
{
    const struct drcl_stream *stream = query->stream;
    uint64_t key = drcl_mix64(stream->key + page), best = UINT64_MAX;
    uint64_t slot = query->residue;

    /* A slot is empty with the probability 1/e, so that this ends soon, or at the end of the interval. */
    for (uint64_t start = slot * stream->slot; start < query->until && best == UINT64_MAX; start += stream->slot) {
        uint64_t bits = drcl_mix64(key + slot++);

        for (unsigned int n = poisson(bits); n > 0; n--) {
            uint64_t t = start + drcl_scale(drcl_mix64(bits + n), stream->slot);

            if (t < query->from || t >= query->until || t >= best)
                continue;
            best = t;
            if (any)
                break;
        }
    }
    return best;
}

bool drcl_stream_touched(const struct drcl_stream_query *query, uint64_t page, uint64_t *ret_run)
{
    if (query->stream->random) {
        *ret_run = 1;
        return random_access(query, page, true) != UINT64_MAX;
    }
    if (query->stream->stride > DRCL_SIM_PAGE)
        return touched_sparsely(query, page, ret_run);
    return touched_densely(query, page, ret_run);
}

/* The first access of a sequential stream to the page, counted from the interval's first, or UINT64_MAX. */
static uint64_t sequential_access(const struct drcl_stream_query *query, uint64_t page)
{
    const struct drcl_stream *stream = query->stream;
    uint64_t first = residue_at(stream, page), end = residue_at(stream, page + 1);

    if (end > stream->cycle)
        end = stream->cycle;
    if (first >= end)
        return UINT64_MAX; /* every stride passes over it */
    if (query->residue < first)
        return first - query->residue;
    return query->residue < end ? 0 : first + stream->cycle - query->residue;
}

uint64_t drcl_stream_first(const struct drcl_stream_query *query, uint64_t page)
{
    const struct drcl_stream *stream = query->stream;
    uint64_t n;

    if (stream->random)
        return random_access(query, page, false);
    n = sequential_access(query, page);
    if (n >= query->count)
        return UINT64_MAX;
    return ((accesses_before(stream, query->from) + n) * stream->period) >> PERIOD_SHIFT;
}
