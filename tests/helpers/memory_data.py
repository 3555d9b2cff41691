"""A labelled data set in memory, for tests of what is measured of one."""

import numpy as np
from astropy.table import Table

from gampen_tf.data.labelled_images import LabelledImages


class MemoryDataSet(LabelledImages):
    """Images, and a dict of columns of true values; all of one split. With PSF stamps if they are given."""

    def __init__(self, images, columns, split="validation", psfs=None, **metadata):
        self._images = np.asarray(images, np.float32)
        self._psfs = psfs
        known = {
            "image_shape": images.shape[1:],
            "psf_shape": None if psfs is None else psfs.shape[1:],
            "pixel_scale": 0.168,
            "pixel_unit": "nJy",
            "zero_point": 31.4,
            "band": "g",
            "form": "memory",
            "recipe_name": "toy",
            "parameters": [{"name": name, "unit": ""} for name in columns],
        }
        super().__init__("toy", known | metadata, Table({**columns, "split": np.full(len(images), split)}))

    def images(self, indices=None):
        return self._images[self._places(indices)]

    def psfs(self, indices=None):
        if self._psfs is None:
            raise ValueError("no PSF images")
        return self._psfs[self._places(indices)]

    def shards(self, split=None):
        raise ValueError("no shards")
