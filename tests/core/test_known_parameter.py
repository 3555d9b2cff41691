"""An entry of the registry: every field is given, and fields fit together."""

import dataclasses

import pytest

from gampen_tf.core import KNOWN_PARAMETERS, KnownParameter

ETA1 = KNOWN_PARAMETERS["eta1"]


@pytest.mark.parametrize("missing", [field.name for field in dataclasses.fields(KnownParameter)])
def test_an_entry_with_a_field_missing_is_refused(missing):
    fields = {field.name: getattr(ETA1, field.name) for field in dataclasses.fields(ETA1)}
    del fields[missing]
    with pytest.raises(TypeError, match=missing):
        KnownParameter(**fields)


def test_derived_parameters_need_a_derivation():
    with pytest.raises(ValueError, match="'eta1': derived_from and derive go together"):
        dataclasses.replace(ETA1, derive=None)
