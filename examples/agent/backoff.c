/* SPDX-License-Identifier: MIT */
#include "backoff.h"

#define LEAST_SHRINK 500u /* a breach leaves at most this many permille of the factor */
#define MOST_SHRINK  125u /* and at least this many */
#define GROWTH       16u  /* a calm window adds factor / GROWTH */
#define FORGET       64u  /* a window forgets 1 / FORGET of what is out */

const struct backoff_limits backoff_defaults = {
    .limit_permille = 20,
    .floor_permille = 10,
    .calm_windows = 2,
    .window_ns = UINT64_C(5000000000),
    .evidence_bytes = 256 << 10,
};

/* part * 1000 / whole without overflow, UINT32_MAX if it is more; 0 of nothing. */
static uint32_t permille(uint64_t part, uint64_t whole)
{
    uint64_t value;

    if (!part)
        return 0;
    if (part > UINT64_MAX / 1000)
        value = whole < 1000 ? UINT64_MAX : part / (whole / 1000);
    else
        value = whole ? part * 1000 / whole : UINT64_MAX;
    return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

uint32_t backoff_ratio(const struct backoff *b)
{
    uint64_t reclaimed = b->recent_reclaimed + b->reclaimed;

    return reclaimed ? permille(b->recent_refaulted + b->refaulted, reclaimed) : 0;
}

static void shrink(struct backoff *b, const struct backoff_limits *limits, uint32_t ratio)
{
    uint64_t rest = (uint64_t)limits->limit_permille * 1000 / ratio;

    if (rest > LEAST_SHRINK)
        rest = LEAST_SHRINK;
    if (rest < MOST_SHRINK)
        rest = MOST_SHRINK;
    b->factor = (uint32_t)(b->factor * rest / 1000);
    if (b->factor < limits->floor_permille)
        b->factor = limits->floor_permille;
    b->calm = 0;
    b->nr_breaches++;
}

static void grow(struct backoff *b, const struct backoff_limits *limits)
{
    if (++b->calm <= limits->calm_windows || b->factor >= BACKOFF_FULL)
        return;
    b->factor += b->factor < GROWTH ? 1 : b->factor / GROWTH;
    if (b->factor > BACKOFF_FULL)
        b->factor = BACKOFF_FULL;
}

/* Takes what has refaulted off what the kernel has out, but for our part of it, which is returned. @out is what we have
 * out. */
static uint64_t our_part(uint64_t refaulted, uint64_t out, uint64_t *kernel)
{
    double part = out ? (double)out / ((double)out + (double)*kernel) : 0;
    uint64_t ours = (uint64_t)((double)refaulted * part);
    uint64_t theirs;

    if (ours > out)
        ours = out;
    theirs = refaulted > ours ? refaulted - ours : 0;
    *kernel -= theirs < *kernel ? theirs : *kernel;
    return ours;
}

/* Adds to what is out; what does not fit is left out. */
static void add_out(uint64_t *out, uint64_t bytes)
{
    *out = bytes > UINT64_MAX - *out ? UINT64_MAX : *out + bytes;
}

static void share(struct backoff *b, uint64_t reclaimed, const struct cost_flow *flow)
{
    uint64_t ours;

    add_out(&b->out, reclaimed);
    add_out(&b->kernel_anon, flow->evicted_anon);
    add_out(&b->kernel_file, flow->evicted_file);
    ours = our_part(flow->refaulted_anon, b->out, &b->kernel_anon);
    b->out -= ours;
    b->refaulted += ours;
    ours = our_part(flow->refaulted_file, b->out, &b->kernel_file);
    b->out -= ours;
    b->refaulted += ours;
    b->reclaimed += reclaimed;
}

static void end_window(struct backoff *b, const struct backoff_limits *limits)
{
    uint32_t ratio = backoff_ratio(b);

    if (b->refaulted >= limits->evidence_bytes && ratio > limits->limit_permille && limits->limit_permille)
        shrink(b, limits, ratio);
    else
        grow(b, limits);
    b->recent_reclaimed = (b->recent_reclaimed + b->reclaimed) / 4 * 3;
    b->recent_refaulted = (b->recent_refaulted + b->refaulted) / 4 * 3;
    b->reclaimed = b->refaulted = 0;
    b->out -= b->out / FORGET;
    b->kernel_anon -= b->kernel_anon / FORGET;
    b->kernel_file -= b->kernel_file / FORGET;
    b->window_end_ns += limits->window_ns;
}

bool backoff_update(struct backoff *b, const struct backoff_limits *limits, uint64_t now_ns, uint64_t reclaimed,
                    const struct cost_flow *flow)
{
    uint32_t before = b->factor;

    if (!b->window_end_ns)
        b->window_end_ns = now_ns + limits->window_ns;
    share(b, reclaimed, flow);
    /* After a machine slept for hours, not every missed window must be counted: it is calm by then. */
    if (now_ns > b->window_end_ns && (now_ns - b->window_end_ns) / limits->window_ns > BACKOFF_FULL)
        b->window_end_ns = now_ns - BACKOFF_FULL * limits->window_ns;
    while (now_ns >= b->window_end_ns)
        end_window(b, limits);
    return b->factor != before;
}

uint64_t backoff_scale(const struct backoff *b, uint64_t quota, uint64_t unlimited)
{
    uint64_t scaled;

    if (b->factor >= BACKOFF_FULL)
        return quota;
    if (!quota)
        quota = unlimited;
    scaled = quota / BACKOFF_FULL * b->factor + quota % BACKOFF_FULL * b->factor / BACKOFF_FULL;
    return scaled ? scaled : 1;
}
