import pytest

from api import create_app


@pytest.fixture
def client(contract):
    return contract.record(create_app()).test_client()


@pytest.fixture
def add(client):
    return lambda **parcel: client.post("/parcels", json=parcel)
