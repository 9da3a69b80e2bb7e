-- What is to be sent elsewhere, and what became of it.
-- How far each reader of events came; moved in the transaction of what it made of them.
CREATE TABLE event_cursors (
    reader {text} PRIMARY KEY,
    event BIGINT NOT NULL
);

-- One row for an object and a destination: it is sent there once.
CREATE TABLE deliveries (
    id {id},
    destination {text} NOT NULL,
    hash {text} NOT NULL,
    sop_uid {text} NOT NULL,
    study_uid {text} NOT NULL,
    sop_class_uid {text} NOT NULL,
    transfer_syntax_uid {text} NOT NULL,
    state {text} NOT NULL,
    attempts BIGINT NOT NULL,
    not_before_ns BIGINT NOT NULL,
    created_ns BIGINT NOT NULL,
    changed_ns BIGINT NOT NULL,
    reason {text}
);
CREATE UNIQUE INDEX deliveries_once ON deliveries (destination, hash, sop_uid);
CREATE INDEX deliveries_sop ON deliveries (destination, sop_uid);
CREATE INDEX deliveries_queue ON deliveries (destination, state, id);
CREATE INDEX deliveries_study ON deliveries (study_uid, destination, state, id);
CREATE INDEX deliveries_changed ON deliveries (state, changed_ns);
