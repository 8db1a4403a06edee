/* SPDX-License-Identifier: MIT */
/* Finding machines by list, pid file, cgroup and command, below a root directory. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discovery.h"
#include "suite.h"
#include "told.h"
#include "tree.h"

#define WORDS(...)                                                                                                     \
    {                                                                                                                  \
        .items = (const char *const[]){__VA_ARGS__}, .n = sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)  \
    }
#define COMMANDS WORDS("qemu-system-*", "qemu-kvm", "cloud-hypervisor", "firecracker")
#define SCOPE    "/machine.slice/machine-qemu\\x2d1\\x2dweb\\x2d01.scope"

static struct tree tree;
static struct host_found_list list;

static void setup(void)
{
    tree_make(&tree);
    list = (struct host_found_list){0};
}

static void teardown(void)
{
    host_found_free(&list);
    tree_remove(&tree);
}

FIXTURE(setup, teardown);

static const struct host_found *found(pid_t pid)
{
    for (size_t i = 0; i < list.n; i++)
        if (list.items[i].pid == pid)
            return &list.items[i];
    return NULL;
}

static void qemu(pid_t pid, const char *name, const char *cgroup)
{
    const char *const words[] = {"/usr/bin/qemu-system-x86_64", "-name", name, "-m", "size=1048576k", "-S", NULL};

    tree_process(&tree, pid, 100 + (unsigned int)pid, "qemu-system-x86", cgroup, words);
}

TEST(test_by_command)
{
    struct host_places places = {.root = tree.root, .commands = COMMANDS, .anywhere = true};
    const char *const ch[] = {
        "/usr/bin/cloud-hypervisor", "--api-socket", "path=/run/ch/db.sock", "--memory", "size=2G", NULL};
    const char *const fc[] = {"/firecracker", "--id", "f-1", "--api-sock", "/x", NULL};
    const char *const renamed[] = {"guest", NULL};
    const char *const other[] = {"/usr/sbin/sshd", NULL};

    qemu(300, "guest=web,,1,debug-threads=on", "/user.slice");
    tree_process(&tree, 200, 7, "cloud-hyperviso", "/", ch);
    tree_process(&tree, 400, 7, "firecracker", "/", fc);
    tree_process(&tree, 500, 7, "sshd", "/", other);
    tree_process(&tree, 600, 7, "vmm", "/", renamed);
    tree_link(&tree, "/proc/600/exe", "/opt/bin/qemu-system-aarch64");
    tree_write(&tree, "/proc/meminfo", "MemTotal: 1 kB\n");
    ck_assert_int_eq(host_discover(&places, &list), 0);
    ck_assert_uint_eq(list.n, 4);
    ck_assert_int_eq(list.items[0].pid, 200);
    ck_assert_str_eq(list.items[0].name, "db");
    ck_assert_str_eq(list.items[1].name, "web,1");
    ck_assert_uint_eq(list.items[1].start_time, 400);
    ck_assert_str_eq(list.items[2].name, "f-1");
    ck_assert_str_eq(list.items[3].name, "600");
    ck_assert_int_eq(list.items[3].method, HOST_BY_COMMAND);
}

/* Firecracker is a machine only if it is asked for by name, because its snapshots and swap do not go together. */
TEST(test_by_name_only)
{
    struct host_places places = {.root = tree.root, .commands = WORDS("*"), .anywhere = true};
    const char *const words[] = {"/opt/firecracker-v1.7.0-x86_64", "--id", "f-1", NULL};

    tree_process(&tree, 400, 7, "firecracker-v1.", "/", words);
    tree_process(&tree, 401, 7, "other", "/", (const char *const[]){"/bin/other", NULL});
    ck_assert_int_eq(host_discover(&places, &list), 0);
    ck_assert_uint_eq(list.n, 1);
    ck_assert_int_eq(list.items[0].pid, 401);
    places.commands = (struct host_words)WORDS("firecracker");
    ck_assert_int_eq(host_discover(&places, &list), 0);
    ck_assert_uint_eq(list.n, 1);
    ck_assert_int_eq(list.items[0].pid, 400);
}

