import numpy as np

from gampen_tf.core import Flag
from gampen_tf.inference import Flags


def test_flags_are_set_where_something_can_still_be_measured():
    flags = Flags([0, int(Flag.CROPPED), int(Flag.UNREADABLE)], ["", "", "lost"])
    flags.set([False, True, True], Flag.NOT_MEASURED, "out of range")
    assert flags.bits.tolist() == [0, int(Flag.CROPPED | Flag.NOT_MEASURED), int(Flag.UNREADABLE)]
    assert flags.reasons_by_row() == {"1": "out of range", "2": "lost"}
    flags.set(flags.measurable, np.array([int(Flag.EXTRAPOLATED)] * 3))
    assert flags.bits[0] == Flag.EXTRAPOLATED
    assert flags.measurable.tolist() == [True, False, False]
    flags.set([True, True, True], Flag.CUT_BY_FRAME, ["one", "two", "three"])
    assert flags.reasons == ["one", "out of range", "lost"]


def test_lots_are_joined_in_their_order():
    joined = Flags.joined([Flags([1, 0], ["a", ""]), Flags(np.zeros(0)), Flags([0])])
    assert joined.bits.tolist() == [1, 0, 0]
    assert joined.reasons == ["a", "", ""]
    assert len(Flags.joined([])) == 0
