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

/* An option of a command line, with one or two dashes, as the programs take it. */
struct host_option {
    const char *name; /* without the dashes; not ended by a NUL */
    size_t len;
    const char *value; /* behind a '=', else the next word; NULL if there is none */
};

/* Iterates over the options in one pass. @at is NULL at the start. Returns false after the last one. */
bool host_cmdline_next(const struct host_cmdline *cmdline, const char **at, struct host_option *ret);
/* The next value of an option that takes several words; NULL after the last one. */
const char *host_cmdline_more(const struct host_cmdline *cmdline, const char *value);
bool host_option_is(const struct host_option *option, const char *name);
/* The value of @key in "first,key=value,..."; with @first, the first value may stand without its key. Two commas are
 * one that does not separate. Returns false if there is none, or an empty one. */
bool host_sub_option(const char *text, const char *key, bool first, char *value, size_t size);
/* The same for a text or a number of the object {"key": "value", ...}, which libvirt writes instead. */
bool host_json_option(const char *text, const char *key, char *value, size_t size);
/* The name of the guest: QEMU's -name, Firecracker's --id, or the file name of cloud-hypervisor's --api-socket. Returns
 * false if there is none. */
bool host_cmdline_name(const struct host_cmdline *cmdline, char name[HOST_NAME_SIZE]);
/* Whether @pattern (for fnmatch(3)) matches a program by @argv0, by @exe (paths; NULL if unknown) or by @comm, which
 * the kernel truncates to 15 characters. A name may have a version behind it: "firecracker-v1.7.0-x86_64". */
bool host_command_matches(const char *pattern, const char *argv0, const char *exe, const char *comm);
/* Whether a program is a machine only if it is asked for by its name, as a pattern for which host_is_name_of() is true:
 * Firecracker does not recommend swap together with its snapshots. */
bool host_is_by_name_only(const char *argv0, const char *exe, const char *comm);
bool host_is_name_of(const char *pattern);
/* The name of the machine that a systemd scope belongs to: "web" for ".../machine-qemu\x2d1\x2dweb.scope" and for
 * cgroups below it. Returns false if the cgroup is not such a scope. */
bool host_scope_name(const char *cgroup, char name[HOST_NAME_SIZE]);
/* Makes a text one printable line of UTF-8, because whoever starts a program chooses its words. Other bytes become '_'.
 */
void host_make_printable(char *text);
/* The same for a name, which has no blanks at its ends. Returns false if nothing of it can be seen: it is no name. */
bool host_make_name(char name[HOST_NAME_SIZE]);
/* The last component of a path, without the extension. */
void host_stem(const char *path, char name[HOST_NAME_SIZE]);

#endif
