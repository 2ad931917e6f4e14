def test_there_are_no_parcels_at_first(client):
    assert client.get("/parcels").json == []


def test_a_parcel_is_added(client, add):
    response = add(grams=500, note="Ring twice")
    assert response.status_code == 201
    assert client.get(response.headers["Location"]).json == response.json


def test_a_note_is_optional(add):
    assert add(grams=500).json["note"] is None


def test_a_parcel_needs_a_weight(add):
    assert add(note="Ring twice").status_code == 400


def test_a_parcel_may_be_too_heavy(add):
    assert add(grams=30_001).status_code == 400


def test_parcels_are_listed_by_their_state(client, add):
    parcel = add(grams=500).json
    assert client.get("/parcels?state=waiting").json == [parcel]
    assert client.get("/parcels?state=delivered").json == []


def test_another_state_is_refused(client):
    assert client.get("/parcels?state=lost").status_code == 400


def test_an_unknown_parcel_is_not_found(client):
    assert client.get("/parcels/7").status_code == 404


def test_a_parcel_is_removed(client, add):
    path = add(grams=500).headers["Location"]
    assert client.delete(path).status_code == 204
    assert client.delete(path).status_code == 404
