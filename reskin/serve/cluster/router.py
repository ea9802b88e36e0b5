"""Sends a request to the one replica that it names: Ray Serve's own seam for that, a custom `RequestRouter`.

Serve's multiplexing and its consistent hash pin a key to a replica too, but choose the replica by themselves, from
hashes or queue lengths. Here the directory has chosen, by free slots, and says so in the argument `replica`. Where that
replica is not there (any more), the request goes to any other, which answers that it is not the one: no waiting for
somebody who is dead. Alpha in Ray 2.60: https://docs.ray.io/en/latest/serve/advanced-guides/custom-request-router.html
"""

from __future__ import annotations

from ray.serve.request_router import PendingRequest, RequestRouter, RunningReplica

KEYWORD = "replica"


# A replica that is named (and the one directory) is the only one that can answer, so one that is slow is waited for;
# Ray's own 0.1 s is for when any other would do. A dead one says so at once.
DEADLINE_S = 0.5


class PinnedRouter(RequestRouter):  # type: ignore[misc]  # where Ray is not installed
    queue_len_response_deadline_s = DEADLINE_S
    max_queue_len_response_deadline_s = 2 * DEADLINE_S

    async def choose_replicas(
        self, candidate_replicas: list[RunningReplica], pending_request: PendingRequest | None = None
    ) -> list[list[RunningReplica]]:
        if pending_request is None:
            return [candidate_replicas]
        pending_request.routing_context.should_backoff = True  # all full: wait, and do not spin
        name = pending_request.kwargs.get(KEYWORD)
        named = [replica for replica in candidate_replicas if replica.replica_id.unique_id == name]
        others = [replica for replica in candidate_replicas if replica.replica_id.unique_id != name]
        return [rank for rank in (named, others) if rank]