TEST(test_by_cgroup)
{
    struct host_places places = {.root = tree.root, .commands = COMMANDS, .cgroups = WORDS("machine.slice")};
    const char *const words[] = {"/usr/bin/qemu-system-x86_64", "-m", "512", NULL};
    const char *const tpm[] = {"/usr/bin/swtpm", "socket", NULL};

    tree_process(&tree, 10, 1, "qemu-system-x86", SCOPE "/libvirt/emulator", words);
    tree_process(&tree, 11, 1, "swtpm", SCOPE "/libvirt/emulator", tpm);
    qemu(12, "elsewhere", "/user.slice");
    tree_status(&tree, 12, 1000, "");
    tree_write(&tree, "/sys/fs/cgroup" SCOPE "/libvirt/emulator/cgroup.procs", "10\n11\n99\n");
    tree_write(&tree, "/sys/fs/cgroup/user.slice/cgroup.procs", "12\n");
    ck_assert_int_eq(host_discover(&places, &list), 0);
    ck_assert_uint_eq(list.n, 1);
    ck_assert_int_eq(list.items[0].pid, 10);
    ck_assert_str_eq(list.items[0].name, "web-01");
    ck_assert_str_eq(list.items[0].cgroup, SCOPE);
    ck_assert_int_eq(list.items[0].method, HOST_BY_CGROUP);
    /* Given with the whole path. */
    places.cgroups = (struct host_words)WORDS("/sys/fs/cgroup/machine.slice");
    ck_assert_int_eq(host_discover(&places, &list), 0);
    ck_assert_uint_eq(list.n, 1);
}

TEST(test_by_pid_file_and_list)
{
    struct host_places places = {.root = tree.root,
                                 .pids = WORDS("31", "77", "x"),
                                 .commands = WORDS("my-monitor"),
                                 .pid_files = WORDS("/run/libvirt/qemu/*.pid", "/run/none.pid")};
    const char *const words[] = {"my-monitor", NULL}, *const driver[] = {"/usr/sbin/virtqemud", NULL};

    /* What libvirt's daemon writes of itself; and a process that got the number of a monitor that was killed. */
    tree_process(&tree, 32, 1, "virtqemud", "/", driver);
    tree_write(&tree, "/run/libvirt/qemu/driver.pid", "32\n");
    tree_process(&tree, 33, 1, "other", "/", (const char *const[]){"/bin/other", NULL});
    tree_write(&tree, "/run/libvirt/qemu/reused.pid", "33\n");
    tree_process(&tree, 30, 1, "my-monitor", "/", words);
    tree_process(&tree, 31, 1, "my-monitor", "/", words);
    tree_write(&tree, "/run/libvirt/qemu/mail.pid", "30\n");
    tree_write(&tree, "/run/libvirt/qemu/stale.pid", "40\n");
    tree_write(&tree, "/run/libvirt/qemu/empty.pid", "%s", "");
    tree_write(&tree, "/run/libvirt/qemu/bad.pid", "-5\n");
    ck_assert_int_eq(host_discover(&places, &list), 0);
    ck_assert_uint_eq(list.n, 2);
    ck_assert_str_eq(found(30)->name, "mail");
    ck_assert_int_eq(found(30)->method, HOST_BY_PIDFILE);
    ck_assert_str_eq(found(31)->name, "31");
    ck_assert_int_eq(found(31)->method, HOST_BY_LIST);
}

