/* SPDX-License-Identifier: MIT */
#include "pages/marks.h"

#include <string.h>

#include "base/grow.h"
#include "sys/page.h"

#define MAX_MARKS 65536 /* beyond it ranges stay unmarked, which costs precision and nothing else */

/* Number of the first mark that ends behind @addr. */
static size_t lower(const struct drcl_marks *marks, uint64_t addr)
{
    size_t low = 0, high = marks->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (marks->marks[mid].end <= addr)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

const struct drcl_mark *drcl_marks_find(const struct drcl_marks *marks, uint64_t addr)
{
    size_t i = lower(marks, addr);

    return i < marks->n && marks->marks[i].start <= addr ? &marks->marks[i] : NULL;
}

bool drcl_marks_hold(const struct drcl_marks *marks, uint64_t addr)
{
    const struct drcl_mark *mark = drcl_marks_find(marks, addr);

    return mark && !mark->touched;
}

/* Makes @n marks out of number @i, which must be filled in by the caller. */
static bool open_gap(struct drcl_marks *marks, struct drcl_env *env, size_t i, size_t n)
{
    if (marks->n + n > MAX_MARKS ||
        drcl_grow(env, &marks->marks, &marks->capacity, marks->n + n, sizeof(*marks->marks)) < 0)
        return false;
    memmove(&marks->marks[i + n], &marks->marks[i], (marks->n - i) * sizeof(*marks->marks));
    marks->n += n;
    return true;
}

static void close_gap(struct drcl_marks *marks, size_t i, size_t n)
{
    marks->n -= n;
    if (n > 0)
        memmove(&marks->marks[i], &marks->marks[i + n], (marks->n - i) * sizeof(*marks->marks));
}

bool drcl_marks_remove(struct drcl_marks *marks, struct drcl_env *env, uint64_t start, uint64_t end)
{
    size_t i = lower(marks, start), last;
    bool whole = true;

    if (i < marks->n && marks->marks[i].start < start) {
        if (marks->marks[i].end > end) { /* a hole in the middle of one */
            whole = open_gap(marks, env, i, 1);
            if (whole) {
                marks->marks[i].end = start;
                marks->marks[i + 1].start = end;
                return true;
            }
        }
        marks->marks[i].end = start;
        i++;
    }
    for (last = i; last < marks->n && marks->marks[last].end <= end; last++)
        ;
    if (last < marks->n && marks->marks[last].start < end)
        marks->marks[last].start = end;
    close_gap(marks, i, last - i);
    return whole;
}

void drcl_marks_put(struct drcl_marks *marks, struct drcl_env *env, uint64_t start, uint64_t end, bool touched)
{
    size_t i;

    drcl_marks_remove(marks, env, start, end);
    i = lower(marks, start);
    if (open_gap(marks, env, i, 1))
        marks->marks[i] = (struct drcl_mark){.start = start, .end = end, .touched = touched};
}

void drcl_marks_touch(struct drcl_marks *marks, struct drcl_env *env, uint64_t addr, bool huge)
{
    uint64_t start = addr & ~(DRCL_HUGE_SIZE - 1);

    if (huge)
        drcl_marks_put(marks, env, start, start + DRCL_HUGE_SIZE, true);
    else
        drcl_marks_remove(marks, env, start, start + DRCL_HUGE_SIZE);
}
