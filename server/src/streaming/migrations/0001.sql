-- Sessions of viewers as they were last seen, so that they go on after a restart or on another node.
CREATE TABLE viewer_sessions (
    name {text} NOT NULL PRIMARY KEY,
    owner {text} NOT NULL,
    studies {text} NOT NULL,
    snapshot {blob} NOT NULL,
    changed_ns BIGINT NOT NULL
);
CREATE INDEX viewer_sessions_changed ON viewer_sessions (changed_ns);
