/* SPDX-License-Identifier: MIT */
/**
 * @file damon_reclaim.h
 * The whole public interface of libdamonreclaim.
 *
 * The library finds memory that nobody has accessed for a while, and reclaims it under limits. It does in user space
 * what the kernel module DAMON_RECLAIM does.
 *
 * These rules hold for every function:
 *
 * - **Errors.** A function that can fail returns 0 on success, or a count where stated, and a negative errno on
 *   failure. A function that fails changes nothing, unless its description says otherwise. It leaves its `ret_`
 *   parameters alone. damon_reclaim_last_error() then names the culprit (the parameter, the file or the process) and
 *   the cure.
 * - **Threads.** One thread at a time may use a context. Contexts are independent of each other. There are two
 *   exceptions: any thread or signal handler may call damon_reclaim_stop() and damon_reclaim_wake() while the context
 *   exists. Everything else, also reading statistics, waits until damon_reclaim_run() has returned, or is done in a
 *   callback: damon_reclaim_wake() makes the library call `woken`, on the thread that has the context, which may
 *   commit parameters, or copy statistics to where other threads find them. The library starts no thread, installs no
 *   signal handler and has no mutable global variable.
 * - **Growing structs.** If the first member of a struct is `size`, the caller sets it to the `sizeof` of the struct.
 *   Later versions append members. A member that the caller's version does not have gets its default. A non-zero
 *   member that the library does not know is refused with -E2BIG. The library never writes past `size`. A size that
 *   no version of a struct can have (above 4096, or too small for itself) is refused with -EINVAL, because it was
 *   probably never set.
 * - **Structs that do not grow.** Structs without `size` stand in arrays or inside of other structs. Their members
 *   `reserved` and `reserved0`, and those of all other structs, are 0 in what the library returns, and must be 0 in
 *   what you pass in; else they are refused with -E2BIG. A later version may give them a meaning, for which 0 is the
 *   default. So set a struct to 0 before you fill it in: `struct damon_reclaim_filter filter = {0};`.
 * - **Enums.** Members and arguments that hold a value of an enum are `uint32_t`, because later versions may add
 * values. Be prepared for values that you do not know. What the library does not know, it refuses with -EINVAL: values
 * and bits of flags.
 * - **Fork.** A context belongs to the process that made it. In a forked child, damon_reclaim_enable(), commit,
 *   dispatch and run, and all that changes an enabled context, return -EPERM; damon_reclaim_unref() frees the memory
 *   and leaves the rest to the parent.
 * - **Strings.** The library copies strings that you pass in. Strings that it returns belong to the library; each
 *   function says how long they are valid.
 * - **Names of enums.** A function `..._name()` returns the name of a value, as features, metrics and the command line
 *   write it. The name is valid forever. For a number that is not in the enum it returns NULL. To list all names, count
 *   up from 0 until it returns NULL (except for log levels, whose numbers have gaps). A function `..._from_name()` does
 *   the opposite: it returns 0, or -ENOENT for an unknown name.
 * - **Addresses and sizes** are in bytes, and 64 bits wide on every platform. Ranges are half open: `[start, end)`.
 */
#ifndef DAMON_RECLAIM_H
#define DAMON_RECLAIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Marks a public function. */
#if defined(__GNUC__)
#define DAMON_RECLAIM_API __attribute__((visibility("default")))
#else
#define DAMON_RECLAIM_API
#endif

/**
 * @defgroup version Version and features
 * The version of this library, and what this build of it can do.
 * @{
 */

#define DAMON_RECLAIM_VERSION_MAJOR 0 /**< incompatible changes */
#define DAMON_RECLAIM_VERSION_MINOR 1 /**< additions */
#define DAMON_RECLAIM_VERSION_PATCH 0 /**< repairs */

/** The version of the header that a program was compiled with. Compare it with damon_reclaim_version(). */
#define DAMON_RECLAIM_VERSION                                                                                          \
    ((DAMON_RECLAIM_VERSION_MAJOR << 16) | (DAMON_RECLAIM_VERSION_MINOR << 8) | DAMON_RECLAIM_VERSION_PATCH)

/** The version of the library that is running, as major << 16 | minor << 8 | patch. */
DAMON_RECLAIM_API unsigned int damon_reclaim_version(void);

/** The version of the library that is running, as text: "major.minor.patch". Valid forever. */
DAMON_RECLAIM_API const char *damon_reclaim_version_string(void);

/**
 * Checks whether this build has a feature.
 * @param name for example "backend:damon", "backend:sim", "action:pageout" or "filter:anon"; damon_reclaim_feature()
 *             lists all of them
 * @return true if this build has the feature; false if it does not, or if the name is unknown
 */
DAMON_RECLAIM_API bool damon_reclaim_has_feature(const char *name);

/** The name of feature number @p index. Valid forever. NULL past the last one. */
DAMON_RECLAIM_API const char *damon_reclaim_feature(size_t index);

/** @} */

/** A context: one reclaimer with its parameters, targets, schemes, regions and backend. */
struct damon_reclaim;
/** Contexts that wake together; see @ref groups. */
struct damon_reclaim_group;
struct damon_reclaim_exclusion;

/**
 * A half-open range of addresses in bytes.
 * @ingroup targets
 */
struct damon_reclaim_range {
    uint64_t start; /**< first byte */
    uint64_t end;   /**< one past the last byte */
};

/**
 * @defgroup schemes Schemes, quotas, watermarks and filters
 * A scheme says what is done to which regions. Scheme number 0 is the reclaim scheme. The library makes it from the
 * parameters (@ref params). A program may add schemes of its own. They behave like the schemes of the kernel's DAMON
 * (`Documentation/mm/damon/design.rst` in the kernel's source).
 * @{
 */

/** The number of the reclaim scheme. It always exists. */
#define DAMON_RECLAIM_SCHEME_RECLAIM 0u

/** What a scheme does to a region that it matches. */
enum damon_reclaim_action {
    DAMON_RECLAIM_ACTION_PAGEOUT = 0, /**< reclaim it now */
    DAMON_RECLAIM_ACTION_COLD = 1,    /**< make it the first to be reclaimed when memory gets scarce */
    DAMON_RECLAIM_ACTION_STAT = 2     /**< count it, change nothing */
};

/** "pageout", "cold", "stat"; NULL if the number is not in the enum. */
DAMON_RECLAIM_API const char *damon_reclaim_action_name(uint32_t action);

/** What a filter checks. The first two are applied to regions, the others to single pages. */
enum damon_reclaim_filter_type {
    DAMON_RECLAIM_FILTER_ADDR = 0,          /**< addresses in [start, end) */
    DAMON_RECLAIM_FILTER_TARGET = 1,        /**< memory of the target `target` */
    DAMON_RECLAIM_FILTER_ANON = 2,          /**< anonymous pages */
    DAMON_RECLAIM_FILTER_ACTIVE = 3,        /**< pages on an active list */
    DAMON_RECLAIM_FILTER_MEMCG = 4,         /**< pages charged to the cgroup, but not to cgroups below it */
    DAMON_RECLAIM_FILTER_YOUNG = 5,         /**< pages accessed since they were last checked */
    DAMON_RECLAIM_FILTER_HUGEPAGE_SIZE = 6, /**< pages of `start` to `end` bytes, both included */
    DAMON_RECLAIM_FILTER_UNMAPPED = 7       /**< pages that no process maps */
};

/** "addr", "target", "anon", ...; NULL if the number is not in the enum. */
DAMON_RECLAIM_API const char *damon_reclaim_filter_name(uint32_t type);

/** The type of that name. @return 0, -ENOENT, or -EINVAL (NULL) */
DAMON_RECLAIM_API int damon_reclaim_filter_from_name(const char *name, uint32_t *ret_type);

/** A filter. The first filter that matches decides. If none matches, the opposite of the last filter's `allow` applies.
 */
struct damon_reclaim_filter {
    uint32_t type;          /**< enum damon_reclaim_filter_type: what it checks */
    uint32_t target;        /**< for TARGET: the number of the target */
    bool matching;          /**< true: it matches memory of the type; false: it matches all other memory */
    bool allow;             /**< true: act on memory that matches; false: leave it alone */
    uint8_t reserved0[6];   /**< 0 */
    uint64_t start;         /**< for ADDR and HUGEPAGE_SIZE */
    uint64_t end;           /**< for ADDR and HUGEPAGE_SIZE */
    uint64_t memcg;         /**< for MEMCG: inode number of the cgroup's directory; 0: use `memcg_path` */
    const char *memcg_path; /**< for MEMCG: path of the cgroup below /sys/fs/cgroup, "/" for the root. It is looked up
                                 once, when the filter is set. A filter that the library passes has only `memcg` */
    uint64_t reserved[3];   /**< 0 */
};

/** What a goal measures. */
enum damon_reclaim_goal_metric {
    DAMON_RECLAIM_GOAL_USER_INPUT = 0,     /**< the `current` that the program reports */
    DAMON_RECLAIM_GOAL_SOME_MEM_PSI_US = 1 /**< growth of `some` memory pressure per window, in us */
};

/** "user_input", "some_mem_psi_us"; NULL if the number is not in the enum. */
DAMON_RECLAIM_API const char *damon_reclaim_goal_metric_name(uint32_t metric);

/** How goals change the quota. */
enum damon_reclaim_goal_tuner {
    DAMON_RECLAIM_TUNER_CONSIST = 0, /**< in proportion to the distance from the goal */
    DAMON_RECLAIM_TUNER_TEMPORAL = 1 /**< the whole quota until the goal is reached, then nothing */
};

/** "consist", "temporal"; NULL if the number is not in the enum. */
DAMON_RECLAIM_API const char *damon_reclaim_goal_tuner_name(uint32_t tuner);

