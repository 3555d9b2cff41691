"""Parameters and label scaler of a training run, from its data set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..core.known_parameters import KNOWN_PARAMETERS
from ..core.label_scaler import LabelScaler
from ..core.parameters import Parameter, ParameterSet

__all__ = ["find_parameters", "fit_scaler", "split_truth"]


def find_parameters(dataset, parameters=None, *, censored=False) -> ParameterSet:
    """The parameters to train on.

    Parameters
    ----------
    dataset : DataSet
    parameters : ParameterSet or sequence of names, optional
        By default the data set's own, with the standard transforms.
    censored : bool, optional
        Leave out the logit of parameters with a clip, as a censored likelihood has them: their values themselves, those
        beyond the clip known to be at the bound.

    Raises
    ------
    ValueError
        For a name that has no standard transform: give a ParameterSet then.
    """
    if isinstance(parameters, ParameterSet):
        return parameters
    entries = {entry["name"]: entry for entry in dataset.parameters}
    found = []
    for name in parameters or entries:
        if name in KNOWN_PARAMETERS:
            parameter = KNOWN_PARAMETERS[name].parameter
            found.append(replace(parameter, transform="identity") if censored and parameter.clip else parameter)
        elif "transform" in entries.get(name, {}):
            found.extend(ParameterSet.from_list([entries[name]]))
        else:
            raise ValueError(
                f"parameter {name!r} has no standard transform (there are {', '.join(KNOWN_PARAMETERS)}); "
                "give parameters=ParameterSet([Parameter(...), ...])"
            )
    return ParameterSet(found)


def fit_scaler(dataset, parameters, scaling="standard") -> LabelScaler:
    """Fit a label scaler to the training split of a data set.

    Parameters
    ----------
    dataset : DataSet
    parameters : ParameterSet
    scaling : {"standard", "range"}
        Mean 0 and standard deviation 1 of the transformed values; or the values themselves, whatever the parameter's
        transform, from −1, the smallest of them, to 1, the largest (Tuccillo et al. 2018, § 4.3).
    """
    values = split_truth(dataset, "train", parameters.names)
    if scaling == "standard":
        return LabelScaler.fit(parameters, values)
    low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
    plain = ParameterSet(Parameter(one.name, one.unit, one.bounds) for one in parameters)
    return LabelScaler(plain, 0.5 * (low + high), 0.5 * (high - low))


def split_truth(dataset, split, names) -> np.ndarray:
    """True values (n, P) of the images of a split, in its order."""
    return dataset.truth(names)[np.asarray(dataset.split(split))]
