"""`python -m api`: the service under gevent, whose patches must precede all other imports."""

from importlib import import_module

from gevent import monkey

if __name__ == "__main__":
    monkey.patch_all()
    import_module("api.serve").main()
