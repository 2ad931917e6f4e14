"""gunicorn with a gevent worker that limits clients and sends problems."""
