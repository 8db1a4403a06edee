/* SPDX-License-Identifier: MIT */
/**
 * @file damon_reclaim.h
 * The whole public interface of libdamonreclaim.
 *
 * The library watches which memory is accessed, finds what has been cold for long enough, and reclaims
 * it under limits: what the kernel module DAMON_RECLAIM does, in user space, embeddable.
 *
 * Rules that hold for every function:
 *
 * - **Errors.** A call that can fail returns 0 (or a count where stated) or a negative errno. It then has
 *   changed nothing unless its text says otherwise, its `ret_` parameters are untouched, and
 *   damon_reclaim_last_error() names the culprit: the parameter, the file or the process.
 * - **Threads.** A context may be used by one thread at a time; contexts are independent of each other.
 *   The one exception is damon_reclaim_stop(), which any thread or signal handler may call.
 *   The library starts no thread, installs no signal handler and has no mutable global.
 * - **Growing structs.** A struct whose first member is `size` is set to `sizeof` it by the caller. Members
 *   that a caller of an older version does not have mean their default; non-zero members that the
 *   library does not know are refused with -E2BIG; the library never writes past `size`.
 * - **Strings** that are passed in are copied. Strings that come back belong to the library; each function
 *   says for how long they are valid.
 * - **Names of enums.** A function `..._name()` returns the name of a value as features, metrics and the command line
 *   write it, valid forever, or NULL for a number that is none. Counting up from 0 until NULL comes lists all of them
 *   (but for log levels, whose numbers have gaps). The opposite, `..._from_name()`, returns 0, or -ENOENT for a name
 *   that is none.
 * - **Addresses and sizes** are in bytes and 64 bits wide on every platform. Ranges are half open,
 *   `[start, end)`.
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
 * What this build of the library is and can do.
 * @{
 */

#define DAMON_RECLAIM_VERSION_MAJOR 0 /**< incompatible changes */
#define DAMON_RECLAIM_VERSION_MINOR 1 /**< additions */
#define DAMON_RECLAIM_VERSION_PATCH 0 /**< repairs */

/** The version of the header that a program was compiled with, comparable with damon_reclaim_version(). */
#define DAMON_RECLAIM_VERSION                                                                                          \
    ((DAMON_RECLAIM_VERSION_MAJOR << 16) | (DAMON_RECLAIM_VERSION_MINOR << 8) | DAMON_RECLAIM_VERSION_PATCH)

/** The version of the library that is running: major << 16 | minor << 8 | patch. */
DAMON_RECLAIM_API unsigned int damon_reclaim_version(void);

/** The same as text, "major.minor.patch", valid forever. */
DAMON_RECLAIM_API const char *damon_reclaim_version_string(void);

/**
 * Tells whether this build has a feature.
 * @param name "backend:damon", "backend:sim", "action:pageout", "filter:anon" and the like;
 *             damon_reclaim_feature() lists them all.
 * @return true if it has; false for a name it does not know.
 */
DAMON_RECLAIM_API bool damon_reclaim_has_feature(const char *name);

/** The name of feature number @p index, valid forever; NULL past the last one. */
DAMON_RECLAIM_API const char *damon_reclaim_feature(size_t index);

/** @} */

