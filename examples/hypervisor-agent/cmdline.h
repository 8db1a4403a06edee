/* SPDX-License-Identifier: MIT */
/* What the command line of a virtual machine monitor tells of its guest. */
#ifndef HOST_CMDLINE_H
#define HOST_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOST_NAME_SIZE 128

/* /proc/PID/cmdline: words with a NUL behind each. */
struct host_cmdline {
    const char *text;
    size_t len;
};

/* Word number @i, or NULL. */
const char *host_cmdline_word(const struct host_cmdline *cmdline, size_t i);
/* The guest's name: QEMU's -name, Firecracker's --id, the file name of cloud-hypervisor's --api-socket. False if it
 * tells none. */
bool host_cmdline_name(const struct host_cmdline *cmdline, char name[HOST_NAME_SIZE]);
/* The size of the guest's memory, QEMU's -m or cloud-hypervisor's --memory, in bytes; 0 if it does not tell. */
uint64_t host_cmdline_memory(const struct host_cmdline *cmdline);
/* Whether the program that is called @argv0 and @exe (paths; NULL: unknown) and @comm (cut to 15 characters by the
 * kernel) is one that @pattern, as for fnmatch(3), names. */
bool host_command_matches(const char *pattern, const char *argv0, const char *exe, const char *comm);
/* The machine that a systemd scope stands for: "web" for ".../machine-qemu\x2d1\x2dweb.scope" and what is below it.
 * False if the cgroup is none. */
bool host_scope_name(const char *cgroup, char name[HOST_NAME_SIZE]);
/* Makes a text one line of UTF-8: whoever runs a program chooses its words. What is none becomes '_'. */
void host_make_printable(char *text);
/* The last component of a path, without the extension. */
void host_stem(const char *path, char name[HOST_NAME_SIZE]);

#endif
