-- SPDX-License-Identifier: GPL-3.0-or-later
-- The Secrets Store. Values have to be here, as those of Workers' own secrets have: Workers are given them.

CREATE TABLE secret_stores (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  created TEXT NOT NULL,
  modified TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE stored_secrets (
  id TEXT PRIMARY KEY,
  store_id TEXT NOT NULL REFERENCES secret_stores ON DELETE CASCADE,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  comment TEXT NOT NULL,
  scopes TEXT NOT NULL,
  created TEXT NOT NULL,
  modified TEXT NOT NULL,
  UNIQUE (store_id, name)
) WITHOUT ROWID;
