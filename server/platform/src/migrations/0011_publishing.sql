-- When a study of an organisation is published that nobody decided about: at-once, after (so many hours), by-hand. At once where
-- there is no row.
CREATE TABLE publishing_rules (
    organisation BIGINT PRIMARY KEY,
    rule {text} NOT NULL,
    hours BIGINT
);

-- Permissions of later versions that were given to roles which were there before, once.
CREATE TABLE permissions_given (
    permission {text} PRIMARY KEY,
    given_ns BIGINT NOT NULL
);
