# A Ray node, head or worker: what learners and actors need. The code itself comes with each job
# (`ray job submit --working-dir .`), so that a change of it needs no new image.
#   docker build -f deploy/docker/ray.Dockerfile -t treewright-ray .
# BASE_IMAGE: any Debian-like image with Python 3.11 to 3.13.
ARG BASE_IMAGE=python:3.11-slim-bookworm
FROM ${BASE_IMAGE}
# Index to take torch from, such as the one of its CPU builds; without it torch comes with CUDA.
ARG TORCH_INDEX=
WORKDIR /source
COPY . .
# pip_ca: a certificate authority of your own, where the package index is behind a proxy.
RUN --mount=type=secret,id=pip_ca \
    if [ -f /run/secrets/pip_ca ]; then export PIP_CERT=/run/secrets/pip_ca; fi \
    && python3 -m venv /opt/treewright \
    && /opt/treewright/bin/pip install --no-cache-dir --constraint constraints.txt \
        ${TORCH_INDEX:+--index-url "${TORCH_INDEX}"} torch \
    && /opt/treewright/bin/pip install --no-cache-dir --constraint constraints.txt ".[train,ray]"
# Ray keeps a session's files in /tmp/ray; the folders are here so that volumes take their owner.
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin treewright \
    && install --directory --owner=10001 /tmp/ray /runs
ENV PATH=/opt/treewright/bin:$PATH PYTHONUNBUFFERED=1
USER 10001
WORKDIR /home/treewright