/* Whoever starts a machine chooses its name, and it is shown in logs, lists and metrics. */
TEST(test_printable_names)
{
    static const char *const names[][2] = {
        {"we\xff", "we_"},
        {"a\nb\x1b[31m\x7f", "a_b_[31m_"},
        {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
        {"g\xc0\xaf", "g__"},
        {"h\xed\xa0\x80", "h___"},
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
        {"cut\xe2\x82", "cut__"},
        {"x\xc2\x85", "x__"},
        {"i\xf4\x90\x80\x80", "i____"},
        /* Marks of direction, a separator of lines, a byte order mark, blanks that look like none. */
        {"a\xe2\x80\xae"
         "b",
         "a___b"},
        {"a\xe2\x81\xa6"
         "c",
         "a___c"},
        {"a\xe2\x80\xa8"
         "d",
         "a___d"},
        {"\xef\xbb\xbf"
         "e",
         "___e"},
        {"f\xc2\xa0", "f__"},
        {" a b ", "_a b_"},
        /* What has nothing that can be seen is no name. */
        {" ", "25"},
        {"\xe2\x80\x8b\xef\xbb\xbf", "26"},
        {"\xff", "27"},
    };
    struct host_places places = {.root = tree.root, .commands = COMMANDS, .anywhere = true};
    char longer[200];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        qemu((pid_t)(10 + i), names[i][0], "/");
    memset(longer, 'x', 126);
    memcpy(longer + 126, "\xc3\xbc", 3);
    qemu(9, longer, "/");
    ck_assert_int_eq(host_discover(&places, &list), 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        ck_assert_str_eq(found((pid_t)(10 + i))->name, names[i][1]);
    ck_assert_str_eq(found(9)->name + 125, "x_");
}

/* Two guests of one name; one process that several methods find; those that go and come. */
TEST(test_names_and_rescans)
{
    struct host_places places = {.root = tree.root, .commands = COMMANDS, .anywhere = true};

    qemu(50, "twin", "/");
    qemu(51, "twin", "/");
    ck_assert_int_eq(host_discover(&places, &list), 0);
    ck_assert_uint_eq(list.n, 2);
    ck_assert_str_eq(found(50)->name, "twin");
    ck_assert_str_eq(found(51)->name, "twin-51");
    ck_assert_str_eq(found(51)->own[0], "twin");
    qemu(49, "twin", "/"); /* older than both, but it comes later */
    ck_assert_int_eq(host_discover(&places, &list), 0);
    ck_assert_str_eq(found(50)->name, "twin");
    ck_assert_str_eq(found(49)->name, "twin-49");
    tree_exit(&tree, 49);
    tree_exit(&tree, 50);
    ck_assert_int_eq(host_discover(&places, &list), 0);
    ck_assert_uint_eq(list.n, 1);
    ck_assert_str_eq(found(51)->name, "twin"); /* it is free again */
    qemu(52, "twin-53", "/");
    qemu(53, "twin", "/");
    ck_assert_int_eq(host_discover(&places, &list), 0);
    ck_assert_str_eq(found(51)->name, "twin");
    ck_assert_str_eq(found(52)->name, "twin-53");
    ck_assert_str_eq(found(53)->name, "twin-53.2");
}

/* What the administrator names outranks what anybody may start. All names that a machine has are kept for sections. */
TEST(test_whose_name)
{
    struct host_places places = {.root = tree.root,
                                 .commands = COMMANDS,
                                 .pid_files = WORDS("/run/vm/*.pid"),
                                 .cgroups = WORDS("machine.slice"),
                                 .users = WORDS("7"),
                                 .anywhere = true};

    qemu(20, "web", "/user.slice");
    tree_status(&tree, 20, 1000, "");
    qemu(21, "web", "/user.slice");
    tree_status(&tree, 21, 7, "");
    ck_assert_int_eq(host_discover(&places, &list), 0);
    ck_assert_str_eq(found(21)->name, "web"); /* of a trusted user */
    ck_assert_str_eq(found(20)->name, "web-20");
    qemu(22, "web", SCOPE);
    tree_write(&tree, "/sys/fs/cgroup" SCOPE "/cgroup.procs", "22\n");
    ck_assert_int_eq(host_discover(&places, &list), 0);
    ck_assert_str_eq(found(22)->name, "web");
    ck_assert_str_eq(found(22)->own[1], "web-01");
    ck_assert_str_eq(found(21)->name, "web-21");
    qemu(23, "web", SCOPE);
    tree_write(&tree, "/run/vm/mail.pid", "23\n");
    ck_assert_int_eq(host_discover(&places, &list), 0);
    ck_assert_str_eq(found(23)->name, "web");
    ck_assert_str_eq(found(23)->own[1], "web-01");
    ck_assert_str_eq(found(23)->own[2], "mail");
    ck_assert_str_eq(found(22)->name, "web-22");
}

/* Without `anywhere`, commands are taken only of root and of the users that run machines. */
TEST(test_users)
{
    struct host_places places = {
        .root = tree.root, .commands = COMMANDS, .users = WORDS("root", "libvirt-qemu", "nobody", "77")};

    tree_write(&tree, "/etc/passwd",
               "root:x:0:0:root:/root:/bin/sh\nlibvirt-qemux:x:5:5::/:\nlibvirt-qemu:x:64055:994:Libvirt:/:/bin/no\n");
    for (pid_t pid = 10; pid < 16; pid++)
        qemu(pid, "a", "/");
    tree_status(&tree, 11, 64055, "");
    tree_status(&tree, 12, 77, "");
    tree_status(&tree, 13, 5, "");
    tree_status(&tree, 14, 1000, "");
    tree_write(&tree, "/proc/15/status", "Name:\tqemu\nUid:\t1000\t0\t0\t0\n"); /* set-uid root */
    ck_assert_int_eq(host_discover(&places, &list), 0);
    ck_assert_uint_eq(list.n, 3);
    for (pid_t pid = 10; pid < 13; pid++) {
        ck_assert_ptr_nonnull(found(pid));
        ck_assert_int_eq(found(pid)->trusted, true);
    }
    places.anywhere = true;
    ck_assert_int_eq(host_discover(&places, &list), 0);
    ck_assert_uint_eq(list.n, 6);
    ck_assert_int_eq(found(15)->trusted, false);
    ck_assert_uint_eq(found(14)->uid, 1000);
}

/* Strangers do not keep others from being found, and those that were found stay. */
TEST(test_at_most)
{
    struct host_places places = {.root = tree.root,
                                 .commands = COMMANDS,
                                 .users = WORDS("root"),
                                 .anywhere = true,
                                 .most = 4,
                                 .most_of_user = 2};

    pid_t pids[3];

    for (pid_t pid = 10; pid < 40; pid++) {
        qemu(pid, "fake", "/");
        tree_status(&tree, pid, 1000 + (unsigned int)pid % 2, "");
    }
    qemu(50, "honest", "/");
    ck_assert_int_eq(host_discover(&places, &list), 0);
    ck_assert_uint_eq(list.n, 4);
    ck_assert_ptr_nonnull(found(50));
    ck_assert_uint_eq(list.left_out + list.left_out_of_user, 27);
    for (size_t i = 0; i < 3; i++)
        pids[i] = list.items[i].pid; /* strangers */
    qemu(5, "fake", "/");
    tree_status(&tree, 5, 1000, "");
    ck_assert_int_eq(host_discover(&places, &list), 0);
    ck_assert_ptr_nonnull(found(pids[0]));
    ck_assert_ptr_nonnull(found(pids[1]));
    ck_assert_ptr_nonnull(found(pids[2]));
    ck_assert_ptr_nonnull(found(50));
    qemu(51, "honest too", "/");
    ck_assert_int_eq(host_discover(&places, &list), 0);
    ck_assert_uint_eq(list.n, 4);
    ck_assert_ptr_nonnull(found(50));
    ck_assert_ptr_nonnull(found(51));
    ck_assert_int_eq(!!found(pids[0]) + !!found(pids[1]) + !!found(pids[2]), 2);
    places.most = 0;
    ck_assert_int_eq(host_discover(&places, &list), 0);
    ck_assert_uint_eq(list.n, 6);
    ck_assert_uint_eq(list.left_out, 0);
    ck_assert_uint_eq(list.left_out_of_user, 27);
}

/* Anybody may call a machine like what another one is going to be called, and make it so long that nothing fits
 * behind. */
TEST(test_names_apart)
{
    struct host_places places = {.root = tree.root, .commands = COMMANDS, .anywhere = true};
    char longest[HOST_NAME_SIZE];

    qemu(10, "web", "/");
    qemu(11, "web-13", "/");
    qemu(12, "web-13.2", "/");
    qemu(13, "web", "/");
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    qemu(20, longest, "/");
    memcpy(longest + sizeof(longest) - 4, "-22", 3);
    qemu(21, longest, "/");
    longest[sizeof(longest) - 4] = longest[sizeof(longest) - 3] = longest[sizeof(longest) - 2] = 'x';
    qemu(22, longest, "/");
    ck_assert_int_eq(host_discover(&places, &list), 0);
    ck_assert_uint_eq(list.n, 7);
    for (size_t i = 0; i < list.n; i++)
        for (size_t k = 0; k < i; k++)
            ck_assert_str_ne(list.items[i].name, list.items[k].name);
    ck_assert_str_eq(found(10)->name, "web");
    ck_assert_str_eq(found(13)->name, "web-13.3");
}

#define CMDLINE(words)                                                                                                 \
    {                                                                                                                  \
        .text = (words), .len = sizeof(words) - 1                                                                      \
    }

/* However many files it lacks, nobody is taken for gone. */
static void must_keep_without_files(const struct host_places *places, size_t n)
{
    unsigned int more = 0;
    int r;

    ck_assert_int_eq(host_discover(places, &list), 0);
    ck_assert_uint_eq(list.n, n);
    do {
        limit_files(more);
        r = host_discover(places, &list);
        unlimit_files();
        ck_assert_msg(r == 0 || r == -EMFILE, "%d with %u files", r, more);
        ck_assert_msg(list.n == n, "%zu of %zu are left with %u files", list.n, n, more);
    } while (more++ == 0 || r < 0);
    host_found_free(&list);
}

TEST(test_no_files_left)
{
    struct host_places by_command = {.root = tree.root, .commands = COMMANDS, .anywhere = true};
    struct host_places by_cgroup = {.root = tree.root, .commands = COMMANDS, .cgroups = WORDS("machine.slice")};
    struct host_places by_pid_file = {.root = tree.root, .commands = COMMANDS, .pid_files = WORDS("/run/vm/*.pid")};
    struct host_places by_list = {.root = tree.root, .pids = WORDS("10", "12")};

    qemu(10, "a", SCOPE);
    qemu(12, "b", SCOPE "/libvirt");
    tree_write(&tree, "/sys/fs/cgroup" SCOPE "/cgroup.procs", "10\n");
    tree_write(&tree, "/sys/fs/cgroup" SCOPE "/libvirt/cgroup.procs", "12\n");
    tree_write(&tree, "/run/vm/a.pid", "10\n");
    tree_write(&tree, "/run/vm/b.pid", "12\n");
    must_keep_without_files(&by_command, 2);
    must_keep_without_files(&by_cgroup, 2);
    must_keep_without_files(&by_pid_file, 2);
    must_keep_without_files(&by_list, 2);
}

TEST(test_sizes)
{
    static const struct {
        const char *word;
        uint64_t bytes;
    } sizes[] = {{"128", 128 << 20},
                 {"2G", UINT64_C(2) << 30},
                 {"1g", 1 << 30},
                 {"3GB", UINT64_C(3) << 30},
                 {"0.125G", 128 << 20},
                 {"1.5k", 1536},
                 {".5G", 0},
                 {"0x10", 16 << 20},
                 {"4096b", 4096},
                 {"", 0},
                 {"x", 0},
                 {"-5", 0},
                 {"0x10G", 0},
                 {"99999999999999999999", 0},
                 {"18446744073709551615", 0},
                 {"17592186044416", 0},
                 {"3Gx", 0}};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint64_t bytes = 0;

        if (host_parse_size(sizes[i].word, 1 << 20, &bytes) != (sizes[i].bytes > 0) || bytes != sizes[i].bytes)
            ck_abort_msg("%s: %llu", sizes[i].word, (unsigned long long)bytes);
    }
}

TEST(test_json)
{
    static const char *const text = "{\"a\": {\"id\": \"inner\"}, \"id\" : \"x\\\"y\", \"size\":4096,\"share\":true}";
    char value[16];

    ck_assert_int_eq(host_json_option(text, "id", value, sizeof(value)), true);
    ck_assert_str_eq(value, "x\"y");
    ck_assert_int_eq(host_json_option(text, "size", value, sizeof(value)), true);
    ck_assert_str_eq(value, "4096");
    ck_assert_int_eq(host_json_option(text, "share", value, sizeof(value)), true);
    ck_assert_str_eq(value, "true");
    ck_assert_int_eq(host_json_option(text, "inner", value, sizeof(value)), false);
    ck_assert_int_eq(host_json_option("{\"id\":\"", "id", value, sizeof(value)), false);
    ck_assert_int_eq(host_json_option("{\"id", "id", value, sizeof(value)), false);
    ck_assert_int_eq(host_json_option("{\"id\\", "id", value, sizeof(value)), false);
}

TEST(test_names)
{
    static const struct {
        const char *cgroup, *name;
    } scopes[] = {
        {SCOPE "/libvirt/vcpu0", "web-01"},
        {"/machine.slice/machine-fedora.scope", "fedora"},
        {"/machine.slice/machine-qemu\\x2d12\\x2da\\x20b.scope", "a b"},
        {"/machine.slice/machine-qemu\\x2dx\\x2db.scope", "qemu-x-b"},
        {"/machine.slice/machine-a/b.scope", NULL},
        {"/machine.slice", NULL},
        {"/user.slice/session-1.scope", NULL},
    };
    static const struct {
        struct host_cmdline words;
        const char *name;
    } cmdlines[] = {
        {CMDLINE("qemu\0-name\0debug-threads=on,guest=x\0"), "x"},
        {CMDLINE("qemu\0-name\0debug-threads=on\0"), NULL},
        {CMDLINE("qemu\0-device\0id=3\0"), NULL},
        {CMDLINE("firecracker\0--id=vm7\0"), "vm7"},
        {CMDLINE("cloud-hypervisor\0--api-socket\0/run/x.y.sock\0"), "x.y"},
    };
    char name[HOST_NAME_SIZE];

    for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
        ck_assert_int_eq(host_scope_name(scopes[i].cgroup, name), scopes[i].name != NULL);
        if (scopes[i].name)
            ck_assert_str_eq(name, scopes[i].name);
    }
    for (size_t i = 0; i < sizeof(cmdlines) / sizeof(cmdlines[0]); i++) {
        ck_assert_int_eq(host_cmdline_name(&cmdlines[i].words, name), cmdlines[i].name != NULL);
        if (cmdlines[i].name)
            ck_assert_str_eq(name, cmdlines[i].name);
    }
}

