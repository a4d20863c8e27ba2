-- SPDX-License-Identifier: GPL-3.0-or-later
-- How origins are reached: tunnels, DNS records, VPC services, Access service tokens.

-- The secret is kept, since the platform answers a tunnel's token whenever it is asked for.
CREATE TABLE tunnels (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  config_src TEXT NOT NULL,
  secret TEXT NOT NULL,
  config TEXT NOT NULL,
  config_version INTEGER NOT NULL,
  config_changed_at TEXT NOT NULL,
  created_at TEXT NOT NULL,
  deleted_at TEXT,
  active_at TEXT,
  inactive_at TEXT
) WITHOUT ROWID;
CREATE UNIQUE INDEX tunnels_name ON tunnels (name) WHERE deleted_at IS NULL;

-- expires is a Unix time; a connector that nobody keeps alive has none.
CREATE TABLE connectors (
  tunnel TEXT NOT NULL REFERENCES tunnels ON DELETE CASCADE,
  id TEXT NOT NULL,
  version TEXT NOT NULL,
  arch TEXT NOT NULL,
  run_at TEXT NOT NULL,
  connections TEXT NOT NULL,
  expires REAL,
  PRIMARY KEY (tunnel, id)
) WITHOUT ROWID;

CREATE TABLE dns_records (
  id TEXT PRIMARY KEY,
  zone_id TEXT NOT NULL REFERENCES zones,
  name TEXT NOT NULL,
  content TEXT NOT NULL,
  proxied INTEGER NOT NULL,
  ttl INTEGER NOT NULL,
  comment TEXT,
  created_on TEXT NOT NULL,
  modified_on TEXT NOT NULL,
  UNIQUE (zone_id, name)
) WITHOUT ROWID;

CREATE TABLE vpc_services (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  tunnel TEXT NOT NULL REFERENCES tunnels,
  body TEXT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) WITHOUT ROWID;

-- Only digests of the client secrets: they are shown once and never again.
CREATE TABLE service_tokens (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  client_id TEXT NOT NULL UNIQUE,
  secret_digest TEXT NOT NULL,
  secret_version INTEGER NOT NULL,
  previous_digest TEXT,
  previous_expires REAL,
  duration TEXT NOT NULL,
  expires REAL,
  enabled INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) WITHOUT ROWID;
