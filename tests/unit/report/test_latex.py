"""Tables as LaTeX: every cell stands where it stood, and none of them is a command."""

from __future__ import annotations

from bnbench.report.answers import AnswerRow, BriefAnswer
from bnbench.report.latex import answer_table, latex_table, latex_tables
from bnbench.report.table import Table


def test_a_table_is_what_a_typesetter_would_write() -> None:
    rows = (("a_b & \\input{x}", "−0.10 ± 0.02", "[1, ∞]"), ("50 %", "≤ 3", "$#~^{}"))
    written = latex_table(Table("“A” against “B”", ("metric", "mean", ""), rows, words=1))
    assert written == (
        r"""\begin{table}
\centering
\caption{``A'' against ``B''}
\begin{tabular}{lrr}
\toprule
metric & mean &  \\
\midrule
a\_b \& \textbackslash{}input\{x\} & $-$0.10 $\pm$ 0.02 & {[}1, $\infty$] \\
50 \% & $\le$ 3 & \$\#\textasciitilde{}\textasciicircum{}\{\} \\
\bottomrule
\end{tabular}
\end{table}
"""
    )


def test_answers_and_many_tables() -> None:
    answers = BriefAnswer("yes", "+2.06 pp", 10), BriefAnswer("")
    table = answer_table([AnswerRow("Is it?", "A study", "test accuracy", False, *answers)])
    assert table.rows == (("Is it?", "test accuracy", "yes +2.06 pp, n = 10", "–"),)
    written = latex_tables([table] * 31)  # LaTeX keeps at most 18 floats in hand
    assert written.count(r"\end{table}") == 31
    assert max(part.count(r"\end{table}") for part in written.split(r"\clearpage")) <= 18