/** A reclaimer: parameters, targets, schemes, what was learnt of the memory, and a monitor backend. */
struct damon_reclaim;
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
 * What is done to which memory. Scheme number 0 is the reclaim scheme and is made from the parameters
 * (@ref params); a program may add its own beside it. The behaviour is that of DAMON's schemes
 * (`Documentation/mm/damon/design.rst` of the kernel).
 * @{
 */

/** The number of the reclaim scheme, which always exists. */
#define DAMON_RECLAIM_SCHEME_RECLAIM 0u

/** What a scheme does to the memory that it matches. */
enum damon_reclaim_action {
    DAMON_RECLAIM_ACTION_PAGEOUT = 0, /**< reclaim it now */
    DAMON_RECLAIM_ACTION_COLD = 1,    /**< make it the first to go when memory gets short */
    DAMON_RECLAIM_ACTION_STAT = 2     /**< count it, touch nothing */
};

/** "pageout", "cold", "stat"; NULL for a number that is no action. */
DAMON_RECLAIM_API const char *damon_reclaim_action_name(enum damon_reclaim_action action);

/** What a filter looks at. The first two are decided for whole regions, the others page by page. */
enum damon_reclaim_filter_type {
    DAMON_RECLAIM_FILTER_ADDR = 0,          /**< addresses in [start, end) */
    DAMON_RECLAIM_FILTER_TARGET = 1,        /**< memory of the target `target` */
    DAMON_RECLAIM_FILTER_ANON = 2,          /**< anonymous pages */
    DAMON_RECLAIM_FILTER_ACTIVE = 3,        /**< pages on an active list */
    DAMON_RECLAIM_FILTER_MEMCG = 4,         /**< pages charged to the cgroup `memcg_path`, not to those below it */
    DAMON_RECLAIM_FILTER_YOUNG = 5,         /**< pages accessed since they were last looked at */
    DAMON_RECLAIM_FILTER_HUGEPAGE_SIZE = 6, /**< pages of `start` to `end` bytes, both included */
    DAMON_RECLAIM_FILTER_UNMAPPED = 7       /**< pages that no process maps */
};

/** "addr", "target", "anon", ...; NULL for a number that is no type. */
DAMON_RECLAIM_API const char *damon_reclaim_filter_name(enum damon_reclaim_filter_type type);

/** The type of that name. @return 0, -ENOENT, or -EINVAL for a NULL. */
DAMON_RECLAIM_API int damon_reclaim_filter_from_name(const char *name, enum damon_reclaim_filter_type *ret_type);

/** A filter. The first that matches decides; if none does, the opposite of the last one's `allow`. */
struct damon_reclaim_filter {
    enum damon_reclaim_filter_type type; /**< what it looks at */
    bool matching;                       /**< true: memory of the type; false: all but that */
    bool allow;                          /**< true: go on with what matches; false: leave it alone */
    uint32_t target;                     /**< for TARGET: the number of the target */
    uint64_t start;                      /**< for ADDR and HUGEPAGE_SIZE */
    uint64_t end;                        /**< for ADDR and HUGEPAGE_SIZE */
    uint64_t memcg;                      /**< for MEMCG: inode number of the cgroup's directory; 0: by `memcg_path` */
    const char *memcg_path; /**< for MEMCG: its path below /sys/fs/cgroup, "/" for the root, looked up once,
                                 when the filter is set; what comes back has `memcg` alone */
};

/** What a goal measures. */
enum damon_reclaim_goal_metric {
    DAMON_RECLAIM_GOAL_USER_INPUT = 0,     /**< the `current` that the program reports */
    DAMON_RECLAIM_GOAL_SOME_MEM_PSI_US = 1 /**< growth of `some` memory pressure a window, in us */
};

/** "user_input", "some_mem_psi_us"; NULL for a number that is no metric. */
DAMON_RECLAIM_API const char *damon_reclaim_goal_metric_name(enum damon_reclaim_goal_metric metric);

/** How goals steer the quota. */
enum damon_reclaim_goal_tuner {
    DAMON_RECLAIM_TUNER_CONSIST = 0, /**< proportional to the distance from the goal */
    DAMON_RECLAIM_TUNER_TEMPORAL = 1 /**< all the quota until the goal is met, none then */
};

/** "consist", "temporal"; NULL for a number that is no tuner. */
DAMON_RECLAIM_API const char *damon_reclaim_goal_tuner_name(enum damon_reclaim_goal_tuner tuner);

/** A goal: `current` is to reach `target`. */
struct damon_reclaim_goal {
    enum damon_reclaim_goal_metric metric; /**< what is measured */
    uint64_t target;                       /**< the value aimed at, not 0 */
    uint64_t current;                      /**< for USER_INPUT: the value now */
};

/** Limits of a scheme. Zero in a limit means: no such limit. */
struct damon_reclaim_quota {
    uint64_t ms;                         /**< time a window, ms */
    uint64_t sz;                         /**< bytes a window */
    uint64_t reset_interval_ms;          /**< length of the window, ms; 0: 1000 */
    uint32_t weight_sz;                  /**< weight of the size in the priority */
    uint32_t weight_nr_accesses;         /**< weight of the access frequency in the priority */
    uint32_t weight_age;                 /**< weight of the age in the priority */
    uint32_t fail_charge_num;            /**< share of a byte charged that was tried and not reclaimed: num / denom */
    uint32_t fail_charge_denom;          /**< 0: charge in full */
    enum damon_reclaim_goal_tuner tuner; /**< how the goals steer */
    const struct damon_reclaim_goal *goals; /**< goals, or NULL */
    size_t nr_goals;                        /**< how many, at most 8 */
};

/** When a scheme is active, by free memory in permille of the total. All zero: always. */
struct damon_reclaim_watermarks {
    uint64_t interval_us; /**< check period while inactive, us */
    uint32_t high;        /**< above: inactive */
    uint32_t mid;         /**< at or below (and not below low): becomes active */
    uint32_t low;         /**< below: inactive */
};

/** A scheme of the host program. */
struct damon_reclaim_scheme {
    size_t size;                                /**< sizeof(struct damon_reclaim_scheme) */
    uint64_t min_sz;                            /**< smallest region, bytes */
    uint64_t max_sz;                            /**< largest region, bytes; 0: any */
    uint32_t min_nr_accesses;                   /**< least accesses, in samples an aggregation */
    uint32_t max_nr_accesses;                   /**< most accesses; UINT32_MAX: any */
    uint64_t min_age_us;                        /**< youngest, us */
    uint64_t max_age_us;                        /**< oldest, us; 0: any */
    enum damon_reclaim_action action;           /**< what to do */
    uint64_t apply_interval_us;                 /**< how often; 0: each aggregation */
    struct damon_reclaim_quota quota;           /**< limits */
    struct damon_reclaim_watermarks watermarks; /**< when it is active */
    const struct damon_reclaim_filter *filters; /**< filters, or NULL */
    size_t nr_filters;                          /**< how many, at most 32 */
};

/** @} */

/**
 * @defgroup callbacks Callbacks
 * Called from inside damon_reclaim_dispatch() (or damon_reclaim_run(), damon_reclaim_enable(), damon_reclaim_disable(),
 * damon_reclaim_commit() for changes of state), never at another time. A callback may use the context, including
 * damon_reclaim_unref(); a nested damon_reclaim_dispatch() is refused with -EBUSY. Any may be NULL.
 * @{
 */

/** A region: memory with the same access pattern. */
struct damon_reclaim_region {
    uint64_t start;       /**< first byte */
    uint64_t end;         /**< one past the last byte */
    uint32_t target;      /**< number of the target it belongs to */
    uint32_t nr_accesses; /**< samples of the last aggregation that saw an access */
    uint32_t age;         /**< aggregations for which the pattern has lasted */
    uint32_t reserved;    /**< 0 */
};

/** What became of an attempt on a region. All in bytes but `end`. */
struct damon_reclaim_result {
    size_t size;              /**< sizeof(struct damon_reclaim_result), set by whoever provides it */
    uint64_t end;             /**< the attempt covered [start, end); less than asked when a limit stopped it */
    uint64_t tried;           /**< handed to the kernel; this is what the quota is charged */
    uint64_t reclaimed;       /**< of these, really reclaimed, as measured */
    uint64_t filter_passed;   /**< passed the page-level filters */
    uint64_t accessed;        /**< left alone: accessed since the region was marked */
    uint64_t absent;          /**< nothing there: never touched, or already reclaimed */
    uint64_t not_reclaimable; /**< locked, shared beyond reach, huge (hugetlb), kernel, or no swap for it */
};

/** What a context is doing. */
enum damon_reclaim_state {
    DAMON_RECLAIM_STATE_DISABLED = 0, /**< not enabled; nothing is watched */
    DAMON_RECLAIM_STATE_INACTIVE = 1, /**< enabled; the watermarks keep it from working */
    DAMON_RECLAIM_STATE_ACTIVE = 2    /**< watching and reclaiming */
};

/** "disabled", "inactive", "active"; NULL for a number that is no state. */
DAMON_RECLAIM_API const char *damon_reclaim_state_name(enum damon_reclaim_state state);

/** Why the state is what it is. */
enum damon_reclaim_reason {
    DAMON_RECLAIM_REASON_REQUESTED = 0,  /**< the program said so */
    DAMON_RECLAIM_REASON_WMARK_HIGH = 1, /**< free memory is above the high watermark */
    DAMON_RECLAIM_REASON_WMARK_MID = 2,  /**< free memory is between mid and high and was above before (inactive),
                                              or at or below mid (active) */
    DAMON_RECLAIM_REASON_WMARK_LOW = 3,  /**< free memory is below the low watermark */
    DAMON_RECLAIM_REASON_INVALID_PARAMETERS = 4, /**< a commit was invalid */
    DAMON_RECLAIM_REASON_NO_TARGET = 5,          /**< the last target is gone */
    DAMON_RECLAIM_REASON_BACKEND = 6             /**< the backend failed; see damon_reclaim_last_error() */
};

/** "requested", "wmark_high", "wmark_mid", "wmark_low", "invalid_parameters", "no_target", "backend"; NULL for a number
 * that is no reason. */
DAMON_RECLAIM_API const char *damon_reclaim_reason_name(enum damon_reclaim_reason reason);

/** A change of state. */
struct damon_reclaim_event {
    size_t size;                      /**< sizeof as the library knows it */
    enum damon_reclaim_state state;   /**< the new state */
    enum damon_reclaim_reason reason; /**< why */
    uint32_t free_permille;           /**< free memory that decided, for the WMARK reasons */
    const char *text;                 /**< one line for people, valid until the callback returns */
};

/** How important a log line is; the numbers are syslog's. */
enum damon_reclaim_log_level {
    DAMON_RECLAIM_LOG_ERROR = 3,   /**< something failed */
    DAMON_RECLAIM_LOG_WARNING = 4, /**< something is not as it should be; the work goes on */
    DAMON_RECLAIM_LOG_INFO = 6,    /**< changes of state */
    DAMON_RECLAIM_LOG_DEBUG = 7    /**< for developers */
};

/** "error", "warning", "info", "debug"; NULL for a number that is no level. */
DAMON_RECLAIM_API const char *damon_reclaim_log_level_name(enum damon_reclaim_log_level level);

/** The level of that name. @return 0, -ENOENT, or -EINVAL for a NULL. */
DAMON_RECLAIM_API int damon_reclaim_log_level_from_name(const char *name, enum damon_reclaim_log_level *ret_level);

/** The callbacks of a context. @p userdata is the context's. */
struct damon_reclaim_callbacks {
    size_t size; /**< sizeof(struct damon_reclaim_callbacks) */
    /** After each aggregation, before the schemes act: regions and statistics are up to date. Where the kernel's DAMON
     * watches: each time that they have been read, about once a second while active. */
    void (*after_aggregation)(struct damon_reclaim *ctx, void *userdata);
    /** Before a region is acted on. @return false to leave it alone this time; its age goes on. Where the kernel
     * reclaims, which asks nobody, enabling with it is refused with -EOPNOTSUPP. */
    bool (*before_reclaim)(struct damon_reclaim *ctx, uint32_t scheme, const struct damon_reclaim_region *region,
                           void *userdata);
    /** After a region was acted on. Not called where the kernel reclaims, which does not tell; the statistics do. */
    void (*after_reclaim)(struct damon_reclaim *ctx, uint32_t scheme, const struct damon_reclaim_region *region,
                          const struct damon_reclaim_result *result, void *userdata);
    /** After a change of state. */
    void (*state_changed)(struct damon_reclaim *ctx, const struct damon_reclaim_event *event, void *userdata);
    /** After a target vanished by itself: its process exited. The target is already removed. */
    void (*target_gone)(struct damon_reclaim *ctx, uint32_t target, pid_t pid, void *userdata);
    /** A line of log, without newline, valid until the callback returns. Comes from any call, also from
     *  damon_reclaim_new() (with @p ctx NULL); unlike the others it must not call the library. Without it nothing is
     *  logged; the library never prints. */
    void (*log)(struct damon_reclaim *ctx, enum damon_reclaim_log_level level, const char *text, void *userdata);
};

/** @} */

/**
 * @defgroup operations Operations of the host program
 * The two tables through which the library reaches the world: a monitor backend, and the system. A host program
 * supplies its own of either for another kind of memory, for privilege separation, or for tests.
 * @{
 */

/** What may be asked of a backend: bits of damon_reclaim_backend_ops::features. */
enum damon_reclaim_backend_feature {
    /** reclaim() looks at single pages, honours `max_bytes` and `deadline_ns`, and may stop early */
    DAMON_RECLAIM_BACKEND_PAGE_PRECISE = 1 << 0,
    /** targets are processes; a target without pid is refused */
    DAMON_RECLAIM_BACKEND_NEEDS_PID = 1 << 1,
    /** works without any target added: the memory of the backend is one target with the number 0 */
    DAMON_RECLAIM_BACKEND_WHOLE = 1 << 2
};

/** An attempt that the engine asks of a backend. */
struct damon_reclaim_request {
    size_t size;                      /**< sizeof as the library knows it */
    uint32_t target;                  /**< number of the target */
    uint32_t scheme;                  /**< number of the scheme */
    enum damon_reclaim_action action; /**< PAGEOUT or COLD; STAT never reaches a backend */
    uint64_t start;                   /**< first byte */
    uint64_t end;                     /**< one past the last byte */
    uint64_t limit_end;               /**< a page that begins below `end` may be reclaimed whole up to here */
    bool marked;                      /**< mark() was called for all of it: leave alone what was accessed since then.
                                           false: act on it as it is */
    uint64_t max_bytes;               /**< try at most this much */
    uint64_t deadline_ns;             /**< stop when the context's clock has reached this; 0: no deadline */
    const struct damon_reclaim_filter *filters; /**< the filters to be decided page by page */
    size_t nr_filters;                          /**< how many */
};

/** What the system's memory looks like. */
struct damon_reclaim_metrics {
    size_t size;            /**< sizeof as the library knows it */
    uint32_t free_permille; /**< free pages x 1000 / total pages */
    bool psi_valid;         /**< whether the next member is known */
    uint64_t psi_some_us;   /**< total `some` memory stall time since boot, us */
};

/**
 * A monitor backend. @p backend is config.backend_data. Members without "optional" must be set. A member returns 0 or a
 * negative errno. -ESRCH from prepare, check, mark, ranges or reclaim means that this target is gone: it is
 * removed and the work goes on. -ENOMEM, -EINTR and -EAGAIN are passing: the step is left out this time, and so it is
 * for any error of metrics(). Any other error disables the context with DAMON_RECLAIM_REASON_BACKEND. Calls come from
 * the thread that uses the context.
 */
struct damon_reclaim_backend_ops {
    size_t size;              /**< sizeof(struct damon_reclaim_backend_ops) */
    const char *name;         /**< for messages and statistics */
    uint32_t features;        /**< enum damon_reclaim_backend_feature */
    uint32_t filters;         /**< page-level filters it decides: bits 1 << enum damon_reclaim_filter_type */
    uint32_t min_region_size; /**< alignment of regions in bytes, a power of two; 0: 4096 */
    uint32_t huge_size;       /**< size of huge pages, a power of two: a quota rather cuts there, and with
                                   DAMON_RECLAIM_BACKEND_PAGE_PRECISE so do idle regions; 0: min_region_size */

    /** Optional: called once when the context dies. */
    void (*destroy)(void *backend);
    /** Optional: monitoring starts. */
    int (*enable)(void *backend);
    /** Optional: monitoring stops; whatever enable() set up is undone. */
    void (*disable)(void *backend);

    /** Optional: a target was added; @p pid is 0 for one without process, @p pidfd is -1 then and stays the library's.
     */
    int (*target_add)(void *backend, uint32_t target, pid_t pid, int pidfd);
    /** Optional: a target is gone. */
    void (*target_remove)(void *backend, uint32_t target);
    /**
     * Lists what is to be watched of a target that was added without ranges, in ascending order without overlap.
     * @param ranges  room for @p capacity ranges
     * @param ret_n   how many there are; more than @p capacity: none need be written, called again with more room
     */
    int (*ranges)(void *backend, uint32_t target, struct damon_reclaim_range *ranges, size_t capacity, size_t *ret_n);

    /** Begins to watch one address in each of @p n regions. The array stays valid until check(). */
    int (*prepare)(void *backend, uint32_t target, const uint64_t *addrs, size_t n);
    /** Tells for the addresses of the last prepare() (or what is left of them) whether they were accessed since:
     *  accessed[i] = 1 or 0. */
    int (*check)(void *backend, uint32_t target, const uint64_t *addrs, size_t n, uint8_t *accessed);
    /** Optional: begins to watch every page of the range, because it may become a candidate. With it, a range is
     *  reclaimed no earlier than one aggregation after it was marked. */
    int (*mark)(void *backend, uint32_t target, uint64_t start, uint64_t end);
    /** Acts on a range. @p ret_result is zeroed but for `size` and `end` (the end asked for). */
    int (*reclaim)(void *backend, const struct damon_reclaim_request *request, struct damon_reclaim_result *ret_result);
    /** Optional: state of the memory; without it the library reads /proc. */
    int (*metrics)(void *backend, struct damon_reclaim_metrics *ret_metrics);

    /** Optional: replaces the list of what must never be acted on (damon_reclaim_set_exclusions()); valid during the
     * call. Ranges in it need no attention, the library cuts them out. Without it processes and cgroups cannot be
     * excluded. */
    int (*exclude)(void *backend, const struct damon_reclaim_exclusion *exclusions, size_t n);

    /** Optional, both or none: a clock of the backend's own. now() tells the time in ns; advance() lets the time
     *  pass until @p until_ns. With it damon_reclaim_dispatch() never waits for real time to pass. */
    uint64_t (*now)(void *backend);
    /** See now(). */
    int (*advance)(void *backend, uint64_t until_ns);
};

struct iovec;
struct pollfd;

/**
 * System access. Every system call of the library that can fail goes through this table; what cannot, as getpid(),
 * does not. A NULL member means the real call. Each returns what the system call does, or a negative errno. @p data is
 * config.system_data. Paths are already prefixed with config.root.
 */
struct damon_reclaim_system_ops {
    size_t size;                                          /**< sizeof(struct damon_reclaim_system_ops) */
    int (*open)(void *data, const char *path, int flags); /**< O_CLOEXEC is always among the flags */
    int (*close)(void *data, int fd);                     /**< of what open, pidfd_open, timer_new gave */
    ssize_t (*pread)(void *data, int fd, void *buf, size_t len, uint64_t offset);        /**< pread(2) */
    ssize_t (*pwrite)(void *data, int fd, const void *buf, size_t len, uint64_t offset); /**< pwrite(2) */
    int (*ioctl)(void *data, int fd, unsigned long request, void *arg);                  /**< ioctl(2) */
    ssize_t (*process_madvise)(void *data, int pidfd, const struct iovec *iov, size_t n,
                               int advice);   /**< process_madvise(2), without flags */
    int (*pidfd_open)(void *data, pid_t pid); /**< pidfd_open(2), without flags */
    int (*poll)(void *data, struct pollfd *fds, unsigned int n, int timeout_ms); /**< poll(2) */
    int (*timer_new)(void *data);                               /**< a pollable timer (timerfd), CLOCK_MONOTONIC */
    int (*timer_set)(void *data, int fd, uint64_t deadline_ns); /**< absolute; 0: never; also acknowledges */
    int (*clock)(void *data, clockid_t id, uint64_t *ret_ns);   /**< CLOCK_MONOTONIC, CLOCK_THREAD_CPUTIME_ID */
    int (*create)(void *data, const char *path,
                  unsigned int mode); /**< open(2), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW */
    int (*lock)(void *data, int fd);  /**< flock(2), LOCK_EX | LOCK_NB: -EWOULDBLOCK if somebody else has it */
    int (*unlink)(void *data, const char *path); /**< unlink(2) */
    ssize_t (*getdents)(void *data, int fd, void *buf,
                        size_t len);                       /**< getdents64(2), of what open gave for a directory */
    int (*inode)(void *data, int fd, uint64_t *ret_inode); /**< the inode number, as fstat(2) tells it */

    /** All four of the writer or none: writes to files that answer late, without waiting for them. The real ones are
     * those of io_uring; a table with its own `open` and none of these has no writer. writer_new() makes one, -ENOSYS
     * or -EPERM if there is no such thing here: then pwrite() is used, and waits. */
    int (*writer_new)(void *data, void **ret_writer);
    /** Begins to write at offset 0. One write at a time; @p buf and @p fd stay valid until its result is known. */
    int (*writer_start)(void *data, void *writer, int fd, const void *buf, size_t len);
    /** 0 when the write has ended, with what pwrite() would have returned in @p ret_n; -EAGAIN before. */
    int (*writer_result)(void *data, void *writer, ssize_t *ret_n);
    void (*writer_free)(void *data, void *writer); /**< gives the writer back */
};

/** Memory for the library. Both members or neither; neither may throw or jump. */
struct damon_reclaim_allocator {
    size_t size;                                           /**< sizeof(struct damon_reclaim_allocator) */
    void *(*realloc)(void *data, void *ptr, size_t bytes); /**< as realloc(3), @p bytes is never 0 */
    void (*free)(void *data, void *ptr);                   /**< as free(3) */
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
    const char *workload_name;    /**< how messages call it, e.g. the path it came from */
    uint64_t accesses_per_second; /**< 0: 1,000,000 */
    uint64_t memory_bytes;        /**< memory of the simulated machine, for watermarks; 0: 5/4 of the workload's */
    uint64_t reclaim_ns;          /**< time that reclaiming a page costs; 0: 10,000 */
    uint64_t refault_ns;          /**< time that a refault costs; 0: 50,000 */
    uint64_t check_ns;            /**< time that looking at a page before reclaiming it costs; 0: 50 */
};

/** Bits of damon_reclaim_damon_config::flags. */
enum damon_reclaim_damon_flag {
    /** The module DAMON_STAT, when it keeps the kernel's DAMON busy, is switched off while the context is enabled, and
     * back on afterwards. Without it enabling is refused with -EBUSY. Nobody else's DAMON is ever taken over. */
    DAMON_RECLAIM_DAMON_TAKE_OVER = 1 << 0,
    /** The kernel only monitors: the library reads its regions, and its own schemes decide and reclaim page by page,
     * with all callbacks. For processes. */
    DAMON_RECLAIM_DAMON_MONITOR_ONLY = 1 << 1
};

/** How the backend "damon" uses the kernel's DAMON. Zero everywhere but `size` is a good start. */
struct damon_reclaim_damon_config {
    size_t size;            /**< sizeof(struct damon_reclaim_damon_config) */
    const char *operations; /**< "paddr", "vaddr" or "fvaddr"; NULL: by the targets. Physical memory without a process,
                                 fvaddr for processes with ranges, vaddr for processes without */
    uint32_t flags;         /**< enum damon_reclaim_damon_flag */
};

/** Bits of damon_reclaim_config::flags. */
enum damon_reclaim_flag {
    /** An invalid commit keeps the old set running. Without it the reclaimer is disabled, as the module does. */
    DAMON_RECLAIM_KEEP_ON_INVALID = 1 << 0,
    /** Enabling without targets, and the end of the last one, are no error; targets are expected to come. Until they do
     *  nothing is watched, also with a backend that without targets watches all memory. */
    DAMON_RECLAIM_ALLOW_NO_TARGET = 1 << 1,
    /** Regions are handed to the backend whole, as the kernel does, without marking pages beforehand. For comparison.
     */
    DAMON_RECLAIM_NO_MARK = 1 << 2,
    /** Without `monitor_region_start` and `monitor_region_end`, of physical memory the largest System RAM range alone
     * is watched, as the module does. Without this flag all of them are. */
    DAMON_RECLAIM_LARGEST_RAM = 1 << 3
};

/** How a context is made. Zero everywhere but `size` and `backend` is a good start. */
struct damon_reclaim_config {
    size_t size;         /**< sizeof(struct damon_reclaim_config) */
    const char *backend; /**< "damon", "idle-page", "sim"; "auto": "damon" if it is there and free, else "idle-page";
                              NULL with `backend_ops` */
    const struct damon_reclaim_backend_ops *backend_ops; /**< a backend of the host program; copied */
    void *backend_data;                                  /**< passed to it */
    const struct damon_reclaim_system_ops *system_ops;   /**< system access of the host program; copied; or NULL */
    void *system_data;                                   /**< passed to it */
    const struct damon_reclaim_allocator *allocator;     /**< copied; or NULL for malloc */
    const struct damon_reclaim_callbacks *callbacks;     /**< copied; or NULL */
    void *userdata;                                      /**< passed to the callbacks */
    const char *root; /**< prefix for /proc, /sys and /run, or NULL; for tests and containers */
    uint64_t seed;    /**< of the random source; the same seed, backend and calls give the same run */
    uint32_t flags;   /**< enum damon_reclaim_flag */
    const struct damon_reclaim_sim_config *sim; /**< for the backend "sim"; or NULL */
    char *error;                                /**< where damon_reclaim_new() puts the text of its error; or NULL */
    size_t error_size;                          /**< bytes at `error` */
    const struct damon_reclaim_damon_config *damon; /**< for the backend "damon"; or NULL */
};

/**
 * Makes a context, disabled, with every parameter at its default.
 * @param config     how; nothing in it is used after the call but the callbacks' and operations' own data
 * @param ret_ctx    the context, with one reference, which the caller owns
 * @return 0; -EINVAL (bad member), -E2BIG (unknown member), -ENOENT (no such backend), -ENOMEM, or what the backend's
 *         start met, e.g. -EPERM or -ENOENT when a kernel file is missing. The text is in config->error.
 */
DAMON_RECLAIM_API int damon_reclaim_new(const struct damon_reclaim_config *config, struct damon_reclaim **ret_ctx);

/** Takes a reference. @return @p ctx; NULL for NULL. */
DAMON_RECLAIM_API struct damon_reclaim *damon_reclaim_ref(struct damon_reclaim *ctx);

/**
 * Drops a reference. With the last one the context is disabled (without callbacks), and all that it holds is given
 * back; nothing is left behind in the kernel. Safe inside a callback: the context lives until the call returns.
 * @return NULL, always, for `ctx = damon_reclaim_unref(ctx)`.
 */
DAMON_RECLAIM_API struct damon_reclaim *damon_reclaim_unref(struct damon_reclaim *ctx);

/** The pointer given as config.userdata or by damon_reclaim_set_userdata(). */
DAMON_RECLAIM_API void *damon_reclaim_get_userdata(const struct damon_reclaim *ctx);

/** Replaces the pointer that the callbacks get. */
DAMON_RECLAIM_API void damon_reclaim_set_userdata(struct damon_reclaim *ctx, void *userdata);

/**
 * The text of the last error, one line without newline, naming the culprit and the cure.
 * @return a string that is valid until the next call that fails; "" if none has.
 */
DAMON_RECLAIM_API const char *damon_reclaim_last_error(const struct damon_reclaim *ctx);

/** The name of the backend in use, valid as long as the context. */
DAMON_RECLAIM_API const char *damon_reclaim_backend_name(const struct damon_reclaim *ctx);

/** The context's clock in ns: CLOCK_MONOTONIC, or the virtual clock of a backend that has one. */
DAMON_RECLAIM_API uint64_t damon_reclaim_now(const struct damon_reclaim *ctx);

/** @} */

/**
 * @defgroup params Parameters
 * The module's parameters under the module's names and in its units
 * (`Documentation/admin-guide/mm/damon/reclaim.rst` of the kernel), as text and as a struct, over one table. What is
 * set is staged; damon_reclaim_commit() or damon_reclaim_enable() puts all of it into effect at once, or none of it.
 * @{
 */

/** What a parameter's value is. */
enum damon_reclaim_param_type {
    DAMON_RECLAIM_PARAM_BOOL = 0, /**< Y or N */
    DAMON_RECLAIM_PARAM_UINT = 1, /**< a number */
    DAMON_RECLAIM_PARAM_INT = 2   /**< a number that may be negative (kdamond_pid) */
};

/** What the table says of a parameter. Strings are valid forever. */
struct damon_reclaim_param_info {
    size_t size;                        /**< sizeof(struct damon_reclaim_param_info) */
    const char *name;                   /**< the module's name */
    const char *unit;                   /**< "us", "ms", "bytes", "permille", "bp", "regions", "address", "bool", ... */
    const char *doc;                    /**< one line */
    enum damon_reclaim_param_type type; /**< what its value is */
    bool read_only;                     /**< a counter, or kdamond_pid */
    int64_t default_value;              /**< default */
    uint64_t min;                       /**< least value */
    uint64_t max;                       /**< greatest value */
};

/** The parameters that can be set, as a struct. The meaning of each is in the table: damon_reclaim_param_describe(). */
struct damon_reclaim_params {
    size_t size;                        /**< sizeof(struct damon_reclaim_params) */
    uint64_t min_age;                   /**< us */
    uint64_t quota_ms;                  /**< ms a window; 0: none */
    uint64_t quota_sz;                  /**< bytes a window; 0: none */
    uint64_t quota_reset_interval_ms;   /**< ms */
    uint64_t quota_mem_pressure_us;     /**< us of `some` PSI a window; 0: off */
    uint64_t quota_autotune_feedback;   /**< bp; 0: off */
    uint64_t wmarks_interval;           /**< us */
    uint64_t wmarks_high;               /**< permille of memory free */
    uint64_t wmarks_mid;                /**< permille of memory free */
    uint64_t wmarks_low;                /**< permille of memory free */
    uint64_t sample_interval;           /**< us */
    uint64_t aggr_interval;             /**< us */
    uint64_t min_nr_regions;            /**< regions */
    uint64_t max_nr_regions;            /**< regions */
    uint64_t monitor_region_start;      /**< address / addr_unit */
    uint64_t monitor_region_end;        /**< address / addr_unit */
    uint64_t addr_unit;                 /**< bytes */
    bool skip_anon;                     /**< leave anonymous pages alone */
    bool autotune_monitoring_intervals; /**< tune sample_interval and aggr_interval */
};

/** How many parameters the table has. */
DAMON_RECLAIM_API size_t damon_reclaim_param_count(void);

/** Describes parameter number @p index in the table's order. @return 0, or -EINVAL past the last or for a bad size. */
DAMON_RECLAIM_API int damon_reclaim_param_describe(size_t index, struct damon_reclaim_param_info *ret_info);

/**
 * Stages a parameter given as text.
 * Numbers are decimal, 0x or octal, in the parameter's unit, or with a unit of their own ("30s", "1GiB"); booleans as
 * the kernel reads them (Y y 1 on T, N n 0 off F). `enabled` enables or disables at once and `commit_inputs` commits at
 * once, as in the module. A leading "damon_reclaim." is accepted.
 * @return 0; -ENOENT (no such parameter), -EACCES (read only), -EINVAL (malformed), -ERANGE (out of range), or what
 *         enabling or committing returned. Nothing is staged then.
 */
DAMON_RECLAIM_API int damon_reclaim_set(struct damon_reclaim *ctx, const char *name, const char *value);

/**
 * Reads a parameter or counter as text, in the parameter's unit: what is staged, or what is counted now.
 * @param buf   where the text goes, NUL-terminated, cut off if need be; may be NULL if @p size is 0
 * @return the length of the whole text without the NUL, or -ENOENT.
 */
DAMON_RECLAIM_API int damon_reclaim_get(struct damon_reclaim *ctx, const char *name, char *buf, size_t size);

/** Fills in the defaults. `params->size` is set by the caller. @return 0 or -EINVAL, -E2BIG. */
DAMON_RECLAIM_API int damon_reclaim_params_init(struct damon_reclaim_params *params);

/** Stages all parameters. @return 0; -EINVAL, -E2BIG, -ERANGE (the text names the parameter): nothing is staged. */
DAMON_RECLAIM_API int damon_reclaim_set_params(struct damon_reclaim *ctx, const struct damon_reclaim_params *params);

/** Reads what is staged. `params->size` is set by the caller. @return 0 or -EINVAL. */
DAMON_RECLAIM_API int damon_reclaim_get_params(struct damon_reclaim *ctx, struct damon_reclaim_params *params);

/** Reads what is in effect: differs from what is staged until it is committed, and by interval tuning. */
DAMON_RECLAIM_API int damon_reclaim_get_active_params(struct damon_reclaim *ctx, struct damon_reclaim_params *params);

/**
 * Puts the staged parameters into effect, all or none. What has been learnt of the memory, statistics and the charge
 * of the running quota window survive. While enabled it happens after the running aggregation's accounting,
 * at once as the caller sees it.
 * @return 0; -EINVAL (a contradictory set), -EOPNOTSUPP (the backend cannot do it), -ENOMEM. The text names the
 * parameter. The reclaimer is then disabled, as the module does, unless DAMON_RECLAIM_KEEP_ON_INVALID was given.
 */
DAMON_RECLAIM_API int damon_reclaim_commit(struct damon_reclaim *ctx);

/** @} */

/**
 * @defgroup targets Targets
 * What is monitored: processes, or memory that belongs to none.
 * @{
 */

/** What to watch. */
struct damon_reclaim_target {
    size_t size;                              /**< sizeof(struct damon_reclaim_target) */
    pid_t pid;                                /**< a process, or 0 for memory that belongs to none */
    const struct damon_reclaim_range *ranges; /**< ascending, without overlap; NULL: what the backend finds, followed
                                                   as it changes */
    size_t nr_ranges;                         /**< how many */
};

/**
 * Adds a target. A process is held by a pidfd from here on: if it exits, the target goes (callback target_gone), and
 * another process that gets the same pid is never touched. Works at any time, also while enabled. No memory is
 * watched twice: with DAMON_RECLAIM_BACKEND_WHOLE, targets without a process must not overlap.
 * @param ret_id  its number, never used again in this context; may be NULL
 * @return 0; -ESRCH (no such process), -EPERM (the caller itself, a kernel thread, or not permitted), -EINVAL,
 * -EOPNOTSUPP (this backend has no such targets), -EEXIST (the process is a target already), -ENOMEM.
 */
DAMON_RECLAIM_API int damon_reclaim_add_target(struct damon_reclaim *ctx, const struct damon_reclaim_target *target,
                                               uint32_t *ret_id);

/**
 * Removes a target. What was reclaimed of it stays counted. With the last one gone an enabled context waits for
 * another.
 * @return 0 or -ENOENT.
 */
DAMON_RECLAIM_API int damon_reclaim_remove_target(struct damon_reclaim *ctx, uint32_t id);

/** @} */

/**
 * @defgroup exclusions Exclusions
 * Memory that is never reclaimed, whatever parameters, schemes and filters say. The calling process and the kernel's
 * threads never are in any case, as far as the backend knows the owner of a page; the kernel's DAMON does not when it
 * watches physical memory.
 * @{
 */

/** What is excluded. */
enum damon_reclaim_exclusion_type {
    DAMON_RECLAIM_EXCLUDE_PID = 0,    /**< a process; it cannot become a target either */
    DAMON_RECLAIM_EXCLUDE_CGROUP = 1, /**< pages charged to a cgroup or to one below it */
    DAMON_RECLAIM_EXCLUDE_RANGE = 2   /**< addresses, of all targets: physical ones where physical memory is watched */
};

/** "pid", "cgroup", "range"; NULL for a number that is no type. */
DAMON_RECLAIM_API const char *damon_reclaim_exclusion_name(enum damon_reclaim_exclusion_type type);

/** An exclusion. */
struct damon_reclaim_exclusion {
    enum damon_reclaim_exclusion_type type; /**< what it excludes */
    pid_t pid;                              /**< for PID */
    const char *cgroup;                     /**< for CGROUP: its path below /sys/fs/cgroup; copied */
    struct damon_reclaim_range range;       /**< for RANGE */
};

/**
 * Replaces the list of exclusions, all or nothing; works at any time, also while enabled, and holds from the next
 * attempt on.
 * @param exclusions  the list, or NULL if @p n is 0
 * @param n           how many, at most 256, of which at most 32 ranges
 * @return 0; -EINVAL (the text names the entry), -ENOENT (no such cgroup), -EOPNOTSUPP (the backend cannot tell whose
 * memory it is), -EBUSY (the process is a target; remove it first), -ENOSPC, -ENOMEM.
 */
DAMON_RECLAIM_API int damon_reclaim_set_exclusions(struct damon_reclaim *ctx,
                                                   const struct damon_reclaim_exclusion *exclusions, size_t n);

/** @} */

/**
 * @addtogroup schemes
 * @{
 */

/**
 * Adds a scheme beside the reclaim scheme. Works at any time.
 * @param ret_id  its number, 1 or more; may be NULL
 * @return 0; -EINVAL (the text names the member), -EOPNOTSUPP (a filter that the backend cannot decide), -ENOSPC (16
 * there), -ENOMEM.
 */
DAMON_RECLAIM_API int damon_reclaim_add_scheme(struct damon_reclaim *ctx, const struct damon_reclaim_scheme *scheme,
                                               uint32_t *ret_id);

/** Removes a scheme. @return 0; -ENOENT; -EPERM for the reclaim scheme. */
DAMON_RECLAIM_API int damon_reclaim_remove_scheme(struct damon_reclaim *ctx, uint32_t id);

/**
 * Replaces the filters of a scheme, at once. On the reclaim scheme they come before the one that `skip_anon` makes.
 * @return 0; -ENOENT, -EINVAL, -EOPNOTSUPP, -ENOSPC (more than 32).
 */
DAMON_RECLAIM_API int damon_reclaim_set_filters(struct damon_reclaim *ctx, uint32_t scheme,
                                                const struct damon_reclaim_filter *filters, size_t n);

/** Reports the current value of goal number @p goal of a scheme, which must be of the metric USER_INPUT. That of the
 * reclaim scheme is the parameter `quota_autotune_feedback` from then on. @return 0, -ENOENT, -EINVAL. */
DAMON_RECLAIM_API int damon_reclaim_report_goal(struct damon_reclaim *ctx, uint32_t scheme, size_t goal,
                                                uint64_t current);

/** @} */

/**
 * @defgroup loop The loop
 * Either hang damon_reclaim_get_fd() into the program's own event loop and call damon_reclaim_dispatch() when it is
 * readable, or let damon_reclaim_run() do both. The 20 lines it takes:
 * @snippet minimal.c loop
 * @{
 */

/** Commits what is staged and starts. @return as damon_reclaim_commit(); -EINVAL without a target; 0 if it is enabled
 * already. */
DAMON_RECLAIM_API int damon_reclaim_enable(struct damon_reclaim *ctx);

/** Stops. Parameters, targets and statistics stay; what was learnt of the memory is forgotten. The context is disabled
 * in any case. Where the kernel does the work, and sleeps because of its watermarks, stopping it may have to wait until
 * it looks at them again, `wmarks_interval` at most. @return 0, or why what was set up in the kernel could not be taken
 *  away; the next start of a program with this library tries that again. */
DAMON_RECLAIM_API int damon_reclaim_disable(struct damon_reclaim *ctx);

/** One file descriptor, the context's for its whole life, that becomes readable when damon_reclaim_dispatch() has work.
 */
DAMON_RECLAIM_API int damon_reclaim_get_fd(const struct damon_reclaim *ctx);

/**
 * Does what is due, and never waits. Calling it early does nothing; calling it late does the work once, not several
 * times.
 * @return 0; -EBUSY from inside a callback; the error that has just disabled the context.
 */
DAMON_RECLAIM_API int damon_reclaim_dispatch(struct damon_reclaim *ctx);

/**
 * Waits and dispatches until damon_reclaim_stop() is called or the context is disabled.
 * @return 0 after stop or disable; the error that disabled the context; -EBUSY from inside a callback.
 */
DAMON_RECLAIM_API int damon_reclaim_run(struct damon_reclaim *ctx);

/** Makes damon_reclaim_run() return soon. Safe from any thread and from a signal handler, as long as the context lives.
 */
DAMON_RECLAIM_API void damon_reclaim_stop(struct damon_reclaim *ctx);

/** @} */

/**
 * @defgroup results Regions and statistics
 * What the monitoring found, and what came of it: the regions as they are now, and counters.
 * @{
 */

/**
 * Copies the regions as they are now, target by target, ascending.
 * @param regions   room for @p capacity regions, the caller's; may be NULL if @p capacity is 0
 * @param ret_n     how many regions there are, which may be more than @p capacity
 * @return 0.
 */
DAMON_RECLAIM_API int damon_reclaim_get_regions(struct damon_reclaim *ctx, struct damon_reclaim_region *regions,
                                                size_t capacity, size_t *ret_n);

/** Statistics, of the reclaim scheme where they belong to a scheme, since the context was made. */
struct damon_reclaim_stats {
    size_t size;                          /**< sizeof(struct damon_reclaim_stats) */
    enum damon_reclaim_state state;       /**< what the context is doing */
    enum damon_reclaim_reason reason;     /**< why */
    uint64_t nr_reclaim_tried_regions;    /**< regions of which the backend tried at least a part */
    uint64_t bytes_reclaim_tried_regions; /**< bytes tried */
    uint64_t nr_reclaimed_regions;        /**< regions of which at least a part was reclaimed */
    uint64_t bytes_reclaimed_regions;     /**< bytes reclaimed */
    uint64_t nr_quota_exceeds;            /**< windows in which the quota was full */
    uint64_t bytes_filter_passed;         /**< bytes that passed the page-level filters */
    uint64_t bytes_accessed;              /**< candidates left alone because they were accessed after all */
    uint64_t bytes_not_reclaimable;       /**< candidates found not to be reclaimable */
    uint64_t nr_regions;                  /**< regions now */
    uint64_t nr_targets;                  /**< targets now */
    uint64_t monitored_bytes;             /**< size of all regions now */
    uint64_t effective_quota;             /**< bytes that the running window may try; UINT64_MAX: no limit */
    uint64_t charged_bytes;               /**< bytes charged to the running window */
    uint64_t nr_samples;                  /**< sample ticks done */
    uint64_t nr_aggregations;             /**< aggregations done */
    uint64_t monitor_ns;                  /**< time spent on monitoring, ns */
    uint64_t monitor_cpu_ns;              /**< CPU time of it, ns */
    uint64_t reclaim_ns;                  /**< time spent on reclaiming (all schemes), ns */
    uint64_t reclaim_cpu_ns;              /**< CPU time of it, ns */
};

/** Reads the statistics. `ret_stats->size` is set by the caller. @return 0 or -EINVAL. */
DAMON_RECLAIM_API int damon_reclaim_get_stats(struct damon_reclaim *ctx, struct damon_reclaim_stats *ret_stats);

/** What a scheme matched and did. */
struct damon_reclaim_scheme_stats {
    size_t size;               /**< sizeof(struct damon_reclaim_scheme_stats) */
    uint64_t nr_tried;         /**< regions tried (for STAT: matched) */
    uint64_t sz_tried;         /**< bytes of them */
    uint64_t nr_applied;       /**< regions of which at least a part was acted on */
    uint64_t sz_applied;       /**< bytes of them */
    uint64_t sz_filter_passed; /**< bytes that passed the page-level filters */
    uint64_t qt_exceeds;       /**< windows in which the quota was full */
    uint64_t effective_quota;  /**< bytes that the running window may try; UINT64_MAX: no limit */
    uint64_t time_ns;          /**< time spent */
    bool active;               /**< whether its watermarks let it work */
};

/** Reads the statistics of one scheme. `ret_stats->size` is set by the caller. @return 0, -EINVAL, -ENOENT. */
DAMON_RECLAIM_API int damon_reclaim_get_scheme_stats(struct damon_reclaim *ctx, uint32_t scheme,
                                                     struct damon_reclaim_scheme_stats *ret_stats);

/** @} */

/**
 * @defgroup probe Probing
 * What works on this machine, without changing anything on it.
 * @{
 */

/** The name of built-in backend number @p index, valid forever; NULL past the last one. */
DAMON_RECLAIM_API const char *damon_reclaim_backend(size_t index);

/**
 * Finds out whether a built-in backend works here. Reads only.
 * @param config  as for damon_reclaim_new(); of it the backend ("auto" too), `damon`, system operations and root are
 * used
 * @param text    why not and what would cure it, or what was found; one line a finding; cut off if need be; may be
 * NULL. The first line is about the backend itself; one "missing FEATURE: why" names a feature that is not there. With
 *                "auto" the findings of all that it chooses from, each line with "BACKEND: " in front
 * @param size    bytes at @p text
 * @return 0 if it works, else what damon_reclaim_new() or the first use would return.
 */
DAMON_RECLAIM_API int damon_reclaim_probe(const struct damon_reclaim_config *config, char *text, size_t size);

/** @} */

/**
 * @defgroup sim Simulated memory
 * The backend "sim": memory with a virtual clock that behaves as a workload file says, and that knows the truth. The
 * format of the file is that of masim. See the guide "Simulated memory".
 * @{
 */

/** The truth about a simulated run, in bytes. */
struct damon_reclaim_sim_report {
    size_t size;              /**< sizeof(struct damon_reclaim_sim_report) */
    uint64_t now_ns;          /**< virtual time */
    uint64_t workload_end_ns; /**< when the last phase ends */
    uint64_t total;           /**< size of all regions of the workload */
    uint64_t touched;         /**< ever accessed */
    uint64_t resident;        /**< there now */
    uint64_t anon;            /**< of the resident, anonymous */
    uint64_t file;            /**< of the resident, of files */
    uint64_t cold;            /**< touched, and not accessed for `min_age`: what should be reclaimed */
    uint64_t cold_reclaimed;  /**< of these, gone */
    uint64_t cold_missed;     /**< of these, still there */
    uint64_t reclaimed;       /**< reclaimed in all, counted each time */
    uint64_t refaulted;       /**< of these, accessed again so far */
    uint64_t regretted;       /**< of these, accessed again within `min_age` of being reclaimed */
    uint64_t refault_ns;      /**< what the refaults cost the workload */
    uint64_t reclaim_ns;      /**< what reclaiming cost */
};

/**
 * Reads the truth.
 * @param min_age_us  what counts as cold
 * @return 0; -EINVAL; -EOPNOTSUPP if the backend is not "sim".
 */
DAMON_RECLAIM_API int damon_reclaim_sim_get_report(struct damon_reclaim *ctx, uint64_t min_age_us,
                                                   struct damon_reclaim_sim_report *ret_report);

/** @} */

#ifdef __cplusplus
}
#endif

#endif /* DAMON_RECLAIM_H */
