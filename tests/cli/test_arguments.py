"""Options of the command line beside the arguments of the functions."""

import inspect

import gampen_tf
from gampen_tf.cli.arguments import parser


def test_every_option_is_one_of_its_function():
    """A renamed argument of a public function would otherwise show only when a user runs the command."""
    verbs = parser()._subparsers._group_actions[0].choices
    own = {"help", "quiet", "debug", "run", "overwrite", "save", "catalogue", "version", "card"}
    for verb, functions in {
        "simulate": ["simulate"],
        "train": ["train"],
        "finetune": ["finetune"],
        "crop": ["crop"],
        "predict": ["predict", "predict_catalogue"],
        "evaluate": ["evaluate"],
        "tune-dropout": ["tune_dropout"],
        "calibrate": ["calibrate"],
        "fit-limits": ["fit_limits"],
    }.items():
        known = {"progress_bar"}.union(*(inspect.signature(getattr(gampen_tf, name)).parameters for name in functions))
        given = {action.dest for action in verbs[verb]._actions} - own
        assert given <= known, f"{verb}: {given - known}"
        assert "progress_bar" in inspect.signature(getattr(gampen_tf, functions[0])).parameters


def test_several_models_are_promised_where_they_can_be_given():
    """A crop is that of one network."""
    verbs = parser()._subparsers._group_actions[0].choices
    assert "with commas" in " ".join(verbs["predict"].format_help().split())
    assert "several" not in verbs["crop"].format_help()
