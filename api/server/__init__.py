"""gunicorn with its gevent worker, made to keep the contract."""