TEST(test_commands)
{
    static const struct {
        const char *pattern, *word, *exe, *comm;
        bool matches;
    } cases[] = {
        {"qemu-system-*", "/usr/bin/qemu-system-x86_64", NULL, NULL, true},
        {"qemu-system-*", "vm", NULL, "qemu-system-x86", true},
        {"cloud-hypervisor", NULL, NULL, "cloud-hyperviso", true}, /* the kernel keeps 15 characters */
        {"cloud-hypervisor", NULL, NULL, "cloud", false},
        {"firecracker", "x", "/a/firecracker", "y", true},
        {"firecracker", "firecracker-log", "/a/sh", "sh", false},
        {"firecracker", "./firecracker-v1.7.0-x86_64", NULL, NULL, true},
        {"firecracker", NULL, NULL, "firecracker-v1.", true},
        {"cloud-hypervisor", NULL, "/opt/cloud-hypervisor-static", NULL, true},
        {"cloud-hypervisor", NULL, "/opt/cloud-hypervisor-static-aarch64", NULL, true},
        {"qemu-kvm", "qemu-kvm-9.1", NULL, NULL, true},
        {"kvm", "kvm-irqfd-cleanup", NULL, NULL, false},
        {"kvm", "kvm-", NULL, NULL, false},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_msg(host_command_matches(cases[i].pattern, cases[i].word, cases[i].exe, cases[i].comm) ==
                          cases[i].matches,
                      "case %zu: %s", i, cases[i].pattern);
}
