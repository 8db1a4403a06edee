/* SPDX-License-Identifier: MIT */
#include "physical_life.h"

struct fake_process *p, *q;
void *backend;
struct damon_reclaim_request request;
struct damon_reclaim_result result;

void setup(void)
{
    f = fake_open();
    p = fake_process(f, 4242);
    q = fake_process(f, 4343);
    request = (struct damon_reclaim_request){
        .size = sizeof(request), .target = 1, .end = END, .marked = true, .max_bytes = UINT64_MAX};
    ck_assert_int_eq(drcl_backend_idle_page.create(&f->env, NULL, &backend), 0);
    ck_assert_int_eq(OPS->target_add(backend, 1, 0, -1), 0);
}

void teardown(void)
{
    OPS->destroy(backend);
    fake_close(f);
}

int reclaim_only(void)
{
    result = (struct damon_reclaim_result){.size = sizeof(result), .end = request.end};
    return OPS->reclaim(backend, &request, &result);
}

void mark(void)
{
    ck_assert_int_eq(OPS->mark(backend, 1, 0, END), 0);
}

void reclaim(void)
{
    mark();
    ck_assert_int_eq(reclaim_only(), 0);
    ck_assert_uint_eq(f->nr_torn, 0);
}
