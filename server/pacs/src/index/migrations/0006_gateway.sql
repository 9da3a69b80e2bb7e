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

-- Gateways and the upload codes of sites: whoever shows a secret of which the hash is here may deliver.
CREATE TABLE devices (
    id {id},
    name {text} NOT NULL UNIQUE,
    kind {text} NOT NULL,
    code_id {text} UNIQUE,
    secret {text} NOT NULL UNIQUE,
    created_ns BIGINT NOT NULL,
    revoked_ns BIGINT
);

-- What a person set on a gateway's own page.
CREATE TABLE gateway_settings (
    name {text} PRIMARY KEY,
    setting {text} NOT NULL
);
