"""A model and labelled data in, numbers and a report out. Never changes a model."""

from .assessment import assess
from .class_rules import GAMPEN_RULES, ClassRule
from .evaluation import Evaluation, evaluate

__all__ = ["Evaluation", "GAMPEN_RULES", "ClassRule", "assess", "evaluate"]
