-- Why a doctor's documents were refused.
ALTER TABLE people ADD COLUMN verification_reason {text};

-- Passkeys (WebAuthn): a public key each, with the counter that its authenticator showed last.
CREATE TABLE passkeys (
    id {id},
    person BIGINT NOT NULL REFERENCES people (id),
    -- The credential's number, in base64url: it is one person's.
    credential {text} NOT NULL UNIQUE,
    name {text} NOT NULL,
    -- As JSON, as the crate that checks answers writes it.
    passkey {text} NOT NULL,
    created_ns BIGINT NOT NULL,
    used_ns BIGINT
);
CREATE INDEX passkeys_person ON passkeys (person, id);

-- The WeChat of a person, by its number with the site's official account.
CREATE TABLE wechat_bindings (
    person BIGINT PRIMARY KEY REFERENCES people (id),
    openid {text} NOT NULL UNIQUE,
    bound_ns BIGINT NOT NULL
);
