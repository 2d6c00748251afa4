#!/bin/sh
# Run by the image of PostgreSQL when it makes its data folder: the exchange's role, which is no superuser, and its database.
set -eu
psql --no-psqlrc --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\getenv password BOURSE_PASSWORD
CREATE ROLE bourse LOGIN PASSWORD :'password';
CREATE DATABASE bourse OWNER bourse ENCODING 'UTF8' TEMPLATE template0;
SQL
