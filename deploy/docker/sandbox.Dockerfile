# A sandbox replica: the base package alone, without torch, Ray or Redis.
#   docker build -f deploy/docker/sandbox.Dockerfile -t treewright-sandbox .
# BASE_IMAGE: any Debian-like image with Python 3.11 to 3.13.
ARG BASE_IMAGE=python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS build
# The compiler and, where Python is Debian's own, its headers: for the jail's loop in C.
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev \
        $(test ! -e /usr/bin/python3 || echo python3-dev) \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
# pip_ca: a certificate authority of your own, where the package index is behind a proxy.
RUN --mount=type=secret,id=pip_ca \
    if [ -f /run/secrets/pip_ca ]; then export PIP_CERT=/run/secrets/pip_ca; fi \
    && python3 -m venv /opt/treewright \
    && /opt/treewright/bin/pip install --no-cache-dir --constraint constraints.txt . \
    && cd / && /opt/treewright/bin/python -c "import sandbox.jail._loop"

FROM ${BASE_IMAGE}
# Toolchains of the languages to serve besides Python, as Debian packages, from
# "g++ nodejs rustc default-jdk-headless golang-go"; `treewright sandbox doctor` tells what is there.
ARG TOOLCHAINS=""
RUN if [ -n "${TOOLCHAINS}" ]; then \
        apt-get update \
        && apt-get install -y --no-install-recommends ${TOOLCHAINS} \
        && rm -rf /var/lib/apt/lists/*; \
    fi
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin treewright
COPY --from=build /opt/treewright /opt/treewright
COPY deploy/docker/sandbox_health.py /opt/treewright/health.py
ENV PATH=/opt/treewright/bin:$PATH PYTHONUNBUFFERED=1
USER 10001
EXPOSE 7400 9464
HEALTHCHECK --interval=5s --timeout=5s --start-period=10s --retries=5 \
    CMD ["python3", "/opt/treewright/health.py"]
ENTRYPOINT ["treewright", "sandbox", "serve", "host=0.0.0.0", "port=7400", "metrics_port=9464"]
