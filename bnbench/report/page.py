"""The report on studies: one HTML file that opens offline, and the same in Markdown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from bnbench.errors import BnbenchError
from bnbench.report import html
from bnbench.report.answers import WHAT_UNDECIDED_MEANS, AnswerRow
from bnbench.report.appendix import READING as APPENDIX_READING
from bnbench.report.appendix import Listing
from bnbench.report.claim_part import ClaimsPart
from bnbench.report.figures import Picture
from bnbench.report.files import writing
from bnbench.report.markdown import rendered
from bnbench.report.study_part import StudyPart
from bnbench.runs import write_text

READING = (
    "A difference is treatment minus baseline, paired by seed. Accuracies are in percent, their"
    " differences in percentage points (pp), losses in nats.",
    "n is the number of seeds. In 95 of 100 such studies the 95 % t interval contains the true mean"
    " difference. It decides, together with the adjusted p where there is one.",
    "The exact p is the share of sign flips of the differences that give a mean at least as large."
    " It is adjusted by Holm over a study's short questions, by Holm over what else it set out to"
    " confirm, and by Benjamini and Hochberg over a sweep.",
    "A published single run is judged by the 95 % prediction interval: one further run of ours"
    " would fall into it 95 times in 100.",
    "A time is infinite (never) where a threshold is not reached. This is why times have medians,"
    " and ratios of medians.",
    "A band in a figure ends at what is possible, such as an accuracy of 100 %. There is none where"
    " it would be wider than half of that; over settings, none where it would reach that end.",
    "A run that diverged counts from then on at chance accuracy, and as never arriving. One that"
    " ended near chance has failed, too, and counts with its own numbers.",
)
OF_CLAIMS = (
    "Kendall's tau of a run's accuracies against its epochs is 1 where each epoch is above all"
    " before it.",
    "Of two counts, as in 8 against 0 of 12 runs, the first is the treatment's: mostly of batch"
    " norm.",
    "A network can use a learning rate at a seed if its validation accuracy ends within 1 pp of the"
    " best that either network reaches at that seed, at any rate. The largest usable rates are"
    " compared seed by seed. A study with rates a factor of two apart can find a difference that"
    " one with rates a factor of three apart cannot.",
)
OF_RARE_COLUMNS = (
    "The bootstrap interval (BCa, or percentile below 8 seeds) is a check of the t interval.",
    "d_z is the mean difference over the standard deviation of the differences.",
    "Smallest detectable: the true difference that so many seeds find 9 times in 10. n needed: the"
    " seeds that find the smallest effect of interest as often.",
    "Equivalent: two one-sided tests show that the difference is smaller than what matters.",
)
OF_SEVERAL_STUDIES = (
    "This page is about several studies, and leaves out what few readers look for. The report on"
    " one study has it: accuracies per epoch, bootstrap intervals, exact p, effect sizes, the seeds"
    " that are needed, and the configuration and manifest of every run. Such a report is made by"
    " “bnbench report” with the name of the study.",
)


@dataclass(frozen=True)
class Page:
    """All that a report says.

    Attributes
    ----------
    studies : tuple of StudyPart
        In the order in which they are shown; the first one's answer leads the page. Of several,
        rare columns and listings are left out: they would be a third of the page.
    listings : tuple of Listing
        What the runs were made with; see `bnbench.report.appendix`.
    """

    studies: tuple[StudyPart, ...]
    questions: tuple[AnswerRow, ...]
    claims: ClaimsPart
    listings: tuple[Listing, ...]

    @property
    def title(self) -> str:
        """What the whole page is about: the articles, or a study of one's own."""
        if self.claims.articles:
            return "Does batch norm help? Published claims and their re-runs"
        return self.studies[0].title

    @property
    def whole(self) -> bool:
        """Whether it has all columns, and the listings."""
        return len(self.studies) <= 1

    @property
    def reading(self) -> tuple[str, ...]:
        """How to read its numbers."""
        of_claims = OF_CLAIMS if self.claims.shown else ()
        return READING + of_claims + (OF_RARE_COLUMNS if self.whole else OF_SEVERAL_STUDIES)

    @property
    def pictures(self) -> dict[str, Picture]:
        """Every figure by its name."""
        return {picture.name: picture for study in self.studies for picture in study.all_pictures}


def write_report(
    page: Page, out: Path, *, with_markdown: bool = False, lean: bool = False
) -> list[Path]:
    """Write the report, the same bytes for the same findings.

    Parameters
    ----------
    out : Path
        The HTML file.
    with_markdown : bool, default False
        Write the same beside it as ``<stem>.md``, its figures into the folder ``<stem>-figures``.
    lean : bool, default False
        Leave figures and appendix to the HTML file: for git, which keeps both.
    """
    if out.suffix not in (".html", ".htm"):
        raise BnbenchError(f"{out}: must be an HTML file; give --out a name such as report.html")
    folder, beside = out.with_name(f"{out.stem}-figures"), out.with_suffix(".md")
    whole = markdown(page, figures=folder.name)
    texts = {out: html.render(whole, page.pictures)}
    if with_markdown:
        texts[beside] = markdown(page, figures=None, appendix=False) if lean else whole
        if not lean:
            texts |= {folder / f"{name}.svg": shown.svg for name, shown in page.pictures.items()}
    with writing(out.parent):
        for path, text in texts.items():
            write_text(path, text)
    return list(texts)


def markdown(page: Page, *, figures: str | None, appendix: bool = True) -> str:
    """Write a report as GitHub Markdown.

    Parameters
    ----------
    figures : str or None
        Folder of the figures' files, from the Markdown file's own; ``None`` leaves them out.
    """
    text = rendered(
        "report.md", page=page, undecided=WHAT_UNDECIDED_MEANS, appendix_reading=APPENDIX_READING,
        figures=figures, appendix=appendix and page.whole,
    )  # fmt: skip
    return re.sub(r"\n{3,}", "\n\n", text)
