/* SPDX-License-Identifier: MIT */
/* Properties of a guest that the command line of its virtual machine monitor shows. */
#ifndef HOST_CMDLINE_H
#define HOST_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOST_NAME_SIZE 128

/* The text of /proc/PID/cmdline: words that end with a NUL. */
struct host_cmdline {
    const char *text;
    size_t len;
};

/* Word number @i, or NULL. */
const char *host_cmdline_word(const struct host_cmdline *cmdline, size_t i);
/* The name of the guest: QEMU's -name, Firecracker's --id, or the file name of cloud-hypervisor's --api-socket. Returns
 * false if there is none. */
bool host_cmdline_name(const struct host_cmdline *cmdline, char name[HOST_NAME_SIZE]);
/* The size of the guest's memory in bytes: QEMU's -m or cloud-hypervisor's --memory. 0 if there is none. */
uint64_t host_cmdline_memory(const struct host_cmdline *cmdline);
/* Whether @pattern (for fnmatch(3)) matches a program by @argv0, by @exe (paths; NULL if unknown) or by @comm, which
 * the kernel truncates to 15 characters. */
bool host_command_matches(const char *pattern, const char *argv0, const char *exe, const char *comm);
/* The name of the machine that a systemd scope belongs to: "web" for ".../machine-qemu\x2d1\x2dweb.scope" and for
 * cgroups below it. Returns false if the cgroup is not such a scope. */
bool host_scope_name(const char *cgroup, char name[HOST_NAME_SIZE]);
/* Makes a text one printable line of UTF-8, because whoever starts a program chooses its words. Other bytes become '_'.
 */
void host_make_printable(char *text);
/* The last component of a path, without the extension. */
void host_stem(const char *path, char name[HOST_NAME_SIZE]);

#endif
