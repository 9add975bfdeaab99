/* Whether whoever asks may have a route: the one place where the API authorises. */
#pragma once

struct api_call;
struct problem;
struct route;

/* 0; or p says why not.  Also finds the project of a delivery (api_call.project). */
int permit(struct api_call *call, const struct route *route, struct problem *p);
