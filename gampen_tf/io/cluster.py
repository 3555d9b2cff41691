"""Clients of a Dask cluster."""

from __future__ import annotations

import contextlib

__all__ = ["cluster_client"]


@contextlib.contextmanager
def cluster_client(client):
    """A client of a Dask cluster: the one that is given, or one of a scheduler, which the context closes.

    Parameters
    ----------
    client : dask.distributed.Client or str
        A client, or the address of a scheduler.

    Raises
    ------
    ImportError
        If Dask is not installed.
    """
    if not isinstance(client, str):
        yield client
        return
    try:
        from dask.distributed import Client
    except ImportError:
        raise ImportError("a cluster needs Dask: pip install 'gampen_tf[dask]'") from None
    with Client(client) as own:
        yield own
