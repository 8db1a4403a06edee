/* SPDX-License-Identifier: MIT */
#include "discovery.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/files.h"
#include "proc.h"
#include "search.h"

#define MOST_PATHS 65536             /* pid files or cgroups of one method */
#define MOST_WORDS ((size_t)1 << 20) /* bytes of a command line in which a name is looked for */

static int by_pid(const void *a, const void *b)
{
    const struct host_found *x = a, *y = b;

    return x->pid < y->pid ? -1 : x->pid > y->pid;
}

bool host_search_knows(const struct host_search *search, pid_t pid)
{
    const struct host_found key = {.pid = pid};

    return search->known->n && bsearch(&key, search->known->items, search->known->n, sizeof(key), by_pid);
}

int host_search_add(struct host_search *search, pid_t pid, enum host_method method, const char *name)
{
    struct host_found_list *list = &search->found;

    if (pid == getpid())
        return 0;
    if (list->n == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 16;
        struct host_found *grown = realloc(list->items, capacity * sizeof(*grown));

        if (!grown)
            return -ENOMEM;
        list->items = grown;
        list->capacity = capacity;
    }
    list->items[list->n] = (struct host_found){.pid = pid, .method = method};
    if (name)
        snprintf(list->items[list->n].own[HOST_OWN_NAMES - 1], HOST_NAME_SIZE, "%s", name);
    list->n++;
    return 0;
}

int host_search_add_path(struct host_search *search, const char *path)
{
    char *copy;

    if (search->nr_paths == MOST_PATHS)
        return 0;
    if (search->nr_paths == search->room_for_paths) {
        size_t room = search->room_for_paths ? search->room_for_paths * 2 : 64;
        char **grown = realloc(search->paths, room * sizeof(*grown));

        if (!grown)
            return -ENOMEM;
        search->paths = grown;
        search->room_for_paths = room;
    }
    copy = strdup(path);
    if (!copy)
        return -ENOMEM;
    search->paths[search->nr_paths++] = copy;
    return 0;
}

static bool runs_command(const struct host_places *places, pid_t pid, const char *cmdline, const char *comm)
{
    char exe[PATH_MAX];
    const char *path = host_read_exe(places->root, pid, exe, sizeof(exe)) ? exe : NULL;
    bool by_name_only = host_is_by_name_only(cmdline, path, comm);

    for (size_t i = 0; i < places->commands.n; i++)
        if ((!by_name_only || host_is_name_of(places->commands.items[i])) &&
            host_command_matches(places->commands.items[i], cmdline, path, comm))
            return true;
    return false;
}

int host_has_command(const struct host_search *search, pid_t pid)
{
    char *cmdline = NULL, comm[64];
    size_t len = 0;
    int r = host_read_begin(search->places.root, pid, "comm", comm, sizeof(comm));

    if (r >= 0)
        r = host_read_proc(search->places.root, pid, "cmdline", &cmdline, &len);
    if (r < 0)
        return file_own_lack(r); /* else it has exited, or is left alone */
    comm[strcspn(comm, "\n")] = '\0';
    r = len && runs_command(&search->places, pid, cmdline, comm); /* a thread of the kernel has no words */
    free(cmdline);
    return r;
}

/* The cgroup of the whole machine. libvirt makes further cgroups below a scope. */
static int find_cgroup(const char *root, struct host_found *found)
{
    char *text, *line, *next, *end;
    int r = host_read_proc(root, found->pid, "cgroup", &text, NULL);

    if (r < 0)
        return file_own_lack(r);
    for (next = text; (line = strsep(&next, "\n")) != NULL;) {
        if (strncmp(line, "0::/", 4) || !line[4])
            continue;
        end = strstr(line, ".scope/");
        if (end)
            end[strlen(".scope")] = '\0';
        if (strlen(line + 3) < HOST_CGROUP_SIZE)
            snprintf(found->cgroup, HOST_CGROUP_SIZE, "%s", line + 3);
    }
    free(text);
    return 0;
}

