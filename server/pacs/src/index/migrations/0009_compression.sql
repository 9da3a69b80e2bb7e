-- Objects that were looked at after they came in: which lie in a compressed form, and which stay as they were received.

-- State is 'recorded' while both forms lie there, 'compressed', or 'left' with the reason.
CREATE TABLE compressions (
    hash {text} PRIMARY KEY,
    transfer_syntax_uid {text} NOT NULL,
    state {text} NOT NULL,
    reason {text},
    received_bytes BIGINT NOT NULL,
    stored_bytes BIGINT NOT NULL,
    at_ns BIGINT NOT NULL
);
CREATE INDEX compressions_state ON compressions (state);
