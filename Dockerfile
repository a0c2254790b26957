# One image for web, worker, beat and migrations: `docker run IMAGE web` runs that line of the Procfile.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PRODUCTION=1 BIND_HOST=0.0.0.0 PORT=8000 PRIVATE_ROOT=/var/lib/careteam/private
WORKDIR /app

# Pango and fonts for PDFs; PostgreSQL's client of the server's version (docker-compose.yml) for backup and restore.
RUN apt-get update \
 && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core postgresql-common ca-certificates \
 && /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y \
 && apt-get install -y --no-install-recommends postgresql-client-18 \
 && rm -rf /var/lib/apt/lists/*

COPY requirements.txt .
RUN pip install --no-cache-dir --compile -r requirements.txt

COPY . .
# The keys are needed to read the settings only; nothing of them stays in the image.
RUN DJANGO_SECRET_KEY=build FIELD_ENCRYPTION_KEYS= ALLOWED_HOSTS=build python manage.py collectstatic --noinput \
 && useradd --system --create-home careteam \
 && mkdir -p /var/lib/careteam/private /var/lib/careteam/backups \
 && chown -R careteam /var/lib/careteam
USER careteam

EXPOSE 8000
ENTRYPOINT ["python", "-m", "careteam.procfile"]
CMD ["web"]
