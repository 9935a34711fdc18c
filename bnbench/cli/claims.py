"""``bnbench claims``: the verdict table."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bnbench.cli.names import RESULTS, complete_study
from bnbench.cli.options import Json, Results
from bnbench.cli.terminal import on_terminal, say, show, table
from bnbench.errors import visible
from bnbench.words import counted

if TYPE_CHECKING:
    from rich.table import Table

    from bnbench.claims import Claim, Judgement, Verdict
    from bnbench.errors import BnbenchError
    from bnbench.findings.study_runs import StudyRuns

HEADER = ("claim", "aspect", "verdict", "numbers")
CLAIM = re.compile(r"[A-Z]\d+\.\d+", re.IGNORECASE)
"""The id of an article's claim, such as ``A4.2``."""
LIKE_CLAIM = re.compile(r"([A-Z]\d+)(\.\d+)?", re.IGNORECASE)
"""What may be meant for one, or for an article."""
LIKE_OWN = re.compile(r"([\w-]+\.)\d+")
"""What may be meant for a claim of somebody's study, such as ``mine.1``."""
OWN_CLAIMS = (
    "claims of a study of one's own are known once it was run, and where its file is named, as in"
    " `bnbench claims mine.yaml`"
)


def claims(
    named: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="claims or studies",
            help="Claims, such as A4.2, or studies by name or file.",
            autocompletion=complete_study,
        ),
    ] = None,
    results: Results = RESULTS,
    article: Annotated[
        str | None, typer.Option("--article", help="Only the claims of this article, such as A0.")
    ] = None,
    verdict: Annotated[
        str | None,
        typer.Option(
            "--verdict", help="Only aspects with this verdict, such as refuted, or mixed claims."
        ),
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", help="Write all rows to this CSV file, with every detail."),
    ] = None,
    since: Annotated[
        Path | None,
        typer.Option("--since", help="Show which verdicts are others than in this file of --csv."),
    ] = None,
    cost: Annotated[
        bool,
        typer.Option("--cost", help="Instead: what it takes to decide each inconclusive aspect."),
    ] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="With --since or --cost, print a Markdown table.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Judge the published claims by the finished runs: all claims, or some, or those of a study.

    Of all claims, it shows what is decided; --verdict open shows what is not yet.

    Example: bnbench claims A4.2

    Example: bnbench claims --article A0

    Example: bnbench claims --cost --results results/reference/runs
    """
    from bnbench.cli.studies import judge_results

    ids, studies, own = _told_apart(named or (), results)
    wanted = Wanted(ids, studies, article, verdict)
    tests = _tests_of(ids, article, own) if since is None else []
    judged = judge_results(studies, results, tests=tests)
    if cost:
        print_costs(wanted.of(judged.judgements), judged.runs, markdown=markdown, as_json=as_json)
    elif since is not None:
        print_changes(judged.judgements, since, markdown=markdown, as_json=as_json)
    else:
        print_claims(judged.judgements, wanted, csv, as_json=as_json)


@dataclass(frozen=True)
class Wanted:
    """Which verdicts are asked for: of claims, of studies, of an article; by default all."""

    ids: Sequence[str] = ()
    studies: Sequence[Path] = ()
    article: str | None = None
    verdict: str | None = None

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return not (self.ids or self.studies or self.article or self.verdict)

    def of(self, judgements: Sequence[Judgement]) -> list[Judgement]:
        """Choose them; a name that there is not is refused."""
        from bnbench.claims import Verdict, overall_verdicts
        from bnbench.registry import unknown

        judgements = resting_on(judgements, self.studies) if self.studies else judgements
        known = {judgement.claim.id for judgement in judgements}
        if absent := [wanted for wanted in self.ids if wanted not in known]:
            raise _unknown("claim", absent[0], known)
        ids = self.ids or known
        judgements = [judgement for judgement in judgements if judgement.claim.id in ids]
        articles = {judgement.claim.article for judgement in judgements}
        if self.article is not None and self.article not in articles:
            raise unknown("article", self.article, articles, "--article")
        wanted = (self.verdict or "").upper().replace("-", " ").replace("_", " ")
        if wanted not in ["", *Verdict]:
            words = [each.word for each in Verdict]
            raise unknown("verdict", wanted.lower(), words, "--verdict")
        whole = overall_verdicts(judgements) if wanted == Verdict.MIXED else {}
        return [
            judgement
            for judgement in judgements
            if self.article in (None, judgement.claim.article)
            and wanted in ("", whole.get(judgement.claim.id, judgement.outcome.verdict))
        ]


def _told_apart(
    given: Sequence[Path], results: Path
) -> tuple[list[str], list[Path], Sequence[Claim]]:
    """Tell the ids of claims from studies; what is neither may be a claim that a study has.

    It returns ids, studies, and the claims of studies, if they had to be looked at.
    """
    from bnbench.claims import study_claims
    from bnbench.cli.studies import known_studies
    from bnbench.config import named

    ids = [str(entry).upper() for entry in given if CLAIM.fullmatch(str(entry))]
    others = [entry for entry in given if not CLAIM.fullmatch(str(entry))]
    studies = [entry for entry in others if _is_study(entry)]
    if len(studies) == len(others):
        return ids, studies, ()
    own = [claim for study in known_studies(studies, results) for claim in study_claims(study)]
    by_name = {claim.id.upper(): claim.id for claim in own}
    for entry in others:
        if entry not in studies:
            if (name := str(entry).upper()) not in by_name:
                known = [*by_name.values(), *named("study")]
                raise _unknown("claim or study", str(entry), known)
            ids.append(by_name[name])
    return ids, studies, own


def _unknown(kind: str, name: str, known: Iterable[str]) -> BnbenchError:
    """Refuse what is neither; of articles' claims only those of the same article are near."""
    from bnbench.config import file_without_ending
    from bnbench.registry import unknown

    if file := file_without_ending(Path(name)):
        return unknown(kind, name, (), otherwise=f"did you mean {file}?")
    if not (like := LIKE_CLAIM.fullmatch(name)):
        own = LIKE_OWN.fullmatch(name)
        if own and not any(each.startswith(own[1]) for each in known):
            return unknown(kind, name, (), otherwise=OWN_CLAIMS)
        return unknown(kind, name, known)
    article, number = like[1].upper(), like[2]
    near = [each for each in known if not number or each.startswith(f"{article}.")]
    return unknown(kind, name, near, otherwise=_how_claims_are_named(article))


