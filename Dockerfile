# One image for all services of docker-compose.yml: the simulators, the core, the harness and the page differ by command.
FROM python:3.11-slim-bookworm AS build
RUN python -m venv /opt/windtunnel
ENV PATH=/opt/windtunnel/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
COPY requirements.lock .
RUN python -m pip install --require-hashes --requirement requirements.lock
COPY . .
# editable: stories, worlds and contracts are read from where the source lies, as in a clone
RUN python -m pip install --no-deps --no-build-isolation --editable .

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --create-home windtunnel \
 && mkdir -p /run/windtunnel /data \
 && chown windtunnel:windtunnel /run/windtunnel /data
COPY --from=build /opt/windtunnel /opt/windtunnel
COPY --from=build /app /app
ENV PATH=/opt/windtunnel/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 WINDTUNNEL_HOME=/run/windtunnel
WORKDIR /app
USER windtunnel
CMD ["windtunnel", "--help"]
