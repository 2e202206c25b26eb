# One image for all jobs: train (text, image, sequence), predict and serve.
#
#   docker build -t document-ensemble .                              for GPU instances
#   docker build -t document-ensemble:cpu --build-arg VARIANT=cpu .  for hosts without an NVIDIA driver
#
# BASE_IMAGE is any Debian 12; the CUDA libraries come from PyPI, locked like everything else.
ARG BASE_IMAGE=debian:bookworm-slim

FROM ${BASE_IMAGE} AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc g++ python3-dev python3-venv \
    && rm -rf /var/lib/apt/lists/*
COPY requirements/build.txt requirements/runtime.txt /tmp/requirements/
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python3 -m venv /opt/venv \
    && /opt/venv/bin/pip install --require-hashes -r /tmp/requirements/build.txt \
    && /opt/venv/bin/pip install --require-hashes --no-build-isolation \
        -r /tmp/requirements/runtime.txt
ARG VARIANT=gpu
COPY requirements/mxnet-${VARIANT}.txt /tmp/requirements/mxnet.txt
RUN /opt/venv/bin/pip install --require-hashes --no-deps -r /tmp/requirements/mxnet.txt \
    && /opt/venv/bin/pip uninstall -y cython wheel pip \
    && find /opt/venv -name __pycache__ -prune -exec rm -rf {} + \
    && find /opt/venv -type d -name tests -prune -exec rm -rf {} +

FROM ${BASE_IMAGE}
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3 libgomp1 libgfortran5 libquadmath0 \
        tesseract-ocr tesseract-ocr-deu tesseract-ocr-eng \
    && apt-get clean && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin
COPY --from=build /opt/venv /opt/venv
# Where the GPU variant has its CUDA libraries.
RUN find /opt/venv/lib -path '*/nvidia/*/lib' -type d > /etc/ld.so.conf.d/cuda.conf && ldconfig
COPY docker/bin/ /usr/local/bin/
COPY src/ /opt/ensemble/src/
COPY LICENSE /opt/ensemble/
# Our `train` is found before sagemaker-training's, which it calls.
ENV PATH=/usr/local/bin:/opt/venv/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin \
    PYTHONPATH=/opt/ensemble/src \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    SAGEMAKER_TRAINING_MODULE=common.job.toolkit:main \
    MPLCONFIGDIR=/tmp/matplotlib \
    MXNET_USE_FUSION=0 \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
# Compiled once: else every job spends seconds on it. Without a driver the GPU variant cannot be
# imported, so that it is not known which modules a job needs, and all are compiled.
RUN unset PYTHONDONTWRITEBYTECODE; \
    python -c "import train_text, train_image, train_sequence, predict, evaluate, serve; \
        import common.job.toolkit" \
    || python -m compileall -q /opt/venv/lib /opt/ensemble/src
# The toolkit makes this one where it can.
RUN mkdir -p /opt/ml/code
WORKDIR /opt/ensemble
# Last, so that another revision of the same sources takes what was built.
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="document-ensemble" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.licenses="Apache-2.0"
CMD ["train"]