/** A goal: the measured value `current` should reach `target`. */
struct damon_reclaim_goal {
    uint32_t metric;      /**< enum damon_reclaim_goal_metric: what is measured */
    uint32_t reserved0;   /**< 0 */
    uint64_t target;      /**< the value to reach, not 0 */
    uint64_t current;     /**< for USER_INPUT: the value now */
    uint64_t reserved[4]; /**< 0 */
};

/** The limits of a scheme. A limit of 0 means no limit. */
struct damon_reclaim_quota {
    uint64_t ms;                 /**< time per window, ms */
    uint64_t sz;                 /**< bytes per window */
    uint64_t reset_interval_ms;  /**< length of a window, ms; 0: 1000 */
    uint32_t weight_sz;          /**< weight of the size in the priority of a region; for the backend "damon" alone,
                                      which passes it to the kernel */
    uint32_t weight_nr_accesses; /**< weight of the access frequency in the priority */
    uint32_t weight_age;         /**< weight of the age in the priority. If all are 0, all regions have the same
                                      priority */
    uint32_t fail_charge_num;    /**< charge for bytes that were tried and not reclaimed: num / denom of their size */
    uint32_t fail_charge_denom;  /**< 0: charge their full size */
    uint32_t tuner;              /**< enum damon_reclaim_goal_tuner: how the goals change the quota */
    const struct damon_reclaim_goal *goals; /**< goals, or NULL */
    size_t nr_goals;                        /**< how many, at most 8 */
    uint64_t reserved[4];                   /**< 0 */
};

/** When a scheme is active: limits of free memory, in permille of the total. If all are 0, it is always active. */
struct damon_reclaim_watermarks {
    uint64_t interval_us; /**< time between checks while inactive, us */
    uint32_t high;        /**< above: inactive */
    uint32_t mid;         /**< at or below, but not below `low`: becomes active */
    uint32_t low;         /**< below: inactive */
    uint32_t reserved0;   /**< 0 */
    uint64_t reserved[2]; /**< 0 */
};

/** A scheme of the program. */
struct damon_reclaim_scheme {
    size_t size;                                /**< sizeof(struct damon_reclaim_scheme) */
    uint64_t min_sz;                            /**< least size of a region, bytes */
    uint64_t max_sz;                            /**< greatest size of a region, bytes; 0: any */
    uint32_t min_nr_accesses;                   /**< least number of samples with an access in an aggregation */
    uint32_t max_nr_accesses;                   /**< greatest number; UINT32_MAX: any */
    uint64_t min_age_us;                        /**< least age, us */
    uint64_t max_age_us;                        /**< greatest age, us; 0: any */
    uint32_t action;                            /**< enum damon_reclaim_action: what to do */
    uint32_t reserved0;                         /**< 0 */
    uint64_t apply_interval_us;                 /**< how often; 0: in each aggregation */
    struct damon_reclaim_quota quota;           /**< limits */
    struct damon_reclaim_watermarks watermarks; /**< when it is active */
    const struct damon_reclaim_filter *filters; /**< filters, or NULL */
    size_t nr_filters;                          /**< how many, at most 32 */
};

/** @} */

/**
 * @defgroup callbacks Callbacks
 * The library calls them only inside damon_reclaim_dispatch() and damon_reclaim_run(). For changes of state it also
 * calls them inside damon_reclaim_enable(), damon_reclaim_disable() and damon_reclaim_commit(). A callback may use the
 * context, and may call damon_reclaim_unref(). A nested damon_reclaim_dispatch() is refused with -EBUSY. Any callback
 * may be NULL. A callback, and any other function that you give the library, must return: if an exception or longjmp()
 * leaves it, the context cannot be used any more, nor freed.
 * @{
 */

/** A region: a range of addresses with the same access pattern. */
struct damon_reclaim_region {
    uint64_t start;       /**< first byte */
    uint64_t end;         /**< one past the last byte */
    uint32_t target;      /**< number of the target it belongs to */
    uint32_t nr_accesses; /**< samples of the last aggregation that found an access */
    uint32_t age;         /**< number of aggregations for which the pattern has lasted */
    uint32_t reserved0;   /**< 0 */
    uint64_t reserved[2]; /**< 0 */
};

/** The result of an attempt on a region. All members but `end` are in bytes. */
struct damon_reclaim_result {
    size_t size;              /**< sizeof(struct damon_reclaim_result), set by whoever provides it */
    uint64_t end;             /**< the attempt covered [start, end): less than the request if a limit stopped it */
    uint64_t tried;           /**< handed to the kernel; the quota is charged with this */
    uint64_t reclaimed;       /**< the part of `tried` that is free, as measured afterwards */
    uint64_t filter_passed;   /**< allowed by the page filters */
    uint64_t accessed;        /**< left alone: accessed since the region was marked */
    uint64_t absent;          /**< not resident: never touched, or already reclaimed */
    uint64_t not_reclaimable; /**< locked, shared with other processes, hugetlb, the kernel's, or without swap */
    uint64_t swapcached;      /**< the part of `tried` that is in the swap cache, and not free yet: it is being written
                                   to the swap device, or was. It becomes free with release() */
};

/** What a context does. */
enum damon_reclaim_state {
    DAMON_RECLAIM_STATE_DISABLED = 0, /**< not enabled: it does nothing */
    DAMON_RECLAIM_STATE_INACTIVE = 1, /**< enabled, but watermarks keep it from working */
    DAMON_RECLAIM_STATE_ACTIVE = 2    /**< it monitors and reclaims */
};

/** "disabled", "inactive", "active"; NULL if the number is not in the enum. */
DAMON_RECLAIM_API const char *damon_reclaim_state_name(uint32_t state);

/** Why a context is in its state. */
enum damon_reclaim_reason {
    DAMON_RECLAIM_REASON_REQUESTED = 0,          /**< the program requested it */
    DAMON_RECLAIM_REASON_WMARK_HIGH = 1,         /**< free memory is above the high watermark */
    DAMON_RECLAIM_REASON_WMARK_MID = 2,          /**< inactive: free memory is between mid and high, and was above high
                                                      before; active: it is at or below mid */
    DAMON_RECLAIM_REASON_WMARK_LOW = 3,          /**< free memory is below the low watermark */
    DAMON_RECLAIM_REASON_INVALID_PARAMETERS = 4, /**< a commit was refused */
    DAMON_RECLAIM_REASON_NO_TARGET = 5,          /**< the last target is gone */
    DAMON_RECLAIM_REASON_BACKEND = 6             /**< the backend failed; see damon_reclaim_last_error() */
};

/** "requested", "wmark_high", "wmark_mid", "wmark_low", "invalid_parameters", "no_target", "backend"; NULL if the
 * number is not in the enum. */
DAMON_RECLAIM_API const char *damon_reclaim_reason_name(uint32_t reason);

/** A change of state. */
struct damon_reclaim_event {
    size_t size;            /**< sizeof as the library knows it */
    uint32_t state;         /**< enum damon_reclaim_state: the new state */
    uint32_t reason;        /**< enum damon_reclaim_reason: why */
    uint32_t free_permille; /**< for the WMARK reasons: the free memory that was found */
    uint32_t reserved0;     /**< 0 */
    const char *text;       /**< one line of text for people; valid until the callback returns */
};

/** How important a log line is. The numbers are those of syslog. */
enum damon_reclaim_log_level {
    DAMON_RECLAIM_LOG_ERROR = 3,   /**< something failed */
    DAMON_RECLAIM_LOG_WARNING = 4, /**< something is wrong, but the work continues */
    DAMON_RECLAIM_LOG_INFO = 6,    /**< changes of state */
    DAMON_RECLAIM_LOG_DEBUG = 7    /**< for developers */
};

/** "error", "warning", "info", "debug"; NULL if the number is not in the enum. */
DAMON_RECLAIM_API const char *damon_reclaim_log_level_name(uint32_t level);

/** The level of that name. @return 0, -ENOENT, or -EINVAL (NULL) */
DAMON_RECLAIM_API int damon_reclaim_log_level_from_name(const char *name, uint32_t *ret_level);

/** The callbacks of a context. @p userdata is that of the context. */
struct damon_reclaim_callbacks {
    size_t size; /**< sizeof(struct damon_reclaim_callbacks) */
    /** Called after each aggregation, before the schemes act. Regions and statistics are up to date. If the kernel's
     * DAMON monitors, it is called each time that they were read: about once a second while active. */
    void (*after_aggregation)(struct damon_reclaim *ctx, void *userdata);
    /** Called before a scheme acts on a region. @return false to leave the region alone this time; it keeps its age. If
     * the kernel reclaims, it cannot be called, and enabling fails with -EOPNOTSUPP. */
    bool (*before_reclaim)(struct damon_reclaim *ctx, uint32_t scheme, const struct damon_reclaim_region *region,
                           void *userdata);
    /** Called after a scheme has acted on a region. If the kernel reclaims, it is not called, because the kernel does
     * not report single regions; see the statistics. */
    void (*after_reclaim)(struct damon_reclaim *ctx, uint32_t scheme, const struct damon_reclaim_region *region,
                          const struct damon_reclaim_result *result, void *userdata);
    /** Called after a change of state. */
    void (*state_changed)(struct damon_reclaim *ctx, const struct damon_reclaim_event *event, void *userdata);
    /** Called when the process of a target has exited. The target is already removed. */
    void (*target_gone)(struct damon_reclaim *ctx, uint32_t target, pid_t pid, void *userdata);
    /** Called with a line of the log, without newline, which is valid until the callback returns. Any function of the
     * library may call it, also damon_reclaim_new() (with @p ctx NULL). Unlike the other callbacks, it must not call
     * the library. Without it nothing is logged: the library never prints. */
    void (*log)(struct damon_reclaim *ctx, uint32_t level, const char *text, void *userdata);
    /** Called when memory that a scheme has reclaimed is free at last: @p bytes of what results have counted as
     * `swapcached`. */
    void (*after_release)(struct damon_reclaim *ctx, uint32_t scheme, uint32_t target, uint64_t bytes, void *userdata);
    /** Called after damon_reclaim_wake(), once for any number of calls, on the thread that dispatches. */
    void (*woken)(struct damon_reclaim *ctx, void *userdata);
};