/* Returns 0, -ESRCH if there is no such process (any more), or an error of host_read_proc(). */
static int read_start_time(const char *root, pid_t pid, uint64_t *ret)
{
    struct host_stat stat;
    char *text;
    int r = host_read_proc(root, pid, "stat", &text, NULL);

    if (r < 0)
        return r;
    r = host_parse_stat(text, &stat);
    free(text);
    if (r < 0)
        return -ESRCH;
    *ret = stat.start_time;
    return 0;
}

bool host_found_is_alive(const char *root, const struct host_found *found)
{
    uint64_t start_time;

    return read_start_time(root, found->pid, &start_time) == 0 && start_time == found->start_time;
}

/* The names that it has by its command line and its scope, beside that of its pid file. */
static int find_names(const char *root, struct host_found *found)
{
    struct host_cmdline cmdline;
    char *text;
    int r = host_read_proc(root, found->pid, "cmdline", &text, &cmdline.len);
    size_t n = 0;

    if (r < 0)
        return r;
    cmdline.text = text;
    if (cmdline.len > MOST_WORDS || !host_cmdline_name(&cmdline, found->own[0]))
        found->own[0][0] = '\0';
    free(text);
    if (!host_scope_name(found->cgroup, found->own[1]))
        found->own[1][0] = '\0';
    for (size_t i = 0; i < HOST_OWN_NAMES; i++) {
        if (!host_make_name(found->own[i]))
            continue;
        if (i != n)
            memcpy(found->own[n], found->own[i], HOST_NAME_SIZE);
        n++;
    }
    if (!n)
        snprintf(found->own[n++], HOST_NAME_SIZE, "%d", (int)found->pid);
    for (; n < HOST_OWN_NAMES; n++)
        found->own[n][0] = '\0';
    return 0;
}

/* Returns 0, -ESRCH if there is no such process (any more), or an error of host_read_proc(). */
static int describe(const struct host_search *search, struct host_found *found)
{
    const char *root = search->places.root;
    int r = read_start_time(root, found->pid, &found->start_time);

    if (r == 0)
        r = find_cgroup(root, found);
    if (r == 0)
        r = find_names(root, found);
    if (r == 0 && !host_read_owner(search, found->pid, &found->uid, &found->trusted)) {
        found->uid = (uid_t)-1;
        found->trusted = false;
    }
    return r;
}

/* Describes machines one by one, from the last on. Those that have exited are taken out. */
static int by_description(struct host_search *search)
{
    struct host_found_list *list = &search->found;
    struct host_found *found;
    int r;

    if (!search->begun) {
        search->begun = true;
        search->at = list->n;
    }
    if (!search->at)
        return 0;
    found = &list->items[--search->at];
    r = describe(search, found);
    if (file_own_lack(r) < 0)
        return r;
    if (r < 0) {
        if (found->method == HOST_BY_LIST && search->places.missing)
            search->places.missing(found->pid);
        *found = list->items[--list->n];
    }
    return 1;
}

static int by_pid_and_method(const void *a, const void *b)
{
    const struct host_found *x = a, *y = b;

    return x->pid != y->pid ? by_pid(a, b) : x->method < y->method ? -1 : x->method > y->method;
}

/* Several methods may have found a process. The first of them counts. */
static int take_once(struct host_search *search)
{
    struct host_found_list *list = &search->found;
    size_t n = 0;

    if (list->n)
        qsort(list->items, list->n, sizeof(*list->items), by_pid_and_method);
    for (size_t i = 0; i < list->n; i++)
        if (!n || list->items[n - 1].pid != list->items[i].pid)
            list->items[n++] = list->items[i];
    list->n = n;
    return 0;
}

/* --- the search --------------------------------------------------------------------------------------------------- */

static int (*const methods[])(struct host_search *) = {
    host_by_list, host_by_pidfile, host_by_cgroup, host_by_command, take_once, by_description,
};

#define NR_METHODS (sizeof(methods) / sizeof(methods[0]))

static void end_method(struct host_search *search)
{
    for (size_t i = 0; i < search->nr_paths; i++)
        free(search->paths[i]);
    free(search->procs);
    search->procs = search->next = NULL;
    search->nr_paths = search->at = 0;
    search->begun = false;
    if (search->proc)
        closedir(search->proc);
    search->proc = NULL;
}

