/* SPDX-License-Identifier: MIT */
#include "pages/owners/process_list.h"

#include <errno.h>
#include <string.h>

#include "base/grow.h"
#include "sys/process.h"

void drcl_process_list_init(struct drcl_process_list *list, struct drcl_env *env)
{
    *list = (struct drcl_process_list){.env = env};
}

void drcl_process_list_fini(struct drcl_process_list *list)
{
    drcl_process_list_end(list);
    drcl_free(list->env, list->heap);
    drcl_process_list_init(list, list->env);
}

void drcl_process_list_end(struct drcl_process_list *list)
{
    if (list->reading)
        drcl_pids_close(&list->pids);
    list->reading = false;
    list->n = 0;
}

int drcl_process_list_begin(struct drcl_process_list *list)
{
    int r;

    drcl_process_list_end(list);
    r = drcl_pids_open(&list->pids, list->env);
    list->reading = r == 0;
    return r;
}

/* --- the order ---------------------------------------------------------------------------------------------------- */

static bool is_larger(const struct drcl_listed *a, const struct drcl_listed *b)
{
    return a->pages != b->pages ? a->pages > b->pages : a->pid < b->pid;
}

static bool comes_before(const struct drcl_listed *a, const struct drcl_listed *b)
{
    return a->early != b->early ? a->early : is_larger(a, b);
}

static int put(struct drcl_process_list *list, struct drcl_listed process)
{
    size_t at = list->n;

    if (drcl_grow(list->env, &list->heap, &list->capacity, list->n + 1, sizeof(*list->heap)) < 0)
        return -ENOMEM;
    process.early = list->behind.pid && is_larger(&list->behind, &process);
    list->n++;
    for (size_t above = (at - 1) / 2; at > 0 && comes_before(&process, &list->heap[above]); above = (at - 1) / 2) {
        list->heap[at] = list->heap[above];
        at = above;
    }
    list->heap[at] = process;
    return 0;
}

bool drcl_process_list_next(struct drcl_process_list *list, pid_t *ret_pid)
{
    struct drcl_listed *heap = list->heap, moved;
    size_t at = 0, below;

    if (list->n == 0)
        return false;
    list->last = heap[0];
    *ret_pid = heap[0].pid;
    moved = heap[--list->n];
    while ((below = 2 * at + 1) < list->n) {
        if (below + 1 < list->n && comes_before(&heap[below + 1], &heap[below]))
            below++;
        if (!comes_before(&heap[below], &moved))
            break;
        heap[at] = heap[below];
        at = below;
    }
    heap[at] = moved;
    return true;
}

void drcl_process_list_turn(struct drcl_process_list *list)
{
    list->behind = list->last;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

int drcl_process_list_read(struct drcl_process_list *list)
{
    struct drcl_process_memory memory;
    struct drcl_listed process = {0};
    int r;

    if (!list->reading)
        return 0;
    r = drcl_pids_next(&list->pids, &process.pid);
    if (r <= 0) {
        drcl_pids_close(&list->pids);
        list->reading = false;
        return r;
    }
    r = drcl_process_memory(list->env, process.pid, &memory);
    if (r == -ESRCH || (r == 0 && memory.mapped == 0)) /* it has ended, or it is a kernel thread */
        return 1;
    if (r == 0)
        process.pages = memory.resident;
    else if (r == -EMFILE || r == -ENFILE || r == -ENOMEM) /* no other process can be read either */
        return drcl_error(list->env, r, "pid %d: its statm cannot be read: %s", (int)process.pid, strerror(-r));
    r = put(list, process);
    return r < 0 ? drcl_error(list->env, r, "out of memory") : 1;
}
