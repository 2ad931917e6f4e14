import pytest
from notes import app


@pytest.fixture
def client(contract):
    app.testing = True  # An undeclared response raises.
    return contract.record(app).test_client()