/** @} */

/**
 * @defgroup operations Operations of the program
 * The library does everything outside of itself through two tables of functions: a backend, and the system calls. A
 * program can supply its own table: of a backend for another kind of memory, of system calls for privilege separation
 * or for tests.
 * @{
 */

/** What a backend can do: bits of damon_reclaim_backend_ops::features. */
enum damon_reclaim_backend_feature {
    /** reclaim() looks at single pages, keeps to `max_bytes` and `deadline_ns`, and may stop early */
    DAMON_RECLAIM_BACKEND_PAGE_PRECISE = 1 << 0,
    /** targets are processes; a target without a pid is refused */
    DAMON_RECLAIM_BACKEND_NEEDS_PID = 1 << 1,
    /** it needs no added target: the memory of the backend is one target with the number 0 */
    DAMON_RECLAIM_BACKEND_WHOLE = 1 << 2,
    /** an access stays seen from prepare() until check(), however long that takes. The library may then check less
     * often than once every `sample_interval`; see DAMON_RECLAIM_EVERY_SAMPLE */
    DAMON_RECLAIM_BACKEND_ACCESSES_STAY = 1 << 3
};

/** What the engine asks a backend to act on. */
struct damon_reclaim_request {
    size_t size;          /**< sizeof as the library knows it */
    uint32_t target;      /**< number of the target */
    uint32_t scheme;      /**< number of the scheme */
    uint32_t action;      /**< PAGEOUT or COLD; STAT never reaches a backend */
    bool marked;          /**< true: mark() was called for the whole range; leave alone pages that were accessed since.
                                                false: act on all pages */
    uint8_t reserved0[3]; /**< 0 */
    uint64_t start;       /**< first byte */
    uint64_t end;         /**< one past the last byte */
    uint64_t limit_end;   /**< a huge page that begins before `end` may be reclaimed up to here */
    uint64_t max_bytes;   /**< try at most this many bytes */
    uint64_t deadline_ns; /**< stop when the clock of the context has reached this; 0: no deadline */
    const struct damon_reclaim_filter *filters; /**< the filters to apply to each page */
    size_t nr_filters;                          /**< how many */
};

/** What became of memory of a target that was in the swap cache. */
struct damon_reclaim_released {
    size_t size;        /**< sizeof as the library knows it */
    uint32_t target;    /**< number of the target */
    uint32_t reserved0; /**< 0 */
    uint64_t freed;     /**< bytes that are free now */
    uint64_t returned;  /**< bytes that are in use again */
};

/** Takes the findings of release(). @p data is what release() was given. */
typedef void damon_reclaim_released_fn(void *data, const struct damon_reclaim_released *released);

/** The state of the system's memory. */
struct damon_reclaim_metrics {
    size_t size;            /**< sizeof as the library knows it */
    uint32_t free_permille; /**< free pages x 1000 / total pages */
    bool psi_valid;         /**< whether `psi_some_us` is known */
    uint8_t reserved0[3];   /**< 0 */
    uint64_t psi_some_us;   /**< total time of `some` memory pressure since boot, us */
};

/**
 * A backend. @p backend is config.backend_data. `name`, ranges(), prepare(), check() and reclaim() must be set; every
 * other member may be 0 or NULL. The library calls the functions from the thread that uses the context. A function
 * returns 0 or a negative errno, see below.
 *
 * They come in this order: target_add() at any time, for each target; enable(); then ranges(), prepare(), check(),
 * mark(), reclaim() and release() for the targets that were added, until disable(); target_remove() at any time, at the
 * latest when the context is freed; destroy() at the very end. Bounds of ranges that the library passes are multiples
 * of `min_region_size`. A struct that the library passes has the `size` that the library knows. Only a backend that was
 * compiled with a newer header must check it, before it reads a member that the older one does not have.
 *
 * - -ESRCH from prepare, check, mark, ranges or reclaim: the target is gone. The library removes it and continues.
 * - -ENOMEM, -EINTR and -EAGAIN, and any error of metrics(): the failure is temporary. The library skips the step this
 * time.
 * - Any other error disables the context with DAMON_RECLAIM_REASON_BACKEND.
 */
struct damon_reclaim_backend_ops {
    size_t size;              /**< sizeof(struct damon_reclaim_backend_ops) */
    const char *name;         /**< for messages; copied */
    uint32_t features;        /**< enum damon_reclaim_backend_feature */
    uint32_t filters;         /**< page filters that it can apply: bits 1 << enum damon_reclaim_filter_type. ADDR and
                                   TARGET are not among them: the library applies these itself */
    uint32_t min_region_size; /**< alignment of regions in bytes, a power of two; 0: 4096 */
    uint32_t huge_size;       /**< size of huge pages, a power of two; 0: min_region_size. A region that is trimmed to
                                   the quota preferably ends at a multiple of it. With
                                   DAMON_RECLAIM_BACKEND_PAGE_PRECISE, boundaries of idle regions are aligned to it */

    /** Optional: called once, when the context is freed. */
    void (*destroy)(void *backend);
    /** Optional: monitoring starts. */
    int (*enable)(void *backend);
    /** Optional: monitoring stops. It undoes what enable() set up. */
    void (*disable)(void *backend);

    /** Optional: a target was added. For a target without a process, @p pid is 0 and @p pidfd is -1. The library owns
     * @p pidfd. */
    int (*target_add)(void *backend, uint32_t target, pid_t pid, int pidfd);
    /** Optional: a target was removed. */
    void (*target_remove)(void *backend, uint32_t target);
    /**
     * Lists the memory of a target that was added without ranges, in ascending order and without overlap.
     * @param ranges  an array of @p capacity ranges to fill
     * @param ret_n   the number of ranges. If it exceeds @p capacity, the function need not write any; the library
     * calls it again with a larger array
     */
    int (*ranges)(void *backend, uint32_t target, struct damon_reclaim_range *ranges, size_t capacity, size_t *ret_n);

    /** Starts to watch @p n addresses, one in each region. The array stays valid until check(). */
    int (*prepare)(void *backend, uint32_t target, const uint64_t *addrs, size_t n);
    /** Checks whether the addresses of the last prepare() (or those that are left) were accessed since. It sets
     * accessed[i] to 1 or 0. */
    int (*check)(void *backend, uint32_t target, const uint64_t *addrs, size_t n, uint8_t *accessed);
    /** Optional: starts to watch every page of a range that may become a candidate. If it is set, a range is reclaimed
     * at least one aggregation after it was marked. */
    int (*mark)(void *backend, uint32_t target, uint64_t start, uint64_t end);
    /** Acts on a range. All members of @p ret_result are 0, except `size` and `end` (the end of the request). */
    int (*reclaim)(void *backend, const struct damon_reclaim_request *request, struct damon_reclaim_result *ret_result);
    /** Optional: reads the state of the system's memory. Without it the library reads /proc. */
    int (*metrics)(void *backend, struct damon_reclaim_metrics *ret_metrics);

    /** Optional: replaces the list of exclusions (damon_reclaim_set_exclusions()). The list is valid during the call.
     * The function can ignore ranges in it, because the library handles them. It returns -EOPNOTSUPP if the list has a
     * type that it does not know. Without it, processes, commands and cgroups cannot be excluded. */
    int (*exclude)(void *backend, const struct damon_reclaim_exclusion *exclusions, size_t n);

    /** Optional, set both or neither: a clock of the backend. now() returns the time in ns. advance() moves the time to
     * @p until_ns. With such a clock, no time of the real world needs to pass. */
    uint64_t (*now)(void *backend);
    /** Moves the time; see now(). */
    int (*advance)(void *backend, uint64_t until_ns);

    /** Optional: frees memory that reclaim() has counted as `swapcached` for this scheme, as far as it can be freed
     * now, and reports what became of it since the last call, whoever freed it. The library calls it before it applies
     * the scheme, as long as there is such memory.
     * @param deadline_ns  stop when the clock of the context has reached this; 0: no deadline
     * @param report       to be called any number of times, with @p data
     */
    int (*release)(void *backend, uint32_t scheme, uint64_t deadline_ns, damon_reclaim_released_fn *report, void *data);
};

struct pollfd;

/** What fstat(2) says of a file. */
struct damon_reclaim_file {
    size_t size;       /**< sizeof(struct damon_reclaim_file); set by the caller */
    uint32_t mode;     /**< type and permissions, as in st_mode */
    uint32_t uid;      /**< owner */
    uint64_t nr_links; /**< names */
};

/** Bits of damon_reclaim_system_ops::flags. */
enum damon_reclaim_system_flag {
    /** The descriptors that the table's functions return are real descriptors of this process, so that the library can
     * make the real call in place of a function that the table does not have. */
    DAMON_RECLAIM_SYSTEM_REST_IS_REAL = 1 << 0,
    /** `open` opens files of the kernel in this process, as the real one does, and only handles some of them in another
     * way. As REST_IS_REAL; and the library also uses the real writer, and takes /proc/self for this process. */
    DAMON_RECLAIM_SYSTEM_OPENS_HERE = 1 << 1
};

/**
 * System calls. Every system call of the library that can fail goes through this table. (Those that cannot fail, like
 * getpid(), do not.) A table with a function that makes descriptors (open, create, pidfd_open, timer_new) has
 * descriptors of its own: what it lacks fails with -ENOSYS, but for clock(), unless `flags` says that the rest is
 * real. In a table without such a function a member that is NULL is the real call. Each function returns
 * what the system call returns, or a negative errno. @p data is config.system_data. Paths already begin with
 * config.root.
 */
