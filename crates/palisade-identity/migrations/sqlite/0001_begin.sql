-- One row: grows with every change that servers and agents must see.
CREATE TABLE state (id INTEGER PRIMARY KEY CHECK (id = 1), revision BIGINT NOT NULL);
INSERT INTO state (id, revision) VALUES (1, 0);

-- The authority's keys as one sealed whole. Times are seconds since 1970.
CREATE TABLE keys (
    id INTEGER PRIMARY KEY CHECK (id = 1), version BIGINT NOT NULL, content BLOB NOT NULL
);

-- Other secrets that all servers share, sealed.
CREATE TABLE secrets (name TEXT PRIMARY KEY, content BLOB NOT NULL);

CREATE TABLE entries (name TEXT PRIMARY KEY, document TEXT NOT NULL, changed BIGINT NOT NULL);

CREATE TABLE agents (
    id TEXT PRIMARY KEY, method TEXT NOT NULL, attributes TEXT NOT NULL, public_key BLOB NOT NULL,
    attested BIGINT NOT NULL, expires BIGINT NOT NULL, banned BIGINT NOT NULL
);

-- Join tokens by hash; each is redeemed once.
CREATE TABLE tokens (hash BLOB PRIMARY KEY, agent TEXT NOT NULL, expires BIGINT NOT NULL);

CREATE TABLE bundles (trust_domain TEXT PRIMARY KEY, document TEXT NOT NULL, changed BIGINT NOT NULL);

CREATE TABLE evidence (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at BIGINT NOT NULL, subject TEXT NOT NULL,
    record TEXT NOT NULL
);
CREATE INDEX evidence_at ON evidence (at);
CREATE INDEX evidence_subject ON evidence (subject, number);
