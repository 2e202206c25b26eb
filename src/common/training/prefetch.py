"""Work ahead: what comes next is made by a thread while what there is is being used."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, TypeVar

_AHEAD = 2

Plan = TypeVar("Plan")
Made = TypeVar("Made")


class Prefetched(Sequence, Generic[Plan, Made]):
    """What `make` makes of each plan, in order; iteration makes two ahead.

    What `make` raises is raised where its turn comes.
    """

    def __init__(self, make: Callable[[Plan], Made], plans: Sequence[Plan]) -> None:
        self._make, self._plans = make, plans

    def __len__(self) -> int:
        return len(self._plans)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return Prefetched(self._make, self._plans[place])
        return self._make(self._plans[place])

    def __iter__(self) -> Iterator[Made]:
        pool = ThreadPoolExecutor(1, thread_name_prefix="prefetch")
        coming: deque[Future[Made]] = deque()
        try:
            for plan in self._plans:
                coming.append(pool.submit(self._make, plan))
                if len(coming) > _AHEAD:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
