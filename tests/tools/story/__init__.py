"""The story of arazzo.yaml as a .http file and as a Postman collection."""