struct damon_reclaim_system_ops {
    size_t size;                                          /**< sizeof(struct damon_reclaim_system_ops) */
    uint32_t flags;                                       /**< enum damon_reclaim_system_flag */
    uint32_t reserved0;                                   /**< 0 */
    int (*open)(void *data, const char *path, int flags); /**< O_CLOEXEC is always among the flags */
    int (*close)(void *data, int fd);                     /**< closes what open, pidfd_open or timer_new returned */
    ssize_t (*pread)(void *data, int fd, void *buf, size_t len, uint64_t offset);        /**< pread(2) */
    ssize_t (*pwrite)(void *data, int fd, const void *buf, size_t len, uint64_t offset); /**< pwrite(2) */
    /** PAGEMAP_SCAN on a /proc/PID/pagemap that open returned: finds the first range of present pages in [start, end).
     * Returns 1 and sets @p ret_range, or 0 if there is none; -ENOTTY if the kernel has no such call. */
    int (*scan_present)(void *data, int fd, uint64_t start, uint64_t end, struct damon_reclaim_range *ret_range);
    /** process_madvise(2), without flags. Returns the number of bytes that were advised. It may do a part of the
     * ranges. -EOVERFLOW: the first range is beyond what a pointer of this program reaches. */
    ssize_t (*process_madvise)(void *data, int pidfd, const struct damon_reclaim_range *ranges, size_t n, int advice);
    int (*pidfd_open)(void *data, pid_t pid);                                    /**< pidfd_open(2), without flags */
    int (*poll)(void *data, struct pollfd *fds, unsigned int n, int timeout_ms); /**< poll(2) */
    int (*timer_new)(void *data); /**< makes a timer that can be polled (timerfd), CLOCK_MONOTONIC */
    int (*timer_set)(void *data, int fd, uint64_t deadline_ns); /**< absolute time, 0: never; also clears an expiry */
    int (*clock)(void *data, clockid_t id, uint64_t *ret_ns);   /**< CLOCK_MONOTONIC, CLOCK_THREAD_CPUTIME_ID */
    int (*create)(void *data, const char *path,
                  unsigned int mode); /**< open(2), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW */
    int (*lock)(void *data, int fd);  /**< flock(2), LOCK_EX | LOCK_NB: -EWOULDBLOCK if somebody else holds it */
    int (*unlink)(void *data, const char *path); /**< unlink(2) */
    ssize_t (*getdents)(void *data, int fd, void *buf,
                        size_t len);                       /**< getdents64(2), on a directory that open returned */
    int (*inode)(void *data, int fd, uint64_t *ret_inode); /**< the inode number that fstat(2) returns */

    /** A writer writes to files that answer late, without waiting for them. Set all four of its functions or none. The
     * real ones use io_uring. A table with its own `open` and without these has no writer, unless it has the flag
     * OPENS_HERE. writer_new() makes a writer. If it returns -ENOSYS or -EPERM, the library uses pwrite(), which waits.
     */
    int (*writer_new)(void *data, void **ret_writer);
    /** Starts a write at offset 0. There is one write at a time. @p buf and @p fd stay valid until its result is known.
     */
    int (*writer_start)(void *data, void *writer, int fd, const void *buf, size_t len);
    /** Returns -EAGAIN until the write has ended, then 0. @p ret_n is then what pwrite() would have returned. */
    int (*writer_result)(void *data, void *writer, ssize_t *ret_n);
    void (*writer_free)(void *data, void *writer); /**< frees the writer */

    /** fcntl(2), F_OFD_SETLK: locks @p len bytes from @p start on. @p type is F_RDLCK, F_WRLCK or F_UNLCK. If somebody
     * else's lock is in the way it returns -EAGAIN, and the length of that lock in @p ret_other (F_OFD_GETLK), or 0 if
     * that lock is gone. The library locks the idle-page bitmap in this way; without this function it does not notice
     * other users of the bitmap. */
    int (*lock_range)(void *data, int fd, int type, uint64_t start, uint64_t len, uint64_t *ret_other);
    /** fstat(2). Without this function the library does not check whose the record in /run is. */
    int (*status)(void *data, int fd, struct damon_reclaim_file *ret_file);
    int (*mkdir)(void *data, const char *path, unsigned int mode); /**< mkdir(2), for the record's directory */
};

/** Memory for the library. Set both functions or neither. They must not throw or jump. */
struct damon_reclaim_allocator {
    size_t size;                                           /**< sizeof(struct damon_reclaim_allocator) */
    void *(*realloc)(void *data, void *ptr, size_t bytes); /**< like realloc(3); @p bytes is never 0 */
    void (*free)(void *data, void *ptr);                   /**< like free(3) */
    void *data;                                            /**< passed to both */
};

/** @} */

/**
 * @defgroup context Contexts
 * A context is one reclaimer: it has a backend, parameters and targets, and is independent of all others.
 * @{
 */

/** How the simulated memory behaves; see @ref sim. */
struct damon_reclaim_sim_config {
    size_t size;                  /**< sizeof(struct damon_reclaim_sim_config) */
    const char *workload;         /**< the text of a workload (not a path), or NULL for the built-in one */
    size_t workload_len;          /**< its length; 0: up to the NUL */
    const char *workload_name;    /**< its name in messages, for example the path of its file */
    uint64_t accesses_per_second; /**< 0: 1,000,000 */
    uint64_t memory_bytes; /**< memory of the simulated machine, for watermarks; 0: 5/4 of the workload's memory */
    uint64_t reclaim_ns;   /**< time to reclaim a page; 0: 10,000 */
    uint64_t refault_ns;   /**< time of a refault; 0: 50,000 */
    uint64_t check_ns;     /**< time to check a page before it is reclaimed; 0: 50 */
};

/** Bits of damon_reclaim_damon_config::flags. */
enum damon_reclaim_damon_flag {
    /** If the module DAMON_STAT uses the kernel's DAMON, the library switches the module off while the context is
     * enabled, and on again afterwards. Without this flag, enabling is refused with -EBUSY. The library never takes
     * DAMON over from anybody else. */
    DAMON_RECLAIM_DAMON_TAKE_OVER = 1 << 0,
    /** The kernel only monitors. The library reads the kernel's regions; its own schemes decide, and it reclaims page
     * by page, with all callbacks. For processes only. */
    DAMON_RECLAIM_DAMON_MONITOR_ONLY = 1 << 1
};

/** How the backend "damon" uses the kernel's DAMON. To start, set `size` and leave all other members 0. */
struct damon_reclaim_damon_config {
    size_t size;            /**< sizeof(struct damon_reclaim_damon_config) */
    const char *operations; /**< "paddr", "vaddr" or "fvaddr". NULL: as the targets need. That is paddr for physical
                                 memory, fvaddr for processes with ranges, vaddr for processes without */
    uint32_t flags;         /**< enum damon_reclaim_damon_flag */
    uint32_t reserved0;     /**< 0 */
};

/** Bits of damon_reclaim_config::flags. */
enum damon_reclaim_flag {
    /** If a commit is invalid, the old parameters stay in effect. Without this flag the reclaimer is disabled, as the
     * module does. */
    DAMON_RECLAIM_KEEP_ON_INVALID = 1 << 0,
    /** The context may be enabled without targets, and stays enabled when the last one goes: targets can be added
     * later. While there are none, it watches nothing, even if the backend otherwise watches all memory without
     * targets. */
    DAMON_RECLAIM_ALLOW_NO_TARGET = 1 << 1,
    /** The engine does not mark regions before it reclaims them, and hands them to the backend whole, as the kernel
     * does. Use this for comparison. */
    DAMON_RECLAIM_NO_MARK = 1 << 2,
    /** If `monitor_region_start` and `monitor_region_end` are not set, only the largest range of System RAM is watched,
     * as the module does. Without this flag all ranges are watched. */
    DAMON_RECLAIM_LARGEST_RAM = 1 << 3,
    /**
     * A dry run. The library monitors memory, and its schemes choose regions, but nothing is acted on. The ages of
     * regions continue.
     * - The statistics count what would be tried (`nr_tried`, `sz_tried`, `nr_reclaim_tried_regions`,
     *   `bytes_reclaim_tried_regions`). All of it counts as allowed by the page filters, because no page is
     *   checked or marked. Nothing counts as applied, reclaimed, accessed, or not reclaimable.
     * - A region that stays cold is counted again each time that the scheme comes to it.
     * - The quota is charged with the size of the region. No time is spent: a time limit is worth what the library
     *   assumes before it has measured anything, 1024 pages per ms.
     * - Callbacks are called as usual. after_reclaim() gets a result in which nothing is reclaimed.
     * - If the kernel does the work, each of its schemes gets the action "stat".
     */
    DAMON_RECLAIM_DRY_RUN = 1 << 4,
    /**
     * Checks for accesses once every `sample_interval`, as the kernel does, whatever it costs. Use this if you need
     * access frequencies: `nr_accesses` then tells how often a region is accessed.
     *
     * Without this flag the library checks less often where that is enough: if the backend has
     * DAMON_RECLAIM_BACKEND_ACCESSES_STAY, and no scheme asks how often memory is accessed, only whether it is. A check
     * that finds an access counts for all sample intervals since the check before, so that `nr_accesses` has the same
     * range.
     */
    DAMON_RECLAIM_EVERY_SAMPLE = 1 << 5
};