def _how_claims_are_named(article: str) -> str:
    from bnbench.claims import article_claims

    shown = article if article in {claim.article for claim in article_claims()} else "A4"
    return (
        f"articles' claims are named like {shown}.2, and `bnbench claims --article {shown}` lists"
        " those of an article"
    )


def _is_study(given: Path) -> bool:
    """Tell what must be a study, be it there or not."""
    from bnbench.config import named
    from bnbench.foreign import there_is

    return str(given) in named("study") or there_is(given) or given.suffix in (".yaml", ".yml")


def _tests_of(
    ids: Collection[str], article: str | None, own: Iterable[Claim] = ()
) -> list[dict[str, str]]:
    """Say what tests some claims, or all of an article.

    To read all runs, and to check all that is exact, is long. Nothing is said if a claim that is
    nowhere is among them.
    """
    from bnbench.claims import article_claims

    every = [*article_claims(), *own]
    ids = ids or [claim.id for claim in every if claim.article == article]
    claims = [claim for claim in every if claim.id in ids]
    known = {claim.id for claim in claims}.issuperset(ids)
    return [test.names for claim in claims for test in claim.tests] if known else []


def print_claims(
    judgements: Sequence[Judgement],
    wanted: Wanted,
    csv: Path | None = None,
    *,
    as_json: bool = False,
) -> None:
    """Print one line a verdict; of all claims, those that are open are only counted.

    A CSV file gets the same rows with everything about them, and so does JSON.
    """
    from bnbench.claims import Verdict, claims_table, overall_verdicts

    chosen, studies = wanted.of(judgements), wanted.studies
    if csv is not None:
        from bnbench.report.files import write_table, writing  # it takes pandas

        with writing(csv):
            write_table(claims_table(chosen, judgements), csv)
    if as_json:
        say(claims_table(chosen, judgements).to_json(orient="records", force_ascii=False))
        return
    if not chosen:
        which = (
            "No aspect of them has this verdict" if wanted.verdict else "No claim rests on these"
        )
        say(f"{which}; bnbench claims lists all.")
        return
    folded = wanted.everything
    shown = [
        judgement
        for judgement in chosen
        if not (folded and judgement.outcome.verdict is Verdict.OPEN)
    ]
    if on_terminal():
        whole = {} if studies else overall_verdicts(judgements)
        for claim, group in groupby(shown, key=lambda judgement: judgement.claim):
            show(_claim_table(claim, group, whole.get(claim.id)))
    else:
        show(table(HEADER, [(judgement.claim.id, *_cells(judgement)) for judgement in shown]))
    say(_summary(chosen))
    if left_out := len(chosen) - len(shown):
        say(
            f"Not shown: {counted(left_out, 'OPEN aspect')}, whose runs are missing;"
            " --verdict open shows them"
        )
    if not studies:  # else the other aspects of their claims were not looked at
        say(_overall(chosen, judgements))


