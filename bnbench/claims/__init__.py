"""The articles' claims as data, and what the runs say of each.

A claim is an entry of a YAML file: its tests name a study's contrast or arm, a metric and a rule,
or a check of what is exact. Verdicts are worked out from the findings every time.
"""

from bnbench.claims.costs import COST_COLUMNS, Cost, costs, undecided
from bnbench.claims.judging import Judgement, judge, overall_verdicts
from bnbench.claims.questions import brief_tests, check_questions, part_tests, questions
from bnbench.claims.reading import article_claims, load_claims, study_claims
from bnbench.claims.references import check_claims, tests_of
from bnbench.claims.rules import RULES, ClaimTest
from bnbench.claims.rules.exact import Check
from bnbench.claims.schema import Claim
from bnbench.claims.since import CHANGES, changes_since
from bnbench.claims.table import claims_table
from bnbench.claims.verdict import Outcome, Verdict

__all__ = [
    "CHANGES",
    "COST_COLUMNS",
    "RULES",
    "Check",
    "Claim",
    "ClaimTest",
    "Cost",
    "Judgement",
    "Outcome",
    "Verdict",
    "article_claims",
    "brief_tests",
    "changes_since",
    "check_claims",
    "check_questions",
    "claims_table",
    "costs",
    "judge",
    "load_claims",
    "overall_verdicts",
    "part_tests",
    "questions",
    "study_claims",
    "tests_of",
    "undecided",
]
