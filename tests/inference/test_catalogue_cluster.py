"""What cannot be computed on a cluster is refused before one is asked. (Runs on a cluster: test_catalogues.)"""

import pytest
from toy_models import toy_model

from gampen_tf.inference.catalogue_cluster import compute_on_cluster
from gampen_tf.inference.catalogue_shards import CatalogueJob


@pytest.mark.parametrize(
    ("images", "model", "message"),
    [
        (iter([]), "hsc_wide_g", "which a list_iterator cannot give; give a path, a list, a table or an array"),
        ("folder", toy_model, "the model is given by name or path, which every worker can load"),
    ],
)
def test_images_without_rows_and_loaded_models_are_refused(images, model, message):
    model = model() if callable(model) else model
    job = CatalogueJob("out", 1, 1)
    with pytest.raises(ValueError, match=message):
        compute_on_cluster("tcp://nowhere:1", job, {"model": model}, "", images, ["a"], {}, [0], None, advance=None)
