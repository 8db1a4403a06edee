/* SPDX-License-Identifier: MIT */
/*
 * Two processes over a Unix socket: a broker with privileges that does three things for one target and nothing else,
 * and a client without, in which the library runs. What was opened with privileges is read without: descriptors come as
 * SCM_RIGHTS.
 */
#ifndef BROKER_H
#define BROKER_H

#include <damon_reclaim/damon_reclaim.h>

#include <sys/uio.h>

#define BROKER_MAX_PATH   256
#define BROKER_MAX_RANGES 64

enum broker_operation {
    BROKER_OPEN,  /* path, argument: flags; the answer brings a descriptor */
    BROKER_HOLD,  /* argument: pid; the answer brings its pidfd */
    BROKER_ADVISE /* argument: advice, ranges of the target's memory; the answer is how many bytes */
};

/* A datagram each way; both ends are the same program. */
struct broker_request {
    enum broker_operation operation;
    int argument;
    char path[BROKER_MAX_PATH];
    size_t nr_ranges;
    struct iovec ranges[BROKER_MAX_RANGES];
};

/* Whom the broker serves, and on whom. It is settled before the first request and no request can change it. */
struct broker {
    int socket;
    pid_t client;
    pid_t target;
    int pidfd; /* of the target */
};

/* Serves until the client closes its end. Returns 0 or a negative errno. */
int broker_serve(const struct broker *broker);

/* The client's side: a table for config.system_ops. Its data points to the socket. */
extern const struct damon_reclaim_system_ops client_ops;

#endif
