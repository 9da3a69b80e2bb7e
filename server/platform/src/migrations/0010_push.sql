-- The key that messages to browsers are signed with (RFC 8292), encrypted with the site's key.
CREATE TABLE push_key (
    id BIGINT PRIMARY KEY,
    secret {blob} NOT NULL,
    made_ns BIGINT NOT NULL
);

-- Browsers in which a person has switched notifications on.
CREATE TABLE push_browsers (
    id {id},
    person BIGINT NOT NULL,
    -- The hash of the cookie that it is known by.
    browser {text} NOT NULL UNIQUE,
    -- The hash of its address with its push service: a browser has one, and is one person's.
    endpoint {text} NOT NULL UNIQUE,
    -- The address and the browser's keys, encrypted with the site's key.
    recipient {blob} NOT NULL,
    -- The session that it was last seen in: it goes when that is signed out.
    session {text} NOT NULL,
    added_ns BIGINT NOT NULL
);
CREATE INDEX push_browsers_person ON push_browsers (person, id);
CREATE INDEX push_browsers_session ON push_browsers (session);

-- What is new for a person, for open pages.
CREATE INDEX notifications_latest ON notifications (person, id);
