/* SPDX-License-Identifier: MIT */
/*
 * The backend "damon": the kernel monitors and reclaims, the library drives it through sysfs.
 *
 *     backend.c  making it, targets                      driver.c   start, commit, stop
 *     kdamond.c  the kernel's thread: on, off, commit    work.c     what is to be done while it runs
 *     command.c  commands to it                          owner.c    whose DAMON it is: the record, clean-up
 *     tree.c     a configuration, as files               stats.c    counters and intervals, back from the kernel
 *     precise.c, snapshot.c  DAMON_RECLAIM_DAMON_MONITOR_ONLY
 *     filters.c, excluded.c, put.c  parts of it                      regions.c  the same for regions
 *     sysfs.c    where the files are, text in and out    probe.c    whether it would work here
 *
 * What is asked for is in the engine's structures, and what the kernel tells goes back there. There is one tree of
 * directories for the whole system: whoever was there before keeps it.
 */
#ifndef DRCL_DAMON_H
#define DRCL_DAMON_H

#include "backends/backend.h"
#include "drivers/damon/sysfs.h"
#include "drivers/driver.h"
#include "drivers/view.h"
#include "pages/ram.h"

#define DRCL_DAMON_RECORD  "/run/damon-reclaim.record"
#define DRCL_DAMON_SLOTS   (DRCL_MAX_SCHEMES + 1)
#define DRCL_DAMON_MONITOR UINT32_MAX /* the scheme that shows all regions to us */
#define DRCL_DAMON_POLL_NS UINT64_C(1000000000)
#define DRCL_DAMON_MARKED_US                                                                                           \
    UINT64_C(60000000) /* update_us, which is this much and our mark, is the mark of our tree */

enum drcl_damon_operations { DRCL_DAMON_AUTO, DRCL_DAMON_PADDR, DRCL_DAMON_VADDR, DRCL_DAMON_FVADDR };

/* What the record tells of an instance of the library. */
struct drcl_damon_record {
    char boot[64];
    uint64_t pid;
    uint64_t start;   /* of the process, ticks since the boot */
    uint64_t kdamond; /* pid, 0 before it runs */
    uint64_t mark;
    bool stat_was_on; /* DAMON_STAT was on, and was switched off */
};

struct drcl_damon_owner {
    int fd;    /* of the record, locked; -1: DAMON is not ours */
    bool made; /* the directories are ours */
    struct drcl_damon_record record;
};

struct drcl_damon_target {
    uint32_t id;
    pid_t pid;
};

/* A scheme in the kernel: directory number i is slot i. */
struct drcl_damon_slot {
    uint32_t scheme;  /* its number, or DRCL_DAMON_MONITOR */
    uint32_t min_age; /* as written */
    struct damon_reclaim_watermarks watermarks;
    /* Counters when they were read last. */
    uint64_t nr_tried, sz_tried, nr_applied, sz_applied, sz_passed, exceeds;
    struct drcl_quota quota; /* for goals that the kernel does not know */
    bool own_goals;
};

struct drcl_damon_written {
    pid_t pid;
    size_t first; /* of its regions, with monitor_only */
};

/* A command to the kernel's thread. */
struct drcl_damon_command {
    void *writer; /* NULL: writing waits */
    const char *text;
    int fd; /* while it is pending */
    bool pending;
    unsigned int nr_busy; /* how often somebody else was at it */
    int result;           /* of the last one, 0 if there was none */
};

/* The cgroups that are excluded, with those below them. */
struct drcl_damon_excluded {
    char *paths; /* one behind the other, each with its NUL */
    size_t len, capacity;
    size_t n;
    uint64_t sum; /* of all of it */
    uint64_t next_ns;
};

struct drcl_damon_step;

struct drcl_damon {
    struct drcl_env *env;
    enum drcl_damon_operations wanted;
    uint32_t flags;
    bool monitor_only; /* the engine's schemes act, on what the kernel has seen */
    bool dry_run;      /* the kernel counts what its schemes would act on, and leaves it alone */
    const struct damon_reclaim_backend_ops *ops;
    struct drcl_pages *pages; /* for monitor_only */
    uint64_t snapshot_ns;     /* when the engine's regions were taken over from the kernel */
    bool acting;              /* and its schemes are not done with them */
    uint64_t next_act_ns;     /* when these go on */
    struct drcl_damon_target *targets;
    size_t nr_targets;
    struct drcl_ram ram;
    struct drcl_damon_excluded excluded;

