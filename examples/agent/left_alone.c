/* SPDX-License-Identifier: MIT */
#include "left_alone.h"

#include <errno.h>
#include <sys/wait.h>

#define CHECK_NS UINT64_C(1000000000)

static bool has_ended(pid_t helper)
{
    pid_t r = waitpid(helper, NULL, WNOHANG);

    return r == helper || (r < 0 && errno == ECHILD);
}

static void expire(struct left_alone *list, uint64_t now)
{
    if (now - list->checked < CHECK_NS)
        return;
    list->checked = now;
    for (size_t i = list->n; i-- > 0;) {
        struct left_alone_entry *entry = &list->at[i];

        if (entry->helper && has_ended(entry->helper))
            entry->helper = 0;
        if (!entry->helper && now >= entry->until)
            *entry = list->at[--list->n];
    }
}

unsigned int left_alone_add(struct left_alone *list, const struct identity *who, pid_t helper, uint64_t now)
{
    /* It is never full: nobody who is not trusted is asked about then, and for trusted ones there is no helper. */
    if (list->n < LEFT_ALONE_MOST)
        list->at[list->n++] = (struct left_alone_entry){.who = *who, .until = now + LEFT_ALONE_NS, .helper = helper};
    return (unsigned int)(LEFT_ALONE_NS / 60 / UINT64_C(1000000000));
}

bool left_alone_has(struct left_alone *list, const struct identity *who, uint64_t now)
{
    size_t of_user = 0;

    expire(list, now);
    for (size_t i = 0; i < list->n; i++) {
        const struct identity *other = &list->at[i].who;

        if (other->pid == who->pid && other->start == who->start)
            return true;
        of_user += other->user == who->user;
    }
    return !who->trusted && (of_user >= LEFT_ALONE_OF_USERS || list->n == LEFT_ALONE_MOST);
}
