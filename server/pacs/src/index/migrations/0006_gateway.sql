-- Devices that deliver over HTTPS, and uploads that are not whole yet.

-- Uploads that can be broken off and resumed: the bytes lie in a file of the upload's name, and its length is how far it came.
CREATE TABLE uploads (
    id {text} PRIMARY KEY,
    owner {text} NOT NULL,
    kind {text} NOT NULL,
    size BIGINT NOT NULL,
    sha256 {text},
    created_ns BIGINT NOT NULL,
    finished_ns BIGINT,
    status BIGINT,
    report {text}
);
CREATE INDEX uploads_owner ON uploads (owner);