    struct drcl_damon_owner owner;
    bool running; /* as far as we know */
    pid_t kdamond;
    bool refreshes;      /* the kernel brings the counters up to date by itself, and answers while inactive */
    bool own_tuning;     /* the kernel cannot tune intervals */
    bool own_watermarks; /* the kernel knows none: we take out what is to sleep, and switch off when that is all */
    bool paused;         /* which is so now */
    struct drcl_damon_command command;
    const struct drcl_damon_step *step; /* of the poll that is running, or NULL */
    bool step_begun;
    bool goals_dirty;                   /* values of goals were reported */
    struct drcl_damon_written *written; /* the targets that the kernel has */
    size_t nr_written;
    enum drcl_damon_operations operations; /* that the kernel has */
    struct drcl_damon_slot slots[DRCL_DAMON_SLOTS];
    size_t nr_slots;

    uint64_t ranges_sum; /* of the ranges that the kernel has */
    bool seen_working;   /* the kernel has sampled since the poll before the last */
    bool stale_tree;     /* the directories may not be what the kernel has */
    bool stale_stats;    /* the files tell of an earlier thread, or nothing yet, until the kernel is asked */
    unsigned int bad_polls;
    unsigned int nr_polls;

    uint64_t next_wmark_ns, next_poll_ns, next_answer_ns;
    uint64_t last_poll_ns;   /* for what is counted by time */
    uint64_t aggregation_ns; /* left over */
    uint64_t cpu_ns;         /* of the kernel's thread, when it was read last */
    /* Regions, which are read a few at a time. */
    uint64_t next_regions_ns;
    bool reading;
    size_t slot;         /* of the scheme that shows them */
    size_t at;           /* number of the next one */
    size_t nr_missing;   /* numbers in a row that are none of that scheme's */
    uint64_t own_cpu_ns; /* what this reading has cost so far */
    struct drcl_region *regions;
    size_t nr_regions, regions_cap;
};

/* backend.c: copies what the program has given, or NULL; an error has a text. */
int drcl_damon_take_config(struct drcl_env *env, const struct damon_reclaim_damon_config *user,
                           struct damon_reclaim_damon_config *ret);

/* driver.c */
int drcl_damon_check_watermarks(struct drcl_view *view, struct drcl_damon *d, uint64_t now);

/* work.c: of struct drcl_driver. */
uint64_t drcl_damon_due(const struct drcl_view *view);
int drcl_damon_work(struct drcl_view *view);

/* command.c */
void drcl_damon_open_commands(struct drcl_damon *d);
void drcl_damon_close_commands(struct drcl_damon *d);
/* Begins a command; none is pending. It may be done at once. */
void drcl_damon_begin(struct drcl_damon *d, const char *command);
/* What became of it; command.pending: not known yet. */
int drcl_damon_result(struct drcl_damon *d);
/* Waits for it, so long and a little; whether it has ended. */
bool drcl_damon_settle(struct drcl_damon *d, uint64_t within_us);
/* Whether something else was refused with this result because of it, and it has ended now, so that it may be tried
 * again. */
bool drcl_damon_locked(struct drcl_damon *d, int result);

/* kdamond.c */
int drcl_damon_switch_off(struct drcl_damon *d);
/* Makes what the engine's structures ask for what the kernel does. It has begun a command when it returns, and what
 * came of that is for drcl_damon_end_commit(). On failure the thread goes on as before, if it still runs. */
int drcl_damon_reconfigure(struct drcl_view *view, struct drcl_damon *d);
int drcl_damon_end_commit(struct drcl_view *view, struct drcl_damon *d, int result);
/* Both, with the wait in between. */
int drcl_damon_apply(struct drcl_view *view, struct drcl_damon *d);
/* Whether the kernel has what the engine's structures ask for. */
bool drcl_damon_is_up_to_date(const struct drcl_view *view, const struct drcl_damon *d);
/* Whether the targets that the kernel has are the first of ours: they are, unless one was removed. */
bool drcl_damon_only_grown(const struct drcl_view *view, const struct drcl_damon *d);
/* Whether free memory is far from the watermarks, so that the thread is not asleep by now. */
bool drcl_damon_is_awake(struct drcl_view *view, const struct drcl_damon *d);
/* Whether the thread works, so that it answers soon; one that does not bring its files up to date by itself must be
 * awake for that. */
bool drcl_damon_is_working(struct drcl_view *view, const struct drcl_damon *d);

/* owner.c */
/* Takes DAMON for us: -EBUSY names who has it. Nothing is made yet. */
int drcl_damon_own(struct drcl_damon *d);
/* Notes in the record that the kernel's thread runs. */
int drcl_damon_note(struct drcl_damon *d, pid_t kdamond);
/* Stops our thread, removes our directories, puts DAMON_STAT back and removes the record, as far as we came. What fails
 * is tried again by the next start. */