struct host_search *host_search_free(struct host_search *search)
{
    if (!search)
        return NULL;
    end_method(search);
    free(search->paths);
    free(search->uids);
    host_found_free(&search->found);
    free(search);
    return NULL;
}

int host_search_new(const struct host_places *places, const struct host_found_list *known, struct host_search **ret)
{
    struct host_search *search = calloc(1, sizeof(*search));
    int r;

    if (!search)
        return -ENOMEM;
    search->places = *places;
    search->known = known;
    r = host_read_users(search);
    if (r < 0) {
        host_search_free(search);
        return r;
    }
    *ret = search;
    return 0;
}

int host_search_step(struct host_search *search, uint64_t until_ns)
{
    while (search->method < NR_METHODS) {
        int r = methods[search->method](search);

        if (r < 0)
            return r;
        if (r == 0) {
            end_method(search);
            search->method++;
        }
        if (until_ns && clock_now_ns() >= until_ns)
            return search->method < NR_METHODS;
    }
    return 0;
}

/* How many of the machines belong to a user. */
static size_t nr_of_user(struct host_found *const *items, size_t n, uid_t uid)
{
    size_t of_user = 0;

    for (size_t i = 0; i < n; i++)
        of_user += !items[i]->trusted && items[i]->uid == uid;
    return of_user;
}

/* Returns how many are left of those in @ranked. */
static size_t leave_out(const struct host_places *places, struct host_found_list *list, struct host_found **ranked)
{
    size_t taken = 0;

    for (size_t i = 0; i < list->n; i++) {
        struct host_found *found = ranked[i];

        if (places->most && taken == places->most)
            list->left_out++;
        else if (places->most_of_user && !found->trusted &&
                 nr_of_user(ranked, taken, found->uid) >= places->most_of_user)
            list->left_out_of_user++;
        else
            ranked[taken++] = found;
    }
    return taken;
}

static void find_known(struct host_found_list *list, const struct host_found_list *before)
{
    for (size_t i = 0; i < list->n; i++) {
        struct host_found *found = &list->items[i];
        const struct host_found *same =
            before->n ? bsearch(found, before->items, before->n, sizeof(*found), by_pid) : NULL;

        found->known = same && same->start_time == found->start_time;
        if (found->known)
            memcpy(found->name, same->name, sizeof(found->name));
    }
}

int host_search_finish(struct host_search *search, struct host_found_list *list)
{
    struct host_found_list *found = &search->found, now = {.left_out = found->left_out};
    struct host_found **ranked = calloc(found->n + 1, sizeof(struct host_found *));
    int r;

    now.items = calloc(found->n + 1, sizeof(*now.items));
    now.capacity = found->n + 1;
    if (!ranked || !now.items) {
        free(ranked);
        free(now.items);
        return -ENOMEM;
    }
    find_known(found, list);
    for (size_t i = 0; i < found->n; i++)
        ranked[i] = &found->items[i];
    host_sort_by_rank(ranked, found->n);
    now.n = leave_out(&search->places, found, ranked);
    now.left_out = found->left_out;
    now.left_out_of_user = found->left_out_of_user;
    for (size_t i = 0; i < now.n; i++)
        now.items[i] = *ranked[i];
    free(ranked);
    qsort(now.items, now.n, sizeof(*now.items), by_pid);
    r = host_make_names_unique(&now);
    if (r < 0) {
        host_found_free(&now);
        return r;
    }
    host_found_free(list);
    *list = now;
    return 0;
}

int host_discover(const struct host_places *places, struct host_found_list *list)
{
    struct host_search *search;
    int r = host_search_new(places, list, &search);

    if (r < 0)
        return r;
    r = host_search_step(search, 0);
    if (r == 0)
        r = host_search_finish(search, list);
    host_search_free(search);
    return r;
}

void host_found_free(struct host_found_list *list)
{
    free(list->items);
    *list = (struct host_found_list){0};
}

const char *host_method_name(enum host_method method)
{
    static const char *const names[] = {"list", "pid file", "cgroup", "command"};

    return names[method];
}
