"""The demo's figures, as its last line and its report.json give them."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Totals:
    """`k` is the naive one, as it can be recounted; None without non-seeds."""

    completed: int
    failed: int
    participants: int
    referred: int
    refunded: int
    points_settled: int
    k: float | None

    @property
    def groups(self) -> int:
        return self.completed + self.failed

    @classmethod
    def of_report(cls, report: dict[str, Any]) -> "Totals":
        """The figures of `GET /campaigns/{id}/report`."""
        k = report["k"]["naive"]
        return cls(
            completed=report["rooms"]["completed"],
            failed=report["rooms"]["failed"],
            participants=report["people"]["participants"],
            referred=report["people"]["referred"],
            refunded=report["rooms"]["refunded"],
            points_settled=report["rewards"]["points_settled"],
            k=None if k is None else float(k),
        )

    def as_json(self, seconds: float) -> dict[str, Any]:
        """With the keys of the last line; K unrounded."""
        return {
            "groups": self.groups,
            "completed": self.completed,
            "failed": self.failed,
            "participants": self.participants,
            "referred": self.referred,
            "refunded": self.refunded,
            "points_settled": self.points_settled,
            "K": self.k,
            "seconds": round(seconds, 1),
        }

    def line(self, seconds: float) -> str:
        """The demo's last line."""
        k = "null" if self.k is None else f"{self.k:.4f}"
        return (
            f"main job: ok groups={self.groups} completed={self.completed} failed={self.failed}"
            f" participants={self.participants} referred={self.referred} refunded={self.refunded}"
            f" points_settled={self.points_settled} K={k} in {seconds:.1f}s"
        )
