"""A model and labelled data in, numbers and a report out. Never changes a model."""

from .assessment import assess
from .evaluation import Evaluation, evaluate
from .qualitative import GAMPEN_RULES, ClassRule

__all__ = ["Evaluation", "GAMPEN_RULES", "ClassRule", "assess", "evaluate"]
