# One image for all our processes: web, workers, beat and the migrate job (see docker-compose.yml).
FROM python:3.11-slim AS packages
WORKDIR /app
COPY requirements.txt .
# All packages are wheels with pinned hashes, so no compiler is needed.
RUN python -m venv /app/.venv \
 && /app/.venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin everyframe \
 && install -d -o everyframe -g everyframe /data /data/static
WORKDIR /app
COPY --from=packages /app/.venv /app/.venv
COPY . .
RUN python -m compileall -q accounts api_access common feed instagram launcher media notifications personal_data posts realtime search social \
    styleguide
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    ENVIRONMENT=production DATA_DIR=/data DJANGO_SETTINGS_MODULE=instagram.settings
USER everyframe
EXPOSE 8000
CMD ["python", "-m", "instagram.web", "--host", "0.0.0.0"]