/** How to make a context. To start, set `size` and `backend` and leave all other members 0. */
struct damon_reclaim_config {
    size_t size;         /**< sizeof(struct damon_reclaim_config) */
    const char *backend; /**< "damon", "idle-page" or "sim"; "auto": "damon" if it is there and free, else
                              "idle-page"; NULL with `backend_ops` */
    const struct damon_reclaim_backend_ops *backend_ops; /**< a backend of the program; copied */
    void *backend_data;                                  /**< passed to its functions */
    const struct damon_reclaim_system_ops *system_ops;   /**< system calls of the program; copied; or NULL */
    void *system_data;                                   /**< passed to its functions */
    const struct damon_reclaim_allocator *allocator;     /**< copied; or NULL for malloc */
    const struct damon_reclaim_callbacks *callbacks;     /**< copied; or NULL */
    void *userdata;                                      /**< passed to the callbacks */
    const char *root;   /**< prefix for /proc, /sys and /run, or NULL; for tests and containers */
    uint64_t seed;      /**< of the random numbers; the same seed, backend and calls give the same run */
    uint32_t flags;     /**< enum damon_reclaim_flag */
    uint32_t reserved0; /**< 0 */
    const struct damon_reclaim_sim_config *sim; /**< for the backend "sim"; or NULL */
    char *error;                                /**< buffer for the text of an error of damon_reclaim_new(); or NULL.
                                                     It is not used if `size` was not set */
    size_t error_size;                          /**< size of the buffer `error` in bytes */
    const struct damon_reclaim_damon_config *damon; /**< for the backend "damon"; or NULL */
    struct damon_reclaim_group *group; /**< the group that the context is a member of, see @ref groups; or NULL */
    void *reserved1;                   /**< NULL */
};

/**
 * Makes a context. It is disabled, and all parameters have their defaults.
 * @param config     how to make it. After the call, the library uses nothing of it but the data pointers of callbacks
 * and operations
 * @param ret_ctx    the context, with one reference that the caller owns
 * @return 0; -EINVAL (bad member), -E2BIG (unknown member), -ENOENT (no such backend), -ENOMEM, or the error of the
 *         backend's start, for example -EPERM, or -ENOENT if a kernel file is missing. The text is in config->error.
 */
DAMON_RECLAIM_API int damon_reclaim_new(const struct damon_reclaim_config *config, struct damon_reclaim **ret_ctx);

/** Takes a reference. @return @p ctx, which may be NULL */
DAMON_RECLAIM_API struct damon_reclaim *damon_reclaim_ref(struct damon_reclaim *ctx);

/**
 * Drops a reference. @p ctx may be NULL. Dropping the last reference disables the context (without callbacks) and frees
 * all that it holds. Nothing is left behind in the kernel. This is safe inside a callback: the context lives until the
 * function that called the callback returns.
 * @return always NULL, for `ctx = damon_reclaim_unref(ctx)`
 */
DAMON_RECLAIM_API struct damon_reclaim *damon_reclaim_unref(struct damon_reclaim *ctx);

/** Returns the pointer that config.userdata or damon_reclaim_set_userdata() has set; NULL without a context. */
DAMON_RECLAIM_API void *damon_reclaim_get_userdata(const struct damon_reclaim *ctx);

/** Replaces the pointer that is passed to the callbacks. */
DAMON_RECLAIM_API void damon_reclaim_set_userdata(struct damon_reclaim *ctx, void *userdata);

/**
 * The text of the last error: one line without newline, which names the culprit and the cure.
 * @return a string that is valid until the next call that fails; "" if no call has failed, or without a context
 */
DAMON_RECLAIM_API const char *damon_reclaim_last_error(const struct damon_reclaim *ctx);

/**
 * What the last error is about, for programs: the parameter, argument or member that was refused, as its text begins:
 * "min_age", "target.ranges[2]", "filters[0].type", "scheme.quota.goals[1].target". A number in brackets is an index
 * from 0 on. (The texts of damon_reclaim_new() and of the functions for sets of parameters begin in the same way.)
 * @return a string that is valid until the next call that fails; "" if the error is not about one of these
 */
DAMON_RECLAIM_API const char *damon_reclaim_last_culprit(const struct damon_reclaim *ctx);

/** The name of the backend in use. Valid as long as the context. NULL without a context. */
DAMON_RECLAIM_API const char *damon_reclaim_backend_name(const struct damon_reclaim *ctx);

/** The time of the context's clock in ns: CLOCK_MONOTONIC, or the clock of the backend if it has one. 0 without
 * a context. */
DAMON_RECLAIM_API uint64_t damon_reclaim_now(const struct damon_reclaim *ctx);

/** @} */

/**
 * @defgroup params Parameters
 * The parameters of the kernel's module, with its names and units
 * (`Documentation/admin-guide/mm/damon/reclaim.rst` in the kernel's source). A program can set them as text or as a
 * struct. A value that is set is staged. damon_reclaim_commit() and damon_reclaim_enable() put all staged values into
 * effect, or none of them.
 * @{
 */

/** The type of a parameter. */
enum damon_reclaim_param_type {
    DAMON_RECLAIM_PARAM_BOOL = 0, /**< Y or N */
    DAMON_RECLAIM_PARAM_UINT = 1, /**< a number */
    DAMON_RECLAIM_PARAM_INT = 2   /**< a number that may be negative (kdamond_pid) */
};

/** The description of a parameter. Its strings are valid forever. */
struct damon_reclaim_param_info {
    size_t size;           /**< sizeof(struct damon_reclaim_param_info) */
    const char *name;      /**< name, as in the module */
    const char *unit;      /**< "us", "ms", "bytes", "permille", "bp", "regions", "address", "bool", ... */
    const char *doc;       /**< what it is for, in one line */
    uint32_t type;         /**< enum damon_reclaim_param_type: type of its value */
    bool read_only;        /**< true for counters and kdamond_pid */
    uint8_t reserved0[3];  /**< 0 */
    int64_t default_value; /**< default value */
    uint64_t min;          /**< least value */
    uint64_t max;          /**< greatest value */
};

/** The parameters that can be set, as a struct. damon_reclaim_param_describe() returns the meaning of each. */
struct damon_reclaim_params {
    size_t size;                        /**< sizeof(struct damon_reclaim_params) */
    uint64_t min_age;                   /**< us */
    uint64_t quota_ms;                  /**< ms per window; 0: no limit */
    uint64_t quota_sz;                  /**< bytes per window; 0: no limit */
    uint64_t quota_reset_interval_ms;   /**< ms */
    uint64_t quota_mem_pressure_us;     /**< us of `some` memory pressure per window; 0: off */
    uint64_t quota_autotune_feedback;   /**< bp; 0: off */
    uint64_t wmarks_interval;           /**< us */
    uint64_t wmarks_high;               /**< permille of free memory */
    uint64_t wmarks_mid;                /**< permille of free memory */
    uint64_t wmarks_low;                /**< permille of free memory */
    uint64_t sample_interval;           /**< us */
    uint64_t aggr_interval;             /**< us */
    uint64_t min_nr_regions;            /**< regions */
    uint64_t max_nr_regions;            /**< regions */
    uint64_t monitor_region_start;      /**< address / addr_unit */
    uint64_t monitor_region_end;        /**< address / addr_unit */
    uint64_t addr_unit;                 /**< bytes */
    bool skip_anon;                     /**< leave anonymous pages alone */
    bool autotune_monitoring_intervals; /**< tune sample_interval and aggr_interval */
    uint8_t reserved0[6];               /**< 0 */
};

/**
 * @name The table
 * @{
 */

/** The number of parameters in the table. */
DAMON_RECLAIM_API size_t damon_reclaim_param_count(void);

/** Describes parameter number @p index, in the order of the table. @return 0; -EINVAL past the last one, or if the size
 * is wrong. */
DAMON_RECLAIM_API int damon_reclaim_param_describe(size_t index, struct damon_reclaim_param_info *ret_info);

/** The number of a parameter in the table, for damon_reclaim_param_describe(). The name may begin with
 * "damon_reclaim.".
 * @return the number; -ENOENT (no such parameter), -EINVAL (NULL) */
DAMON_RECLAIM_API int damon_reclaim_param_find(const char *name);

/** @} */

/**
 * @name Sets of parameters without a context
 * A set is a struct that belongs to the caller. These functions fill, check and print it. They use only their
 * arguments, so several threads may call them at the same time. The caller sets `params->size`. A member that the
 * struct of an older caller does not have counts as its default.
 *
 * The text of an error goes to the buffer @p error of @p error_size bytes. It is one line that names the parameter and
 * the cure, NUL-terminated, and truncated if the buffer is too small. Without an error, the buffer is left alone. Pass
 * NULL and 0 if you do not want a text.
 * @{
 */

/** Sets all members to their defaults. @return 0; -EINVAL (NULL, or the size was not set) */
DAMON_RECLAIM_API int damon_reclaim_params_init(struct damon_reclaim_params *params);

/**
 * Sets one parameter in a set that damon_reclaim_params_init() or damon_reclaim_get_params() has filled. The value is
 * text, as for damon_reclaim_set().
 * @return 0; -ENOENT (no such parameter), -EACCES (read only), -EINVAL (malformed, or a NULL), -ERANGE (out of range),
 *         -EOPNOTSUPP (`enabled` or `commit_inputs`, which act on a context), -E2BIG (a member that
 *         the library does not know, or that the struct of an older caller does not have). On failure the set is
 * unchanged.
 */
DAMON_RECLAIM_API int damon_reclaim_params_set(struct damon_reclaim_params *params, const char *name, const char *value,
                                               char *error, size_t error_size);

/**
 * Sets all parameters of a line, or none: "min_age=5s quota_sz=1GiB". As on the kernel's command line, the words are
 * NAME=VALUE or damon_reclaim.NAME=VALUE, with blanks between them. If a name occurs twice, the last value applies.
 * @return as damon_reclaim_params_set(); the text names the word
 */
DAMON_RECLAIM_API int damon_reclaim_params_set_line(struct damon_reclaim_params *params, const char *line, char *error,
                                                    size_t error_size);

/**
 * Prints one parameter of a set, in the parameter's unit.
 * @param buf   buffer for the text, which is NUL-terminated, and truncated if the buffer is too small; may be NULL if
 *              @p size is 0
 * @return the length of the whole text without the NUL; -ENOENT (no such parameter), -EOPNOTSUPP (a switch or counter,
 *         which only a context has), -EINVAL, -E2BIG
 */
DAMON_RECLAIM_API int damon_reclaim_params_get(const struct damon_reclaim_params *params, const char *name, char *buf,
                                               size_t size);

