# docs/deploying.md has the commands. The Python version is the one that CI tests.
FROM python:3.11-slim-bookworm AS build
WORKDIR /build
COPY pyproject.toml README.md LICENSE ./
COPY api api
RUN python3 -m venv /opt/sign-up-api && /opt/sign-up-api/bin/pip install --no-cache-dir .

FROM python:3.11-slim-bookworm
COPY --from=build /opt/sign-up-api /opt/sign-up-api
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin sign-up-api \
    && install -d -m 700 -o sign-up-api -g sign-up-api /data
ENV PATH="/opt/sign-up-api/bin:$PATH" HOST="0.0.0.0"
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 5000
# readyz waits for the database for DATABASE_TIMEOUT seconds, 5 by default.
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s \
    CMD ["python", "-c", "import os, http.client as h; c = h.HTTPConnection('127.0.0.1', int(os.environ.get('PORT', 5000)), timeout=9); c.request('GET', '/readyz'); exit(c.getresponse().status != 200)"]
# As process 1, so that it gets SIGTERM.
CMD ["sign-up-api"]
