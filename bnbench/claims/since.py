"""What has become of each claim since an earlier table of verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bnbench.claims.judging import Judgement
from bnbench.claims.schema import Claim
from bnbench.claims.verdict import Verdict, together
from bnbench.errors import BnbenchError

CHANGES = ("claim", "then", "now", "what has changed")
NO_ENTRY = "no entry"


@dataclass(frozen=True)
class ChangedClaim:
    """A claim whose verdict, or one of whose aspects, is another now.

    Attributes
    ----------
    then : Verdict or None
        Of the claim as a whole; ``None`` where the earlier table does not have it.
    tested_anew, left_out : int
        Aspects that only the later, or only the earlier table has with a verdict.
    differing : tuple of (str, Verdict, Verdict)
        Aspects of both, with their two verdicts.
    """

    claim: Claim
    then: Verdict | None
    now: Verdict
    tested_anew: int
    left_out: int
    differing: tuple[tuple[str, Verdict, Verdict], ...]

    @property
    def row(self) -> tuple[str, str, str, str]:
        """The cells of `CHANGES`."""
        return self.claim.id, self.then.word if self.then else NO_ENTRY, self.now.word, self.reason

    @property
    def reason(self) -> str:
        """What has changed, and why the tests were chosen as they are now."""
        parts = [f"{aspect}: {then.word}, now {now.word}" for aspect, then, now in self.differing]
        if self.tested_anew:
            parts.append(f"{_aspects(self.tested_anew)} tested for the first time")
        if self.left_out:
            parts.append(f"{_aspects(self.left_out)} tested no more")
        said = "; ".join(parts)
        chosen = f" {self.claim.chosen}" if self.claim.chosen else ""
        return f"{said[0].upper()}{said[1:]}.{chosen}"


def _aspects(count: int) -> str:
    return "one aspect is" if count == 1 else f"{count} aspects are"


def changes_since(earlier: Path, judgements: Sequence[Judgement]) -> tuple[ChangedClaim, ...]:
    """Compare verdicts with an earlier table of them, claim by claim.

    Parameters
    ----------
    earlier : Path
        A ``verdicts.csv``; of its columns, ``claim``, ``aspect`` and ``verdict``.
    judgements : sequence of Judgement
        All of now.
    """
    of_claim = _verdicts(earlier)
    claims = {judgement.claim.id: judgement.claim for judgement in judgements}
    found = (
        _change(
            claim,
            of_claim.get(name, {}),
            {now.aspect: now.outcome.verdict for now in judgements if now.claim.id == name},
        )
        for name, claim in claims.items()
    )
    return tuple(change for change in found if change is not None)


def _verdicts(earlier: Path) -> dict[str, dict[str, Verdict]]:
    """Read claim -> aspect -> verdict."""
    found: dict[str, dict[str, Verdict]] = {}
    try:
        table = pd.read_csv(earlier, dtype=str, keep_default_na=False)
        for claim, aspect, verdict in zip(
            table["claim"], table["aspect"], table["verdict"], strict=True
        ):
            found.setdefault(claim, {})[aspect] = Verdict(verdict)
    except (OSError, ValueError, KeyError, pd.errors.ParserError):
        raise BnbenchError(
            f"{earlier}: is no table of verdicts; bnbench claims --csv writes one"
        ) from None
    return found


def _change(
    claim: Claim, then: Mapping[str, Verdict], now: Mapping[str, Verdict]
) -> ChangedClaim | None:
    if then == now:
        return None
    new = [aspect for aspect, verdict in now.items() if _is_tested(verdict) and aspect not in then]
    old = [aspect for aspect, verdict in then.items() if _is_tested(verdict) and aspect not in now]
    both = [
        (aspect, then[aspect], verdict)
        for aspect, verdict in now.items()
        if then.get(aspect, verdict) != verdict
    ]
    if not (new or old or both):
        return None
    before = together(then.values()) if then else None
    return ChangedClaim(claim, before, together(now.values()), len(new), len(old), tuple(both))


def _is_tested(verdict: Verdict) -> bool:
    return verdict not in (Verdict.OPEN, Verdict.NOT_TESTABLE)
