/* SPDX-License-Identifier: MIT */
#include "daemons.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"

#define CONFIG "/tmp/daemon.conf"

void daemon_configure(const char *config)
{
    FILE *file = fopen(CONFIG, "we");

    if (!file || fputs(config, file) < 0 || fclose(file) != 0)
        guest_die(CONFIG);
}

pid_t daemon_start(const char *program, const char *config, const char *backend, const char *log)
{
    char path[64], option[64];
    pid_t pid;

    daemon_configure(config);
    snprintf(path, sizeof(path), "/bin/%s", program);
    snprintf(option, sizeof(option), "--backend=%s", backend);
    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        int fd = log ? open(log, O_WRONLY | O_CREAT | O_APPEND, 0644) : STDOUT_FILENO;

        dup2(fd, STDERR_FILENO);
        if (log)
            close(fd);
        execl(path, program, "--config=" CONFIG, option, NULL);
        _exit(127);
    }
    return pid;
}

int daemon_end(pid_t daemon)
{
    int status = -1;

    kill(daemon, SIGTERM);
    return waitpid(daemon, &status, 0) == daemon && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

double daemon_metric(const char *name, const char *label, const char *other)
{
    FILE *file = fopen(DAEMON_METRICS, "re");
    size_t n = strlen(name);
    double value = -1;
    char line[1024];

    if (!file)
        return -1;
    while (fgets(line, sizeof(line), file))
        if (!strncmp(line, name, n) && (line[n] == '{' || line[n] == ' ') && strstr(line, label) &&
            strstr(line, other) && strrchr(line, ' '))
            value = strtod(strrchr(line, ' '), NULL);
    fclose(file);
    return value;
}