/** Prints all parameters of a set as a line for damon_reclaim_params_set_line(). @p buf, @p size and the return value
 * are as in damon_reclaim_params_get(). */
DAMON_RECLAIM_API int damon_reclaim_params_get_line(const struct damon_reclaim_params *params, char *buf, size_t size);

/**
 * Checks a set as a commit does: each value must be in its range, and the values must not contradict each other. Only a
 * commit finds out whether the backend supports them.
 * @return 0; -ERANGE, -EINVAL, -E2BIG with a text
 */
DAMON_RECLAIM_API int damon_reclaim_params_check(const struct damon_reclaim_params *params, char *error,
                                                 size_t error_size);

/** @} */

/**
 * @name Numbers with units, and switches
 * For the configuration of your program. These functions accept the units and words of the parameters. Numbers are
 * decimal, perhaps with a fraction ("1.5s"), or hexadecimal with 0x. A leading 0 does not make a number octal here.
 * What is less than a byte or a ns is left out.
 * @{
 */

/** Reads a size in bytes: "4096", "64KiB" (or K), MiB (M), GiB (G), TiB (T), B. A fraction needs a unit above B.
 * @return 0; -EINVAL (NULL, or not a size), -ERANGE (more than 64 bits) */
DAMON_RECLAIM_API int damon_reclaim_parse_size(const char *text, uint64_t *ret_bytes);

/**
 * Reads a time in ns: "500us", ms, s, min, h, d.
 * @param bare_ns  the unit of a number that has none, in ns; 0: the text must have a unit
 * @return 0; -EINVAL (NULL, or not a time), -ERANGE (more than 64 bits)
 */
DAMON_RECLAIM_API int damon_reclaim_parse_time(const char *text, uint64_t bare_ns, uint64_t *ret_ns);

/** Reads a switch: y, yes, 1, on, t, true, or n, no, 0, off, f, false, in capitals or not.
 * @return 0; -EINVAL (NULL, or not a switch) */
DAMON_RECLAIM_API int damon_reclaim_parse_bool(const char *text, bool *ret_value);

/** @} */

/**
 * @name Parameters of a context
 * @{
 */

/**
 * Stages one parameter, given as text. A number is decimal, hexadecimal (0x) or octal. It is in the unit of the
 * parameter, or has a unit ("30s", "1GiB"). Booleans are those of the kernel (Y y 1 on T t, N n 0 off F f). As in the
 * module, `enabled` enables or disables at once, and `commit_inputs` commits at once. The name may begin with
 * "damon_reclaim.".
 * @return 0; -ENOENT (no such parameter), -EACCES (read only), -EINVAL (malformed), -ERANGE (out of range), or the
 * error of enabling or committing. On failure nothing is staged.
 */
DAMON_RECLAIM_API int damon_reclaim_set(struct damon_reclaim *ctx, const char *name, const char *value);

/**
 * Stages all parameters of a line, or none: "min_age=5s quota_sz=1GiB wmarks_low=0". The line is as for
 * damon_reclaim_params_set_line(). Wherever they stand, `commit_inputs` and then `enabled` act after all others are
 * staged: "enabled=Y min_age=5s" starts with the new min_age.
 * @return as damon_reclaim_set(); the text names the word. On failure the staged values are unchanged.
 */
DAMON_RECLAIM_API int damon_reclaim_set_line(struct damon_reclaim *ctx, const char *line);

/**
 * Reads a parameter or counter as text, in its unit: the staged value of a parameter, or the current value of a
 * counter.
 * @param buf   buffer for the text, which is NUL-terminated, and truncated if the buffer is too small; may be NULL if
 *              @p size is 0
 * @return the length of the whole text without the NUL; -ENOENT (no such parameter), -EINVAL (NULL)
 */
DAMON_RECLAIM_API int damon_reclaim_get(struct damon_reclaim *ctx, const char *name, char *buf, size_t size);

/** Stages all parameters. Those that an older program's struct does not have stay as they are staged. @return 0;
 * -EINVAL, -E2BIG, -ERANGE: nothing is staged, and the text names the parameter */
DAMON_RECLAIM_API int damon_reclaim_set_params(struct damon_reclaim *ctx, const struct damon_reclaim_params *params);

/** Reads the staged values. The caller sets `params->size`. @return 0 or -EINVAL */
DAMON_RECLAIM_API int damon_reclaim_get_params(struct damon_reclaim *ctx, struct damon_reclaim_params *params);

/** Reads the values in effect. They differ from the staged values until a commit, and by interval tuning. The caller
 * sets `params->size`. @return 0 or -EINVAL */
DAMON_RECLAIM_API int damon_reclaim_get_active_params(struct damon_reclaim *ctx, struct damon_reclaim_params *params);

/**
 * Puts all staged parameters into effect, or none. Regions, statistics and the charge of the current window survive.
 * If the context is enabled, the current aggregation is first accounted with the old values. For the caller the commit
 * happens at once.
 *
 * If the commit fails, the context is disabled, as the module does, unless it has the flag
 * DAMON_RECLAIM_KEEP_ON_INVALID.
 * @return 0; -EINVAL (the values contradict each other), -EOPNOTSUPP (the backend does not support one), -ENOMEM. The
 * text names the parameter.
 */
DAMON_RECLAIM_API int damon_reclaim_commit(struct damon_reclaim *ctx);

/** @} */

/** @} */

/**
 * @defgroup targets Targets
 * What is monitored: processes, or memory that belongs to none.
 * @{
 */

/** Bits of damon_reclaim_target::flags. */
enum damon_reclaim_target_flag {
    /** The process is that of `pidfd`, and `pid` is 0 */
    DAMON_RECLAIM_TARGET_PIDFD = 1 << 0
};

/** Memory to watch. */
struct damon_reclaim_target {
    size_t size;                              /**< sizeof(struct damon_reclaim_target) */
    pid_t pid;                                /**< a process, or 0 for memory that belongs to none */
    uint32_t flags;                           /**< enum damon_reclaim_target_flag */
    const struct damon_reclaim_range *ranges; /**< in ascending order, without overlap; NULL: the ranges that the
                                                 backend finds, updated when they change */
    size_t nr_ranges;                         /**< how many */
    int pidfd;                                /**< with PIDFD: a process by pidfd_open(2). It stays yours: the library
                                                 opens one of its own, and makes sure that it is the same process */
    uint32_t reserved0;                       /**< 0 */
};

/**
 * Adds a target, at any time, also while the context is enabled. The library holds a process by a pidfd. When the
 * process exits, the library removes the target (callback target_gone). It never touches another process that gets the
 * same pid. No memory is watched twice: with DAMON_RECLAIM_BACKEND_WHOLE, targets without a process must not overlap.
 * @param ret_id  the number of the target; may be NULL. Numbers count up from 1, and are never used again in this
 * context. The memory that DAMON_RECLAIM_BACKEND_WHOLE watches without targets is number 0
 * @return 0; -ESRCH (no such process), -EPERM (the caller itself, a kernel thread, or not permitted), -EINVAL,
 * -EOPNOTSUPP (the backend has no such targets; a pidfd with system operations that have descriptors of their own),
 * -EEXIST (the process is a target already), -ENOMEM
 */
DAMON_RECLAIM_API int damon_reclaim_add_target(struct damon_reclaim *ctx, const struct damon_reclaim_target *target,
                                               uint32_t *ret_id);

/**
 * Removes a target. The statistics keep what was reclaimed of it. If it was the last target, an enabled context waits
 * for another one.
 * @return 0 or -ENOENT
 */
DAMON_RECLAIM_API int damon_reclaim_remove_target(struct damon_reclaim *ctx, uint32_t id);

/**
 * Reads a target back as it was added; a process that was added by its pidfd has its pid here. The caller sets
 * `ret_target->size`. `ranges` belongs to the library, and is valid until the target is gone or, for target 0, the next
 * commit.
 * @return 0; -ENOENT, -EINVAL
 */
DAMON_RECLAIM_API int damon_reclaim_get_target(struct damon_reclaim *ctx, uint32_t id,
                                               struct damon_reclaim_target *ret_target);

/** Lists the numbers of the targets in ascending order. The parameters and the return value are as in
 * damon_reclaim_list_schemes(). */
DAMON_RECLAIM_API int damon_reclaim_list_targets(struct damon_reclaim *ctx, uint32_t *ids, size_t capacity,
                                                 size_t *ret_n);

/** @} */

/**
 * @defgroup exclusions Exclusions
 * Memory that is never reclaimed, whatever parameters, schemes and filters say. The library never reclaims the calling
 * process and kernel threads, as far as the backend knows which process maps a page. The kernel's DAMON does not know
 * it when it watches physical memory.
 * @{
 */

/** What an exclusion protects. */
enum damon_reclaim_exclusion_type {
    DAMON_RECLAIM_EXCLUDE_PID = 0,    /**< a process; it also cannot become a target */
    DAMON_RECLAIM_EXCLUDE_CGROUP = 1, /**< pages charged to a cgroup or to a cgroup below it. It need not exist yet. A
                                       * cgroup without the memory controller charges the next one above that has it;
                                       * the pages of that one are protected then */
    DAMON_RECLAIM_EXCLUDE_RANGE = 2,  /**< addresses in all targets; with physical memory, physical addresses */
    DAMON_RECLAIM_EXCLUDE_COMMAND = 3 /**< all processes that run a command, also those that start later; they also
                                       * cannot become targets */
};

/** "pid", "cgroup", "range", "command"; NULL if the number is not in the enum. */
DAMON_RECLAIM_API const char *damon_reclaim_exclusion_name(uint32_t type);

