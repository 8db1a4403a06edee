/* SPDX-License-Identifier: MIT */
#include "reading_note.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The whole file. It is mapped, so that a note is a mere store. */
struct reading_note_text {
    volatile uint64_t start;
    volatile int64_t pid;
};

/* Only a file of our own, which nobody else could have made or could write to, is believed. */
static int check(int fd)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_nlink != 1 || (st.st_mode & 077))
        return -EPERM;
    return st.st_size == sizeof(struct reading_note_text) || ftruncate(fd, sizeof(struct reading_note_text)) == 0
               ? 0
               : -errno;
}

static int map(int fd, struct reading_note_text **ret)
{
    int r = check(fd);

    if (r < 0)
        return r;
    *ret = mmap(NULL, sizeof(**ret), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return *ret == MAP_FAILED ? -errno : 0;
}

int reading_note_open(struct reading_note *note, const char *path, pid_t *ret_pid, uint64_t *ret_start,
                      struct error_text *error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600), r;
    struct reading_note_text *text = NULL;

    r = fd < 0 ? -errno : map(fd, &text);
    if (fd >= 0)
        close(fd);
    if (r == 0) {
        note->path = strdup(path);
        r = note->path ? 0 : -ENOMEM;
    }
    if (r < 0)
        return error_set(error, r, "%s: %s; remove it", path,
                         r == -EPERM ? "it is not a file that this daemon has made" : strerror(-r));
    note->text = text;
    *ret_pid = text->pid > 0 && text->pid <= INT32_MAX ? (pid_t)text->pid : 0;
    *ret_start = text->start;
    reading_note_set(note, 0, 0);
    return 0;
}

void reading_note_close(struct reading_note *note)
{
    if (!note->text)
        return;
    munmap(note->text, sizeof(*note->text));
    unlink(note->path);
    free(note->path);
    *note = (struct reading_note){0};
}

void reading_note_set(struct reading_note *note, pid_t pid, uint64_t start)
{
    if (!note->text)
        return;
    note->text->pid = 0; /* never a pid with the start of another */
    note->text->start = start;
    note->text->pid = pid;
}
