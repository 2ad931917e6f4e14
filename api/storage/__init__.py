"""The database: tables, migrations, connections, and the store's queries."""