/** An exclusion. */
struct damon_reclaim_exclusion {
    uint32_t type;       /**< enum damon_reclaim_exclusion_type: what it protects */
    pid_t pid;           /**< for PID */
    const char *cgroup;  /**< for CGROUP: its path, with or without /sys/fs/cgroup in front; copied */
    const char *command; /**< for COMMAND: the name in /proc/PID/comm, or a pattern for fnmatch(3). Of a name without
                              wildcards the first 15 characters count. Copied */
    struct damon_reclaim_range range; /**< for RANGE */
    uint64_t reserved[2];             /**< 0 */
};

/**
 * Replaces the list of exclusions, or changes nothing if it fails. You can call it at any time, also while the context
 * is enabled. The list applies to all attempts that start afterwards. Cgroups and processes that appear later are
 * protected from their first page on; with the backend `damon`, whose kernel knows the cgroups that it was told of, a
 * new cgroup is protected within about a second. If the library cannot find out what is protected, it does not reclaim:
 * the context becomes DISABLED and the text says why.
 * @param exclusions  the list; may be NULL if @p n is 0
 * @param n           number of entries
 * @return 0; -EINVAL (the text names the entry), -EOPNOTSUPP (the backend does not know which process or cgroup uses
 * memory), -EBUSY (the process is a target; remove it first), -ENOMEM
 */
DAMON_RECLAIM_API int damon_reclaim_set_exclusions(struct damon_reclaim *ctx,
                                                   const struct damon_reclaim_exclusion *exclusions, size_t n);

/** Reads the list of exclusions back. It belongs to the library, and is valid until the list is replaced.
 * @param ret_exclusions  the list; NULL if there is none
 * @param ret_n           number of entries
 * @return 0; -EINVAL (NULL) */
DAMON_RECLAIM_API int damon_reclaim_get_exclusions(struct damon_reclaim *ctx,
                                                   const struct damon_reclaim_exclusion **ret_exclusions,
                                                   size_t *ret_n);

/** @} */

/**
 * @addtogroup schemes
 * @{
 */

/**
 * Adds a scheme, at any time.
 * @param ret_id  the number of the scheme, at least 1; may be NULL
 * @return 0; -EINVAL (the text names the member), -EOPNOTSUPP (the backend cannot apply one of the filters), -ENOSPC
 * (there are 16 schemes already), -ENOMEM
 */
DAMON_RECLAIM_API int damon_reclaim_add_scheme(struct damon_reclaim *ctx, const struct damon_reclaim_scheme *scheme,
                                               uint32_t *ret_id);

/** Removes a scheme. @return 0; -ENOENT; -EPERM for the reclaim scheme */
DAMON_RECLAIM_API int damon_reclaim_remove_scheme(struct damon_reclaim *ctx, uint32_t id);

/**
 * Replaces a scheme in place, at any time, but for the reclaim scheme, which parameters and damon_reclaim_set_filters()
 * change. It keeps its number and its statistics. What was charged to the current window stays charged, and the window
 * ends when it would have ended. To change one member, read the scheme with damon_reclaim_get_scheme() first.
 * @return as damon_reclaim_add_scheme(); -ENOENT; -EPERM for the reclaim scheme
 */
DAMON_RECLAIM_API int damon_reclaim_set_scheme(struct damon_reclaim *ctx, uint32_t id,
                                               const struct damon_reclaim_scheme *scheme);

/**
 * Reads a scheme back: that of the program as it was set (with `memcg` in place of `memcg_path`), and the reclaim
 * scheme as the parameters in effect make it, with the filters of damon_reclaim_set_filters(). The caller sets
 * `ret_scheme->size`. The filters and goals that it points to belong to the library. They are valid until the scheme is
 * changed or removed, and in the reclaim scheme until the next call.
 * @return 0; -ENOENT, -EINVAL
 */
DAMON_RECLAIM_API int damon_reclaim_get_scheme(struct damon_reclaim *ctx, uint32_t id,
                                               struct damon_reclaim_scheme *ret_scheme);

/**
 * Lists the numbers of the schemes in ascending order, the reclaim scheme with them.
 * @param ids       an array of @p capacity numbers that belongs to the caller; may be NULL if @p capacity is 0
 * @param ret_n     how many schemes there are, which may exceed @p capacity
 * @return 0; -EINVAL
 */
DAMON_RECLAIM_API int damon_reclaim_list_schemes(struct damon_reclaim *ctx, uint32_t *ids, size_t capacity,
                                                 size_t *ret_n);

/**
 * Replaces the filters of a scheme at once. In the reclaim scheme they come before the filter that `skip_anon` adds.
 * @return 0; -ENOENT, -EINVAL, -EOPNOTSUPP, -ENOSPC (more than 32)
 */
DAMON_RECLAIM_API int damon_reclaim_set_filters(struct damon_reclaim *ctx, uint32_t scheme,
                                                const struct damon_reclaim_filter *filters, size_t n);

/** Reports the current value of goal number @p goal of a scheme. The goal must have the metric USER_INPUT. For the
 * reclaim scheme this sets the parameter `quota_autotune_feedback`. @return 0, -ENOENT, -EINVAL */
DAMON_RECLAIM_API int damon_reclaim_report_goal(struct damon_reclaim *ctx, uint32_t scheme, size_t goal,
                                                uint64_t current);

/** @} */

/**
 * @defgroup loop The loop
 * There are two ways to run a context. Either add the file descriptor of damon_reclaim_get_fd() to your event loop, and
 * call damon_reclaim_dispatch() when it is readable; or call damon_reclaim_run(), which waits and dispatches. This is a
 * whole program's loop:
 * @snippet minimal.c loop
 * @{
 */

/** Commits the staged parameters and starts to work. @return as damon_reclaim_commit(); -EINVAL without a target; 0 if
 * the context is enabled already */
DAMON_RECLAIM_API int damon_reclaim_enable(struct damon_reclaim *ctx);

/** Stops all work. Parameters, targets and statistics stay; regions and ages are forgotten. With the backend "damon", a
 * kernel thread that sleeps because of its watermarks may delay the call until it checks them again, for up to
 * `wmarks_interval`. @return 0, or why something that was set up in the kernel could not be removed. The context is
 * disabled in both cases. The next start of a program with this library tries to remove it again. */
DAMON_RECLAIM_API int damon_reclaim_disable(struct damon_reclaim *ctx);

/** The file descriptor of the context. It becomes readable when damon_reclaim_dispatch() has something to do. It
 * belongs to the context, and stays the same for the whole life of the context. While a context whose backend has a
 * clock of its own is enabled, it is always readable. A member of a group has no descriptor of its own: this is then
 * that of the group, for damon_reclaim_group_dispatch(). */
DAMON_RECLAIM_API int damon_reclaim_get_fd(const struct damon_reclaim *ctx);

/**
 * Does what is due, and never waits. If you call it early, it does nothing. If you call it late, it does the work once,
 * not several times.
 * @return 0; -EBUSY inside a callback; the error that has just disabled the context
 */
DAMON_RECLAIM_API int damon_reclaim_dispatch(struct damon_reclaim *ctx);

/**
 * Waits and dispatches until somebody calls damon_reclaim_stop() or the context is disabled.
 * @return 0 after damon_reclaim_stop() or damon_reclaim_disable(); the error that disabled the context; -EBUSY inside a
 * callback; -EINVAL for a member of a group, whose others would wait
 */
DAMON_RECLAIM_API int damon_reclaim_run(struct damon_reclaim *ctx);

/** Makes damon_reclaim_run() return soon, or, if it does not run, its next call at once. Any thread and any signal
 * handler may call it while the context exists. */
DAMON_RECLAIM_API void damon_reclaim_stop(struct damon_reclaim *ctx);

/** Makes the file descriptor readable, and the next damon_reclaim_dispatch(), or damon_reclaim_run(), call the callback
 * `woken`. So another thread asks the one that has the context to do something with it. Any thread and any signal
 * handler may call it while the context exists. A context that is disabled can be woken, too, by its file descriptor.
 */
DAMON_RECLAIM_API void damon_reclaim_wake(struct damon_reclaim *ctx);

/** @} */

/**
 * @defgroup groups Many contexts
 * A program with many guests has a context for each: its own parameters, quota, statistics, userdata and failures. The
 * contexts of a group share one file descriptor and wake together, and free memory and memory pressure are read once
 * for all of them. A context joins a group when it is made (`config.group`), and leaves it when it is freed. This is a
 * whole program's loop:
 * @snippet many-guests.c loop
 * @{
 */

/** How to make a group. To start, set `size` and leave all other members 0. */
struct damon_reclaim_group_config {
    size_t size; /**< sizeof(struct damon_reclaim_group_config) */
    /** Members wake at multiples of this, us; at most 1,000,000; 0: 10,000. A member is never woken later than a
     * quarter of the time that it waits. */
    uint64_t beat_us;
    const struct damon_reclaim_system_ops *system_ops; /**< for the timer and for reading free memory; copied; or NULL.
                                                            Their clock is that of the members */
    void *system_data;                                 /**< passed to its functions */
    const struct damon_reclaim_allocator *allocator;   /**< copied; or NULL for malloc */
    const char *root;                                  /**< prefix for /proc, or NULL */
    /** Called when damon_reclaim_dispatch() of a member has returned @p error; or NULL. In general the member is
     * disabled then, and damon_reclaim_last_error() says why. The other members go on. The callback may do what other
     * callbacks may: also free the member, or make new ones. */
    void (*member_failed)(struct damon_reclaim_group *group, struct damon_reclaim *ctx, int error, void *userdata);
    void *userdata;    /**< passed to member_failed() */
    char *error;       /**< buffer for the text of an error of damon_reclaim_group_new(); or NULL */
    size_t error_size; /**< size of the buffer `error` in bytes */
};

/**
 * Makes a group without members. The group and all its members belong to one thread at a time.
 * @param config     how to make it; NULL: with defaults
 * @param ret_group  the group, with one reference that the caller owns
 * @return 0; -EINVAL, -E2BIG, -ERANGE (bad member), -ENOMEM, -EMFILE. The text is in config->error.
 */
