-- Programs of third parties (OAuth 2.0). Each is let in by one organisation.
CREATE TABLE clients (
    id {id},
    -- What it calls itself by, to us and in tokens.
    client_id {text} NOT NULL UNIQUE,
    organisation BIGINT NOT NULL REFERENCES organisations (id),
    name {text} NOT NULL,
    name_keys {text} NOT NULL,
    -- Whether it can keep a secret; else it shows what it proves by PKCE alone.
    is_confidential BIGINT NOT NULL,
    -- The SHA-256 of its secret, which is of 256 random bits.
    secret {text},
    secret_at_ns BIGINT,
    -- Where browsers are sent back to, as JSON; compared as they stand here.
    redirect_uris {text} NOT NULL,
    -- Words of the ways to a token, as JSON.
    grant_types {text} NOT NULL,
    -- Words of scopes that it may ask for, as JSON.
    scopes {text} NOT NULL,
    created_ns BIGINT NOT NULL,
    disabled_ns BIGINT
);
CREATE INDEX clients_organisation ON clients (organisation, id);

-- Keys that sign tokens (ECDSA on P-256), encrypted with the site's key. The latest of those whose time has come signs.
CREATE TABLE signing_keys (
    -- The thumbprint of the public key (RFC 7638).
    kid {text} PRIMARY KEY,
    secret {blob} NOT NULL,
    public {blob} NOT NULL,
    created_ns BIGINT NOT NULL,
    signs_from_ns BIGINT NOT NULL
);

-- What a person lets a program do, until it is taken back.
CREATE TABLE client_consents (
    person BIGINT NOT NULL REFERENCES people (id),
    client BIGINT NOT NULL REFERENCES clients (id),
    -- Words of scopes with a space between them.
    scopes {text} NOT NULL,
    at_ns BIGINT NOT NULL,
    PRIMARY KEY (person, client)
);
CREATE INDEX client_consents_client ON client_consents (client);

-- What tokens come of: all tokens of a grant end with it.
CREATE TABLE client_grants (
    -- Of 256 random bits; the claim `sid` of its tokens.
    id {text} PRIMARY KEY,
    -- None: the site's own viewer.
    client BIGINT REFERENCES clients (id),
    -- None: the program itself.
    person BIGINT REFERENCES people (id),
    organisation BIGINT NOT NULL REFERENCES organisations (id),
    -- The address that the site had then; the claim `iss` of its tokens.
    issuer {text} NOT NULL,
    -- Words of scopes with a space between them.
    scope {text} NOT NULL,
    -- What the tokens are for: addresses with a space between them.
    audience {text} NOT NULL,
    -- The session that it lives with, by the SHA-256 of its token; none where it outlives sessions.
    session {text},
    has_second_factor BIGINT NOT NULL,
    -- When the person showed a password or a passkey.
    authenticated_ns BIGINT,
    created_ns BIGINT NOT NULL,
    -- After this nothing of it holds.
    expires_ns BIGINT NOT NULL,
    ended_ns BIGINT,
    -- taken-back, revoked, replayed
    ended_why {text}
);
CREATE INDEX client_grants_client ON client_grants (client, person, ended_ns);
CREATE INDEX client_grants_person ON client_grants (person, client);
CREATE INDEX client_grants_session ON client_grants (session);
CREATE INDEX client_grants_expires ON client_grants (expires_ns);

-- Authorization codes, as their SHA-256: good once, for a minute.
CREATE TABLE client_codes (
    code {text} PRIMARY KEY,
    grant_id {text} NOT NULL REFERENCES client_grants (id),
    redirect_uri {text} NOT NULL,
    -- The S256 challenge of PKCE.
    challenge {text} NOT NULL,
    nonce {text},
    expires_ns BIGINT NOT NULL,
    used_ns BIGINT
);
CREATE INDEX client_codes_grant ON client_codes (grant_id);

-- Refresh tokens, as their SHA-256: each is good once and gives the next; one that comes again ends the grant.
CREATE TABLE client_refresh_tokens (
    token {text} PRIMARY KEY,
    grant_id {text} NOT NULL REFERENCES client_grants (id),
    created_ns BIGINT NOT NULL,
    expires_ns BIGINT NOT NULL,
    used_ns BIGINT
);
CREATE INDEX client_refresh_tokens_grant ON client_refresh_tokens (grant_id);

-- Access tokens that were taken back before their time, by their number (`jti`), as long as they would have held.
CREATE TABLE client_revoked_tokens (
    jti {text} PRIMARY KEY,
    expires_ns BIGINT NOT NULL
);
CREATE INDEX client_revoked_tokens_expires ON client_revoked_tokens (expires_ns);