int drcl_damon_disown(struct drcl_damon *d);
/* Whether drcl_damon_own() would get it; reads only. */
int drcl_damon_is_free(struct drcl_env *env, bool take_over);
/* 0 if nobody has DAMON, else -EBUSY with a text that says who, or another error. */
int drcl_damon_holder(struct drcl_env *env, bool take_over);
/* The same for the kernel's own modules alone. */
int drcl_damon_module_holder(struct drcl_env *env, bool take_over);

/* tree.c: writes what is asked for into the directories. Nothing takes effect before "on" or "commit". */
int drcl_damon_write_tree(struct drcl_view *view, struct drcl_damon *d);
/* Writes the values of goals alone. */
int drcl_damon_write_goals(struct drcl_view *view, struct drcl_damon *d);

/* stats.c: begins the command that brings the counters in the files up to date, unless the kernel does so by itself. */
void drcl_damon_ask_for_stats(struct drcl_damon *d);
/* What the files say then. */
int drcl_damon_read_stats(struct drcl_view *view, struct drcl_damon *d);
/* All of it before the thread goes, waiting a little if need be. */
void drcl_damon_read_last_stats(struct drcl_view *view, struct drcl_damon *d);
/* Whether a scheme has a limit, so that the kernel has an effective quota to tell. */
bool drcl_damon_has_quota(const struct drcl_view *view, const struct drcl_damon *d);
void drcl_damon_read_effective(struct drcl_view *view, struct drcl_damon *d);
/* Intervals that the kernel has tuned. */
void drcl_damon_read_intervals(struct drcl_view *view, struct drcl_damon *d);
/* The kernel has begun anew: its counters are zero. */
void drcl_damon_reset_stats(struct drcl_damon *d);

/* regions.c: the kernel was asked for the regions, with that result; reads a few of them, and lays them out when it has
 * them all, which it tells with 1. */
void drcl_damon_begin_regions(struct drcl_view *view, struct drcl_damon *d, int result);
int drcl_damon_go_on_regions(struct drcl_view *view, struct drcl_damon *d);

/* filters.c: whether the filters of the schemes are decided: the kernel passes over what it does not know. */
int drcl_damon_check_filters(struct drcl_view *view, const struct drcl_damon *d);

/* excluded.c */
int drcl_damon_exclude(void *backend, const struct damon_reclaim_exclusion *exclusions, size_t n);
/* Whether what is excluded can be, with these targets and schemes. */
int drcl_damon_check_exclusions(struct drcl_view *view, struct drcl_damon *d);
/* Looks which cgroups there are. */
int drcl_damon_list_exclusions(struct drcl_view *view, struct drcl_damon *d);
/* Looks again, if not @at_once then not too often: whether there are others now. */
bool drcl_damon_exclusions_moved(struct drcl_view *view, struct drcl_damon *d, bool at_once);
/* Whether a configuration was refused, which @result tells, because such a cgroup has gone since it was listed: it is
 * to be given once more. */
bool drcl_damon_is_outrun(struct drcl_view *view, struct drcl_damon *d, int result);

/* precise.c: what monitor_only needs, the pages, and the operations for it. */
int drcl_damon_open_pages(struct drcl_damon *d);
void drcl_damon_close_pages(struct drcl_damon *d);
void drcl_damon_forget_pages(struct drcl_damon *d);

/* snapshot.c: the schemes act on the regions that were read, and once more on what is left of them. */
int drcl_damon_act(struct drcl_view *view, struct drcl_damon *d);
int drcl_damon_act_again(struct drcl_view *view, struct drcl_damon *d);

/* backend.c */
int drcl_damon_target_add(void *backend, uint32_t id, pid_t pid, int pidfd);
void drcl_damon_target_remove(void *backend, uint32_t id);
int drcl_damon_ranges(void *backend, uint32_t id, struct damon_reclaim_range *found, size_t capacity, size_t *ret_n);
void drcl_damon_destroy(void *backend);
enum drcl_damon_operations drcl_damon_operations(struct drcl_view *view, const struct drcl_damon *d);
/* Whether the operations can do what is asked for: watch these targets, decide the filters of the schemes, exclude what
 * is excluded. */
int drcl_damon_check(struct drcl_view *view, struct drcl_damon *d);
const char *drcl_damon_operations_name(enum drcl_damon_operations operations);

int drcl_damon_probe(struct drcl_env *env, const struct damon_reclaim_config *config, char *text, size_t size);

extern const struct drcl_driver drcl_damon_driver;

#endif
