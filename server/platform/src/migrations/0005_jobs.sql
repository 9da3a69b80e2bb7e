-- When something was sent outside for which no answer came yet. It is not sent again, unless the other side knows keys.
ALTER TABLE jobs ADD COLUMN sent_ns BIGINT;
-- When a person asked a running job to end.
ALTER TABLE jobs ADD COLUMN cancel_ns BIGINT;
ALTER TABLE jobs ADD COLUMN started_ns BIGINT;
CREATE INDEX jobs_list ON jobs (state, id);
CREATE INDEX jobs_kind ON jobs (kind, id);
CREATE INDEX jobs_ended ON jobs (ended_ns);

-- Every message to a person. Whom it goes to and what it says are encrypted with the site's key, and removed after a while.
CREATE TABLE outbox (
    id {id},
    -- sms, mail, wechat
    channel {text} NOT NULL,
    template {text} NOT NULL,
    language {text} NOT NULL,
    person BIGINT,
    organisation BIGINT,
    recipient {blob},
    arguments {blob},
    -- waiting, sent, failed, unknown, not-connected, cancelled
    state {text} NOT NULL,
    -- Who took it, and under which number.
    provider {text},
    provider_number {text},
    -- A word, never what the provider wrote of a person.
    error {text},
    job BIGINT,
    -- A message is sent once under its key.
    key {text} NOT NULL UNIQUE,
    at_ns BIGINT NOT NULL,
    -- From when on it says nothing any more.
    until_ns BIGINT,
    created_ns BIGINT NOT NULL,
    ended_ns BIGINT
);
CREATE INDEX outbox_list ON outbox (state, id);
CREATE INDEX outbox_channel ON outbox (channel, id);
CREATE INDEX outbox_created ON outbox (created_ns);

-- Codes that were asked for, by what they are limited by: a number (as a hash), a network address, the site.
CREATE TABLE codes_asked (
    id {id},
    subject {text} NOT NULL,
    at_ns BIGINT NOT NULL
);
CREATE INDEX codes_asked_subject ON codes_asked (subject, at_ns);
CREATE INDEX codes_asked_at ON codes_asked (at_ns);

-- Mail is used to give a password back only after its address was shown to be the person's.
ALTER TABLE people ADD COLUMN email_verified_ns BIGINT;
