-- Devices that deliver over HTTPS, and uploads that are not whole yet.

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
