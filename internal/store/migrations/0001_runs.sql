-- A run. It is finished once finished is 1; until then its writer lets it be known that it lives by raising beat.
CREATE TABLE runs (
  seq          INTEGER PRIMARY KEY,
  id           TEXT    NOT NULL UNIQUE,
  environment  TEXT    NOT NULL,
  started      INTEGER NOT NULL, -- times are milliseconds since 1970
  duration     INTEGER NOT NULL DEFAULT 0,
  finished     INTEGER NOT NULL DEFAULT 0,
  complete     INTEGER NOT NULL DEFAULT 0,
  beat         INTEGER NOT NULL,
  pass         INTEGER NOT NULL DEFAULT 0,
  fail         INTEGER NOT NULL DEFAULT 0,
  inconclusive INTEGER NOT NULL DEFAULT 0,
  skipped      INTEGER NOT NULL DEFAULT 0,
  accepted     INTEGER NOT NULL DEFAULT 0,
  changes      INTEGER NOT NULL DEFAULT 0,
  labels       TEXT    NOT NULL DEFAULT '{}'
);
CREATE INDEX runs_by_environment ON runs (environment, started);

-- What the list of runs does not need.
CREATE TABLE run_data (
  run     INTEGER PRIMARY KEY REFERENCES runs ON DELETE CASCADE,
  head    BLOB NOT NULL,                    -- the report without its results
  results INTEGER REFERENCES result_sets,   -- which cases came out as which shapes
  kept    BLOB,                             -- what varies, of failures and changes
  varying BLOB                              -- what varies, of all others; dropped after a while
);
CREATE INDEX run_data_by_results ON run_data (results);

CREATE TABLE run_apis (
  run          INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
  api          TEXT    NOT NULL,
  pass         INTEGER NOT NULL,
  fail         INTEGER NOT NULL,
  inconclusive INTEGER NOT NULL,
  skipped      INTEGER NOT NULL,
  accepted     INTEGER NOT NULL,
  changes      INTEGER NOT NULL,
  PRIMARY KEY (run, api)
) WITHOUT ROWID;

-- Observations of a run that is not finished.
CREATE TABLE observed (
  run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
  n   INTEGER NOT NULL,
  doc BLOB    NOT NULL,
  PRIMARY KEY (run, n)
);

CREATE TABLE cases (
  id          INTEGER PRIMARY KEY,
  environment TEXT    NOT NULL,
  name        TEXT    NOT NULL, -- the id of its result
  api         TEXT    NOT NULL,
  route       TEXT    NOT NULL,
  access      TEXT    NOT NULL,
  scenario    TEXT    NOT NULL,
  gate        INTEGER NOT NULL,
  UNIQUE (environment, name)
);

-- A result without what varies from run to run, stored once.
CREATE TABLE shapes (
  id         INTEGER PRIMARY KEY,
  hash       BLOB    NOT NULL UNIQUE,
  verdict    TEXT    NOT NULL,
  kind       TEXT    NOT NULL,
  accepted   INTEGER NOT NULL,
  status     INTEGER NOT NULL,
  layer      TEXT    NOT NULL,
  confidence TEXT    NOT NULL,
  doc        BLOB    NOT NULL
);

-- The cases and shapes of a run in order; runs that came out alike share one.
CREATE TABLE result_sets (
  id   INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  doc  BLOB NOT NULL
);

-- How each case stood when it was last asked.
CREATE TABLE lasts (
  "case"     INTEGER PRIMARY KEY REFERENCES cases ON DELETE CASCADE,
  shape      INTEGER NOT NULL REFERENCES shapes,
  asked      INTEGER NOT NULL, -- when the run started
  proven     INTEGER,          -- when the run started that last showed the gate to be shut
  proven_run TEXT
);

CREATE TABLE changes (
  run      INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
  "case"   INTEGER NOT NULL REFERENCES cases,
  "before" INTEGER REFERENCES shapes, -- NULL: it was not asked before
  "after"  INTEGER NOT NULL REFERENCES shapes,
  PRIMARY KEY (run, "case")
) WITHOUT ROWID;

CREATE TABLE documents (
  name TEXT PRIMARY KEY,
  doc  BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE silences (
  id          TEXT    PRIMARY KEY,
  environment TEXT    NOT NULL,
  api         TEXT    NOT NULL, -- '': all
  "from"      INTEGER NOT NULL,
  until       INTEGER NOT NULL,
  reason      TEXT    NOT NULL,
  "by"        TEXT    NOT NULL
);
CREATE INDEX silences_by_until ON silences (until);
