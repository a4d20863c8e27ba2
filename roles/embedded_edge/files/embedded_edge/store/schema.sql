-- SPDX-License-Identifier: GPL-3.0-or-later
-- The state of an embedded edge; columns named tags, settings, modules and the like hold JSON.

CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

-- Only digests: the text of the main token is in edge.env, that of others nowhere.
CREATE TABLE tokens (
  digest TEXT PRIMARY KEY,
  id TEXT NOT NULL,
  status TEXT NOT NULL,
  scopes TEXT NOT NULL,
  main INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE zones (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  created_on TEXT NOT NULL
) WITHOUT ROWID;

-- active_version has the largest share of the active deployment; the script list shows it.
CREATE TABLE scripts (
  name TEXT PRIMARY KEY,
  tag TEXT NOT NULL UNIQUE,
  created_on TEXT NOT NULL,
  modified_on TEXT NOT NULL,
  tags TEXT NOT NULL DEFAULT '[]',
  settings TEXT NOT NULL DEFAULT '{}',
  subdomain_enabled INTEGER NOT NULL DEFAULT 0,
  previews_enabled INTEGER NOT NULL DEFAULT 0,
  last_deployed_from TEXT NOT NULL DEFAULT 'api',
  active_version TEXT
);

-- Modules by content: many Workers of a fleet have the same code.
CREATE TABLE blobs (
  sha256 TEXT PRIMARY KEY,
  content BLOB NOT NULL
);

CREATE TABLE versions (
  id TEXT PRIMARY KEY,
  script TEXT NOT NULL REFERENCES scripts ON DELETE CASCADE,
  number INTEGER NOT NULL,
  created_on TEXT NOT NULL,
  source TEXT NOT NULL,
  etag TEXT NOT NULL,
  main_module TEXT NOT NULL,
  modules TEXT NOT NULL,
  bindings TEXT NOT NULL,
  compatibility_date TEXT NOT NULL,
  compatibility_flags TEXT NOT NULL,
  annotations TEXT NOT NULL,
  startup_ms INTEGER NOT NULL,
  handlers TEXT NOT NULL,
  extras TEXT NOT NULL,
  UNIQUE (script, number)
);

CREATE TABLE version_blobs (
  version TEXT NOT NULL REFERENCES versions ON DELETE CASCADE,
  sha256 TEXT NOT NULL,
  PRIMARY KEY (version, sha256)
) WITHOUT ROWID;
CREATE INDEX version_blobs_sha256 ON version_blobs (sha256);

CREATE TABLE service_bindings (
  version TEXT NOT NULL REFERENCES versions ON DELETE CASCADE,
  service TEXT NOT NULL,
  PRIMARY KEY (service, version)
) WITHOUT ROWID;
CREATE INDEX service_bindings_version ON service_bindings (version);

CREATE TABLE deployments (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  script TEXT NOT NULL REFERENCES scripts ON DELETE CASCADE,
  created_on TEXT NOT NULL,
  source TEXT NOT NULL,
  versions TEXT NOT NULL,
  annotations TEXT NOT NULL
);
CREATE INDEX deployments_script ON deployments (script, seq);

CREATE TABLE domains (
  id TEXT PRIMARY KEY,
  hostname TEXT NOT NULL UNIQUE,
  service TEXT NOT NULL REFERENCES scripts ON DELETE CASCADE,
  zone_id TEXT NOT NULL REFERENCES zones,
  cert_id TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX domains_service ON domains (service);

CREATE TABLE routes (
  id TEXT PRIMARY KEY,
  zone_id TEXT NOT NULL REFERENCES zones,
  pattern TEXT NOT NULL,
  script TEXT REFERENCES scripts ON DELETE CASCADE,
  UNIQUE (zone_id, pattern)
) WITHOUT ROWID;
CREATE INDEX routes_script ON routes (script);

CREATE TABLE kv_namespaces (
  id TEXT PRIMARY KEY,
  title TEXT NOT NULL UNIQUE
) WITHOUT ROWID;

-- Keys are bytes, so that they are listed in the order of their bytes.
CREATE TABLE kv (
  namespace TEXT NOT NULL REFERENCES kv_namespaces ON DELETE CASCADE,
  key BLOB NOT NULL,
  value BLOB NOT NULL,
  metadata TEXT,
  expiration INTEGER,
  PRIMARY KEY (namespace, key)
);
CREATE INDEX kv_expiration ON kv (expiration) WHERE expiration IS NOT NULL;