def print_changes(
    judgements: Sequence[Judgement], since: Path, *, markdown: bool, as_json: bool
) -> None:
    """Print a row for each claim of whose verdicts one is another than in an earlier table."""
    from bnbench.claims import CHANGES, changes_since

    rows = changes_since(since, judgements)
    print_rows(CHANGES, rows, "No verdict has changed.", markdown=markdown, as_json=as_json)


NOTHING_OPEN = "No aspect is inconclusive."


def print_costs(
    judgements: Sequence[Judgement], runs: Sequence[StudyRuns], *, markdown: bool, as_json: bool
) -> None:
    """Print what it takes to decide each inconclusive aspect: a row, or a block on a terminal."""
    from bnbench.claims import COST_COLUMNS, undecided
    from bnbench.claims.costs import WORD_COLUMNS
    from bnbench.cli.costs import show_costs

    rows = undecided(judgements, runs)
    if rows and on_terminal() and not (markdown or as_json):
        show_costs(rows, on=COST_COLUMNS[-1].removeprefix("hours on "))
    else:
        print_rows(
            COST_COLUMNS, rows, NOTHING_OPEN, WORD_COLUMNS, markdown=markdown, as_json=as_json
        )


def print_rows(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    none: str,
    words: int | None = None,
    *,
    markdown: bool,
    as_json: bool,
) -> None:
    """Print a table, whose columns after so many of words hold numbers; or that there is `none`."""
    from bnbench.report import markdown as writing

    if markdown:
        say(writing.table(header, ([*map(writing.escaped, cells)] for cells in rows), words))
    elif rows or as_json:
        right = () if words is None else header[words:]
        show(table(header, rows, whole=("claim", "then", "now"), right=right), as_json=as_json)
    else:
        say(none)


def resting_on(judgements: Sequence[Judgement], paths: Iterable[Path]) -> tuple[Judgement, ...]:
    """Keep the verdicts that studies decide, or would if they had the runs."""
    from bnbench.config import load_study

    names = {load_study(path).name for path in paths}
    return tuple(
        judgement
        for judgement in judgements
        if judgement.test and judgement.test.names.get("study") in names
    )


def _claim_table(claim: Claim, judgements: Iterable[Judgement], whole: Verdict | None) -> Table:
    """Lay a claim out for a terminal: its words, and each verdict beside what was measured."""
    from rich.text import Text

    rows = []
    for aspect, verdict, line in map(_cells, judgements):
        rows += [(verdict, aspect or "the whole claim"), ("", line)]
    laid_out = table(HEADER[2:], rows, whole=("verdict",))
    on_the_whole = f" ({whole.word})" if whole else ""
    laid_out.title = Text(visible(f"\n{claim.id}  {claim.claim}{on_the_whole}"), "bold")
    laid_out.title_justify, laid_out.show_header, laid_out.expand = "left", False, True
    laid_out.columns[0].width, laid_out.columns[1].ratio = len("INCONCLUSIVE"), 1
    return laid_out


def _cells(judgement: Judgement) -> tuple[str, str, str]:
    return judgement.aspect, judgement.outcome.verdict.value, judgement.line


def _summary(judgements: Sequence[Judgement]) -> str:
    from bnbench.claims.verdict import tally_text

    claims = len({judgement.claim.id for judgement in judgements})
    aspects = counted(len(judgements), "aspect")
    verdicts = tally_text(judgement.outcome.verdict for judgement in judgements)
    return f"{aspects} of {counted(claims, 'claim')}: {verdicts}"


def _overall(chosen: Sequence[Judgement], judgements: Sequence[Judgement]) -> str:
    """Count the claims shown by their overall verdict, which rests on every aspect of each."""
    from bnbench.claims import overall_verdicts
    from bnbench.claims.verdict import tally_text

    verdicts = overall_verdicts(judgements)
    claims = {judgement.claim.id for judgement in chosen}
    return f"The claims as a whole: {tally_text(verdicts[claim] for claim in claims)}"
