"""Clients of a Dask cluster."""

import sys
from types import SimpleNamespace

import pytest

from gampen_tf.io.cluster import cluster_client


class Client:
    def __init__(self, address):
        self.address, self.is_open = address, True

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.is_open = False


@pytest.fixture
def dask(monkeypatch):
    monkeypatch.setitem(sys.modules, "dask.distributed", SimpleNamespace(Client=Client))


def test_an_address_is_opened_and_closed(dask):
    with cluster_client("tcp://here:8786") as client:
        assert (client.address, client.is_open) == ("tcp://here:8786", True)
    assert not client.is_open


def test_a_client_stays_as_it_is(dask):
    mine = Client("tcp://here:8786")
    with cluster_client(mine) as client:
        assert client is mine
    assert mine.is_open


def test_without_dask_the_error_names_the_package_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "dask.distributed", None)
    with pytest.raises(ImportError, match=r"pip install 'gampen_tf\[dask\]'"), cluster_client("tcp://here:8786"):
        pass