DAMON_RECLAIM_API int damon_reclaim_group_new(const struct damon_reclaim_group_config *config,
                                              struct damon_reclaim_group **ret_group);

/** Takes a reference. @return @p group, which may be NULL */
DAMON_RECLAIM_API struct damon_reclaim_group *damon_reclaim_group_ref(struct damon_reclaim_group *group);

/** Drops a reference. @p group may be NULL. Each member holds a reference, too: a group lives as long as its members,
 * in whichever order they are dropped. @return always NULL */
DAMON_RECLAIM_API struct damon_reclaim_group *damon_reclaim_group_unref(struct damon_reclaim_group *group);

/** The file descriptor of the group, which stays the same for its whole life. It becomes readable when
 * damon_reclaim_group_dispatch() has something to do. -EINVAL without a group */
DAMON_RECLAIM_API int damon_reclaim_group_get_fd(const struct damon_reclaim_group *group);

/**
 * Does what is due of all members, and never waits. Members can be made and freed inside of callbacks.
 * @return 0, also if members have failed: see damon_reclaim_group_config::member_failed; -EBUSY inside a callback of a
 * dispatch; -EPERM in a forked child; -EINVAL without a group; or the error of the timer
 */
DAMON_RECLAIM_API int damon_reclaim_group_dispatch(struct damon_reclaim_group *group);

/** The text of the group's own last error, as damon_reclaim_last_error() is that of a context. */
DAMON_RECLAIM_API const char *damon_reclaim_group_last_error(const struct damon_reclaim_group *group);

/** @} */

/**
 * @defgroup results Regions and statistics
 * The current regions, and statistics of what the library has found and done.
 * @{
 */

/**
 * Copies the current regions, target by target, in ascending order.
 * @param regions   an array of @p capacity regions that belongs to the caller; may be NULL if @p capacity is 0
 * @param ret_n     the number of regions, which may exceed @p capacity
 * @return 0
 */
DAMON_RECLAIM_API int damon_reclaim_get_regions(struct damon_reclaim *ctx, struct damon_reclaim_region *regions,
                                                size_t capacity, size_t *ret_n);

/** Statistics since the context was made. Those that belong to a scheme are those of the reclaim scheme. */
struct damon_reclaim_stats {
    size_t size;                          /**< sizeof(struct damon_reclaim_stats) */
    uint32_t state;                       /**< enum damon_reclaim_state: what the context does */
    uint32_t reason;                      /**< enum damon_reclaim_reason: why */
    uint64_t nr_reclaim_tried_regions;    /**< regions of which at least a part was tried */
    uint64_t bytes_reclaim_tried_regions; /**< bytes tried */
    uint64_t nr_reclaimed_regions;        /**< regions of which at least a part was reclaimed */
    uint64_t bytes_reclaimed_regions;     /**< bytes reclaimed: free memory, as measured. With the backend "damon" the
                                               kernel counts: pages that it has unmapped and handed to swap */
    uint64_t nr_quota_exceeds;            /**< windows in which the quota was used up */
    uint64_t bytes_filter_passed;         /**< bytes that the page filters allowed */
    uint64_t bytes_accessed;              /**< bytes of candidates that stayed because they were accessed */
    uint64_t bytes_not_reclaimable;       /**< bytes of candidates that cannot be reclaimed */
    uint64_t nr_regions;                  /**< current number of regions */
    uint64_t nr_targets;                  /**< current number of targets */
    uint64_t monitored_bytes;             /**< current size of all regions; UINT64_MAX: at least that much */
    uint64_t effective_quota;             /**< bytes that may be tried in the current window; UINT64_MAX: no limit */
    uint64_t charged_bytes;               /**< bytes charged to the current window */
    uint64_t nr_samples;                  /**< how often regions were checked for accesses */
    uint64_t nr_aggregations;             /**< number of aggregations */
    uint64_t monitor_ns;                  /**< time spent on monitoring, ns */
    uint64_t monitor_cpu_ns;              /**< CPU time of that, ns */
    uint64_t reclaim_ns;                  /**< time spent on reclaiming (all schemes), ns */
    uint64_t reclaim_cpu_ns;              /**< CPU time of that, ns */
    uint64_t bytes_swapcached;            /**< bytes that are in the swap cache now: tried, not free yet. They are added
                                               to `bytes_reclaimed_regions` when they are free */
};

/** Reads the statistics. The caller sets `ret_stats->size`. @return 0 or -EINVAL */
DAMON_RECLAIM_API int damon_reclaim_get_stats(struct damon_reclaim *ctx, struct damon_reclaim_stats *ret_stats);

/** The statistics of a scheme. */
struct damon_reclaim_scheme_stats {
    size_t size;               /**< sizeof(struct damon_reclaim_scheme_stats) */
    uint64_t nr_tried;         /**< regions tried (for STAT: matched) */
    uint64_t sz_tried;         /**< their bytes */
    uint64_t nr_applied;       /**< regions to at least a part of which the action was applied */
    uint64_t sz_applied;       /**< their bytes */
    uint64_t sz_filter_passed; /**< bytes that the page filters allowed */
    uint64_t qt_exceeds;       /**< windows in which the quota was used up */
    uint64_t effective_quota;  /**< bytes that may be tried in the current window; UINT64_MAX: no limit */
    uint64_t time_ns;          /**< time spent */
    bool active;               /**< whether its watermarks let it act */
    uint8_t reserved0[7];      /**< 0 */
    uint64_t sz_swapcached;    /**< bytes that are in the swap cache now: tried, not free yet. They are added to
                                    `sz_applied` when they are free */
};

/** Reads the statistics of one scheme. The caller sets `ret_stats->size`. @return 0, -EINVAL, -ENOENT */
DAMON_RECLAIM_API int damon_reclaim_get_scheme_stats(struct damon_reclaim *ctx, uint32_t scheme,
                                                     struct damon_reclaim_scheme_stats *ret_stats);

/** @} */

/**
 * @defgroup probe Probing
 * Finds out what works on this machine, without changing anything.
 * @{
 */

/** The name of built-in backend number @p index. Valid forever. NULL past the last one. */
DAMON_RECLAIM_API const char *damon_reclaim_backend(size_t index);

/**
 * Finds out whether a built-in backend works here. It only reads.
 * @param config  as for damon_reclaim_new(). The function uses the backend (also "auto"), `damon`, the system
 * operations and the root
 * @param text    buffer for the findings, one per line; truncated if the buffer is too small; may be NULL. The first
 * line is about the backend: what was found, or why it does not work and how to cure that. A line "missing FEATURE:
 * why" names a feature that is missing. With "auto" the text has the findings of all backends that it chooses from, and
 * each line begins with "BACKEND: "
 * @param size    size of the buffer in bytes
 * @return 0 if the backend works, else the error that damon_reclaim_new() or the first use would return
 */
DAMON_RECLAIM_API int damon_reclaim_probe(const struct damon_reclaim_config *config, char *text, size_t size);

/** @} */

/**
 * @defgroup cleanup Cleaning up
 * For who starts and ends programs: what a killed one has left.
 * @{
 */

/**
 * Takes away what a program with this library has left behind when it was killed. With the backend "damon" that is the
 * kernel's thread, which goes on reclaiming, its directories in sysfs, DAMON_STAT being switched off, and the record in
 * /run. The function touches only what the record says is of a program that does not live any more. The next context
 * with the backend "damon" does the same when it is enabled.
 * @param config  as for damon_reclaim_new(). The function uses the system operations and the root
 * @param text    buffer for a line that says what was done, why there was nothing to do, or what failed; truncated if
 * the buffer is too small; may be NULL
 * @param size    size of the buffer in bytes
 * @return 1 if something was taken away, 0 if there was nothing, or a negative errno
 */
DAMON_RECLAIM_API int damon_reclaim_cleanup(const struct damon_reclaim_config *config, char *text, size_t size);

/** @} */

/**
 * @defgroup sim Simulated memory
 * The backend "sim" simulates memory that is accessed as a workload file says. It has a virtual clock, and it knows the
 * truth about every page. The format of the file is that of masim. See the guide "Simulated memory".
 * @{
 */

/** The truth about a simulated run. Sizes are in bytes. */
struct damon_reclaim_sim_report {
    size_t size;              /**< sizeof(struct damon_reclaim_sim_report) */
    uint64_t now_ns;          /**< virtual time */
    uint64_t workload_end_ns; /**< when the last phase ends */
    uint64_t total;           /**< size of all regions of the workload */
    uint64_t touched;         /**< memory that was ever accessed */
    uint64_t resident;        /**< memory that is resident now */
    uint64_t anon;            /**< the part of `resident` that is anonymous */
    uint64_t file;            /**< the part of `resident` that belongs to files */
    uint64_t cold;            /**< accessed once, but not for `min_age`: what should be reclaimed */
    uint64_t cold_reclaimed;  /**< the part of `cold` that is reclaimed */
    uint64_t cold_missed;     /**< the part of `cold` that is still resident */
    uint64_t reclaimed;       /**< all that was reclaimed; counted again each time */
    uint64_t refaulted;       /**< the part of `reclaimed` that was accessed again so far */
    uint64_t regretted;       /**< the part of `reclaimed` that was accessed again within `min_age` */
    uint64_t refault_ns;      /**< time that refaults have cost the workload */
    uint64_t reclaim_ns;      /**< time that reclaiming has cost */
};

/**
 * Reads the truth about the run so far.
 * @param min_age_us  memory that was not accessed for this long counts as cold
 * @return 0; -EINVAL; -EOPNOTSUPP if the backend is not "sim"
 */
DAMON_RECLAIM_API int damon_reclaim_sim_get_report(struct damon_reclaim *ctx, uint64_t min_age_us,
                                                   struct damon_reclaim_sim_report *ret_report);

/** @} */

#ifdef __cplusplus
}
#endif

#endif /* DAMON_RECLAIM_H */
