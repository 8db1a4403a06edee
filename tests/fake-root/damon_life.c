/* SPDX-License-Identifier: MIT */
#include "damon_life.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake_damon *damon;
struct damon_reclaim *ctx;
char error[512];
enum damon_reclaim_state last_state;
enum damon_reclaim_reason last_reason;
uint32_t gone;
static char *remembered;

void begin(enum kernel kernel)
{
    f = fake_open();
    ctx = NULL;
    free(remembered); /* of a test that failed */
    remembered = NULL;
    damon = &f->damon;
    f->call_ns = 0; /* so that a test can tell whether dispatching has waited */
    f->no_pages = true;
    f->iomem = "00001000-0009fbff : System RAM\n00100000-3fffffff : System RAM\n  01000000-01ffffff : Kernel code\n"
               "fec00000-fec003ff : IOAPIC 0\n100000000-13fffffff : System RAM\n";
    fake_damon_add(f, kernel == LATER_LINUX);
}

void begin_case(int i)
{
    begin(i % NR_KERNELS);
}

void end(void)
{
    ctx = damon_reclaim_unref(ctx);
    if (remembered) {
        char *there = damon_dump(&damon->files, DAMON_DIR, true);

        ck_assert_str_eq(remembered, there);
        free(there);
        free(remembered);
        remembered = NULL;
    } else {
        nothing_left();
    }
    fake_close(f);
    f = NULL;
}

/* --- contexts -------------------------------------------------------------------------------------------------------
 */

static void state_changed(struct damon_reclaim *c, const struct damon_reclaim_event *event, void *userdata)
{
    (void)c, (void)userdata;
    last_state = event->state;
    last_reason = event->reason;
}

static void target_gone(struct damon_reclaim *c, uint32_t target, pid_t pid, void *userdata)
{
    (void)c, (void)pid, (void)userdata;
    gone = target;
}

int try_context(struct damon_reclaim **ret, const char *operations, uint32_t damon_flags, uint32_t flags)
{
    static const struct damon_reclaim_callbacks callbacks = {
        .size = sizeof(callbacks), .state_changed = state_changed, .target_gone = target_gone};
    struct damon_reclaim_damon_config config_damon = {
        .size = sizeof(config_damon), .operations = operations, .flags = damon_flags};
    struct damon_reclaim_config config = fake_config(f);

    config.damon = &config_damon;
    config.callbacks = &callbacks;
    config.flags = flags;
    config.backend = "damon";
    config.error = error;
    config.error_size = sizeof(error);
    return damon_reclaim_new(&config, ret);
}

struct damon_reclaim *new_context(const char *operations, uint32_t damon_flags, uint32_t flags)
{
    struct damon_reclaim *new = NULL;

    if (try_context(&new, operations, damon_flags, flags) < 0)
        ck_abort_msg("no context: %s", error);
    return new;
}

struct damon_reclaim *with_callbacks(const struct damon_reclaim_callbacks *callbacks, void *userdata)
{
    struct damon_reclaim_config config = fake_config(f);

    config.backend = "damon";
    config.callbacks = callbacks;
    config.userdata = userdata;
    return reclaim_new(&config);
}

uint32_t add_process(pid_t pid)
{
    if (!fake_process_of(f, pid))
        fake_process(f, pid);
    return reclaim_add_process(ctx, pid);
}

void run(unsigned int seconds)
{
    for (unsigned int i = 0; i < seconds * 100; i++) {
        f->now_ns += SEC / 100;
        damon_reclaim_dispatch(ctx);
    }
}

void warm_up(unsigned int times)
{
    while (times--) {
        damon->counters[0].nr_tried += 10;
        run(1);
    }
}

void add_region(uint64_t start, uint64_t end, uint32_t nr_accesses, uint32_t age)
{
    if (damon->nr_regions == MAX_REGIONS)
        ck_abort_msg("too many regions");
    damon->regions[damon->nr_regions++] =
        (struct damon_reclaim_region){.start = start, .end = end, .nr_accesses = nr_accesses, .age = age};
}

/* --- what is to be true ---------------------------------------------------------------------------------------------
 */

void is(const char *name, const char *value)
{
    const char *there = fake_damon_value(f, name);

    if (!there || strcmp(there, value) != 0)
        ck_abort_msg("%s is %s, not %s", name, there ? there : "missing", value);
}

void nothing_left(void)
{
    is("nr_kdamonds", "0");
    ck_assert_int_eq(damon->running, false);
    ck_assert_int_eq(f->record.exists, false);
    ck_assert_int_eq(f->record.locked_by, 0);
}

/* Takes the next line off *text; false at the end. */
static bool next_line(const char **text, char line[512])
{
    size_t n = strcspn(*text, "\n");

    if (!**text)
        return false;
    fake_print(line, 512, "%.*s", (int)n, *text);
    *text += n + ((*text)[n] == '\n');
    return true;
}

/* Whether the line is one of this kernel; then without what says so. */
static bool is_for_this_kernel(char line[512])
{
    static const char *const kernels[] = {"6.12 ", "later "};
    size_t n = strlen(kernels[damon->later]);

    if (!strncmp(line, kernels[!damon->later], strlen(kernels[!damon->later])))
        return false;
    if (!strncmp(line, kernels[damon->later], n))
        memmove(line, line + n, strlen(line + n) + 1);
    return true;
}

static bool matches(const char *expected, const char *line)
{
    size_t n = strlen(expected);

    return !strcmp(expected, line) || (fake_ends_with(expected, ": *") && !strncmp(expected, line, n - 1));
}

/* Adds the lines of @a that no line of @b matches to a text of what is wrong. */
static void compare(const char *a, const char *b, bool a_is_expected, char wrong[8192])
{
    char line[512], other[512];

    while (next_line(&a, line)) {
        const char *at = b;
        bool found = a_is_expected && !is_for_this_kernel(line);

        while (!found && next_line(&at, other))
            found = a_is_expected ? matches(line, other) : is_for_this_kernel(other) && matches(other, line);
        if (!found)
            fake_print(wrong + strlen(wrong), 8192 - strlen(wrong), "  %c %s\n", a_is_expected ? '-' : '+', line);
    }
}

void tree_is(const char *dir, const char *expected)
{
    char whole[FAKE_PATH], *there, wrong[8192] = "";

    fake_print(whole, sizeof(whole), DAMON_DIR "%s", dir);
    there = damon_dump(&damon->files, whole, false);
    compare(expected, there, true, wrong);
    compare(there, expected, false, wrong);
    if (wrong[0])
        ck_abort_msg("below %s (- expected, + there):\n%s", whole, wrong);
    free(there);
}

void remember(void)
{
    remembered = damon_dump(&damon->files, DAMON_DIR, true);
}

/* --- others ---------------------------------------------------------------------------------------------------------
 */

int echo(const char *value, const char *name)
{
    return fake_damon_echo(f, value, name);
}

void foreign_kdamond(void)
{
    echo("1", "nr_kdamonds");
    echo("1", "0/contexts/nr_contexts");
    echo("paddr", CONTEXT "operations");
    echo("1", CONTEXT "targets/nr_targets");
    echo("1", CONTEXT "targets/0/regions/nr_regions");
    ck_assert_int_eq(echo("on", "0/state"), 0);
}

void leave_behind(uint32_t damon_flags)
{
    struct damon_reclaim *killed = new_context(NULL, damon_flags, 0);
    struct fake_left *left;

    reclaim_enable(killed);
    left = fake_damon_leave(f);
    damon_reclaim_unref(killed);
    fake_damon_find(f, left);
}
